"""Create or migrate the archive's database, and declare its own tables in TAP_SCHEMA."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from schema.declare import declare_builtin
from schema.url import async_url

_MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 0x53_54_41_52  # one migration at a time, whichever process comes first


class SchemaTooNew(Exception):
    """The database was migrated by a newer version of the archive than this one."""


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def _migrate(connection: Connection) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    connection.execute(text("CREATE SCHEMA IF NOT EXISTS archive"))
    config = _config(connection)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    context = MigrationContext.configure(connection, opts={"version_table_schema": "archive"})
    current = context.get_current_revision()
    if current is not None and current not in known:
        raise SchemaTooNew(
            f"the database is at schema version {current}, which this version of Starhaul does "
            "not know; install the newer version that made it"
        )
    command.upgrade(config, "head")
    declare_builtin(connection)


async def upgrade(database_url: str) -> None:
    """Bring the database to this version's schema; does nothing where it is there already.

    Raises SchemaTooNew where a newer version of the archive made the database.
    """
    engine = create_async_engine(async_url(database_url))
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_migrate)
    finally:
        await engine.dispose()
