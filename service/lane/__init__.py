"""The bulk lane: how many streams of parts and files run, how fast, whose buffer goes next."""
