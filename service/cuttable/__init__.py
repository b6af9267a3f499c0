"""Which datasets of the archive are cut: by sync and async requests, and by rows of tables."""
