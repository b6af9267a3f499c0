"""The one-machine archive: PostgreSQL, Redis, a worker and the API as children of one process."""
