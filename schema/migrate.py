"""Create or migrate the archive's database, and declare its own tables in TAP_SCHEMA."""

from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from schema.declare import declare_builtin
from schema.url import async_url

_MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 0x53_54_41_52  # one migration at a time, whichever process comes first


class SchemaTooNew(Exception):
    """The database was migrated by a newer version of the archive than this one."""


def newest() -> str:
    """The revision of this version's schema: the files of the chain begin with theirs."""
    return max(path.stem.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))


def _migrate(connection: Connection) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    connection.execute(text("CREATE SCHEMA IF NOT EXISTS archive"))
    current = _current(connection)
    if current != newest():
        _climb(connection, current)
    declare_builtin(connection)


def _current(connection: Connection) -> str | None:
    """The revision that the database is at; None for an empty one."""
    if connection.scalar(text("SELECT to_regclass('archive.alembic_version')")) is None:
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM archive.alembic_version"))
    return found


def _climb(connection: Connection, current: str | None) -> None:
    # Here, not above: Alembic takes 0.4 s of CPU to import, at each start of an archive.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if current is not None and current not in known:
        raise SchemaTooNew(
            f"the database is at schema version {current}, which this version of Starhaul does "
            "not know; install the newer version that made it"
        )
    command.upgrade(config, "head")


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
