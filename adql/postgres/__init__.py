"""A tree whose names and types are known, as PostgreSQL."""
