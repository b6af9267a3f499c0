"""Text to tree: words, grammar, checks, and what is said when it is no ADQL."""
