"""SODA 1.0: cutting what is needed out of a dataset."""
