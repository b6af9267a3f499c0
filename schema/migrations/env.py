"""Alembic's environment: one connection of asyncpg, given by schema.migrate."""

from alembic import context
from sqlalchemy import Connection

from schema.tables import metadata


def run() -> None:
    """Run the migrations on the connection that schema.migrate opened, in one transaction."""
    connection: Connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=metadata,
        version_table_schema="archive",
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
