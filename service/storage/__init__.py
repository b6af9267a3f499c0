"""Where bytes live: publishers' files, read in place, and how a range of them is answered."""
