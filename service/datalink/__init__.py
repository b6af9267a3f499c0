"""DataLink 1.1: everything that belongs to a dataset."""
