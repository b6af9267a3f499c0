"""Our own tables as SQLAlchemy Core sees them; the migrations make them, a test compares both."""

from sqlalchemy import MetaData

metadata = MetaData()
