"""Publishing and unpublishing: one transaction each, so that nobody sees half a table.

While a table is replaced, the old one answers queries until the commit. A run that is killed
leaves nothing: PostgreSQL rolls its transaction back.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from schema.catalogue import physical_name, quoted
from service.database import is_outage
from service.errors import DiskFull, NotFound, Unavailable, UsageError
from service.publish import ownership
from service.publish.declare import declare_table, drop_keys_to, forget_details
from service.publish.load import Connection, Progress, load
from service.publish.metadata import Metadata
from service.publish.names import TableName
from service.publish.plan import Plan, make_plan
from service.tables.reading import open_table

_LOCK_PAUSE_S = 1.0
_LOCK_TRIES = 1200


@dataclass
class Published:
    """What a run did. `notes` are sentences for the publisher."""

    name: str
    rows: int
    columns: int
    position: tuple[str, str] | None
    replaced: bool
    seconds: float
    notes: list[str] = field(default_factory=list)


async def publish(
    path: Path,
    name: TableName,
    metadata: Metadata,
    database_url: str,
    *,
    wanted: str | None = None,
    progress: Progress = lambda phase, rows, total: None,
) -> Published:
    """Publish a file as a table. Raises TableError, UsageError, DiskFull, Unavailable."""
    began = time.monotonic()
    async with _database(database_url) as connection:
        with open_table(path, wanted, metadata.types()) as source:
            async with connection.transaction():
                name, replaced = await ownership.claim(connection, name)
                plan = make_plan(path, name, source.head, metadata)
                loaded = await load(connection, plan, source, progress)
                await _swap(connection, plan, replaced)
                await declare_table(connection, plan, loaded)
                lost = await drop_keys_to(connection, name.written, gone_only=True)
            notes = [*plan.notes, *source.notes]
        progress("vacuuming", loaded.rows, loaded.rows)
        await connection.execute(f"VACUUM {ownership.relation_of(name)}")
    if source.head.rows not in (None, loaded.rows):
        notes.append(f"the file says that it has {source.head.rows} rows; it has {loaded.rows}")
    notes += [f"{table} referred to a column that is gone; that key is gone too" for table in lost]
    position = plan.position
    return Published(
        name=name.written,
        rows=loaded.rows,
        columns=len(plan.columns),
        position=None if position is None else (position.ra.meta.name, position.dec.meta.name),
        replaced=replaced,
        seconds=time.monotonic() - began,
        notes=notes,
    )


async def unpublish(name: TableName, database_url: str) -> list[str]:
    """Remove a published table and all that is said of it; the tables that referred to it.

    Raises NotFound where no such table was published.
    """
    async with _database(database_url) as connection, connection.transaction():
        await ownership.lock(connection, name)
        known = await ownership.known_table(connection, name)
        if known is None or not known.published:
            raise NotFound(
                f"no table {name.written} was published; "
                "starhaul unpublish takes away what starhaul publish brought"
            )
        written = known.name.written
        lost = await drop_keys_to(connection, written, gone_only=False)
        await forget_details(connection, written)
        await connection.execute("DELETE FROM tap_schema.tables WHERE table_name = $1", written)
        await _drop(connection, known.relation)
        await ownership.drop_schema_if_empty(connection, known.name.schema)
    return lost


async def _swap(connection: Connection, plan: Plan, replaced: bool) -> None:
    """Put the new table in the place of the old one."""
    relation = ownership.relation_of(plan.name)
    if replaced:
        await _drop(connection, relation)
    building = f"{quoted(plan.name.schema)}.{quoted(plan.building)}"
    table = physical_name(plan.name.table)
    await connection.execute(f"ALTER TABLE {building} RENAME TO {quoted(table)}")
    await _name_indexes(connection, relation, plan.building, table)
    await ownership.let_read(connection, plan.name)


async def _name_indexes(connection: Connection, relation: str, before: str, after: str) -> None:
    """Call the indexes after the table, where those names are free."""
    rows = await connection.fetch(
        "SELECT n.nspname AS schema, c.relname AS name FROM pg_index "
        "JOIN pg_class c ON c.oid = indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE indrelid = $1::regclass",
        relation,
    )
    for row in rows:
        schema, name = quoted(row["schema"]), row["name"].replace(before, after)
        if await connection.fetchval("SELECT to_regclass($1)", f"{schema}.{quoted(name)}") is None:
            await connection.execute(
                f"ALTER INDEX {schema}.{quoted(row['name'])} RENAME TO {quoted(name)}"
            )


async def _drop(connection: Connection, relation: str) -> None:
    """Drop a table once no query reads it, without making new queries wait meanwhile."""
    await connection.execute("SET LOCAL lock_timeout = '200ms'")
    for _ in range(_LOCK_TRIES):
        try:
            async with connection.transaction():
                await connection.execute(f"DROP TABLE {relation}")
        except asyncpg.LockNotAvailableError:
            await asyncio.sleep(_LOCK_PAUSE_S)
        else:
            await connection.execute("SET LOCAL lock_timeout = 0")
            return
    raise UsageError(
        f"queries have been reading {relation} all the time; publish again when they are done"
    )


@asynccontextmanager
async def _database(database_url: str) -> AsyncIterator[Connection]:
    """A connection of the owner's; its troubles in words for the publisher."""
    try:
        connection = await asyncpg.connect(
            database_url,
            timeout=30,
            server_settings={"application_name": "starhaul-publish", "statement_timeout": "0"},
        )
        try:
            yield connection
        finally:
            await connection.close(timeout=10)
    except asyncpg.DiskFullError:
        raise DiskFull(
            "the database's disk is full; nothing was changed. Free some space and run the same "
            "command again"
        ) from None
    except asyncpg.ProgramLimitExceededError as error:
        raise UsageError(
            f"PostgreSQL cannot hold the table: {error.args[0]}; nothing was changed. Where an "
            "index is meant, say index = false for the column in the metadata file; where there "
            "are too many columns, leave some out with skip = true"
        ) from None
    except asyncpg.DependentObjectsStillExistError as error:
        raise UsageError(
            f"other things in the database need the table: {error.args[0]}; drop them first"
        ) from None
    except Exception as error:
        if not is_outage(error):
            raise
        raise Unavailable(
            f"the database cannot be reached ({type(error).__name__}); nothing was changed. Start "
            "it again, then run the same command again"
        ) from None
