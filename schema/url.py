"""Database URLs as SQLAlchemy takes them. Alone, because the API needs this and not Alembic."""


def async_url(database_url: str) -> str:
    """The URL that SQLAlchemy's asyncpg dialect takes, from any postgresql:// URL."""
    _, separator, rest = database_url.partition("://")
    return f"postgresql+asyncpg{separator}{rest}"
