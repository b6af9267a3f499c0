"""The rows that a bulk job asked for, in a temporary table of the owner's transaction.

A user's query runs as starhaul_reader on a connection of its own; only the columns that are needed
cross over, by COPY on both sides, in order.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.archive import Archive
from service.bulk.plan import Plan
from service.config import Settings
from service.errors import UsageError
from service.principal import act_as
from service.results.rows import query_error
from service.uploads.session import Uploads

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]

# Rows, of which many may name the same dataset; they are in a temporary table meanwhile.
MOST_ROWS = 50_000_000
_CHUNK_BYTES = 1 << 18
_BUFFERED = 4
_STOP_S = 5.0


# Memory for the sorts of one job; how values become names, whatever the server is set to.
_SETTINGS = """
SELECT set_config('work_mem', '128MB', true), set_config('jit', 'off', true),
    set_config('DateStyle', 'ISO', true), set_config('TimeZone', 'UTC', true),
    set_config('extra_float_digits', '1', true)
"""


async def selecting_for(connection: AsyncConnection, principal: str | None) -> None:
    """Prepare the owner's transaction to select for a principal."""
    await act_as(connection, principal)
    await connection.execute(text(_SETTINGS))


async def driver_of(connection: AsyncConnection) -> "asyncpg.Connection[asyncpg.Record]":
    """The connection below, for COPY."""
    raw = await connection.get_raw_connection()
    return cast("asyncpg.Connection[asyncpg.Record]", raw.driver_connection)


async def select_rows(
    archive: Archive,
    connection: AsyncConnection,
    plan: Plan,
    uploads: Uploads,
    cancellable: Callable[[int], AbstractAsyncContextManager[None]],
) -> None:
    """Make and fill pg_temp.selection; StarhaulError where the query fails or names too much.

    `cancellable` is a block in which the query runs as the PostgreSQL backend of that number, and
    which stops it where it is left early.
    """
    await connection.execute(text(_create_sql(plan)))
    driver = await driver_of(connection)
    if plan.translation is None:
        copied = await _copy_ids(driver, plan.request.ids)
    else:
        pool = archive.database.uploads if uploads.tables else archive.database.reader
        async with (
            uploads.slot(pool) as reader,
            cancellable(reader.get_server_pid()),
        ):
            copied = await _copy_query(reader, driver, plan)
    settings = archive.settings
    rows = int(copied.split()[-1])
    if rows > settings.bulk_members:
        check_members(await connection.scalar(text(_COUNT)) or 0, settings)
    await connection.execute(text("ANALYZE pg_temp.selection"))


_COUNT = "SELECT count(*) FROM (SELECT DISTINCT name FROM pg_temp.selection) AS names"


def check_members(members: int, settings: Settings) -> None:
    """UsageError where a package would have more members than this archive packs at once."""
    if members > settings.bulk_members:
        raise UsageError(
            f"the job asks for more than {settings.bulk_members:,} files, the most of one job; "
            "send several, each with a part of the selection"
        )


async def rows_so_far(connection: AsyncConnection, pid: int) -> int:
    """How many rows the owner's backend of that number has taken into the table."""
    found = await connection.scalar(text(_COPIED), {"pid": pid})
    return int(found or 0)


_COPIED = "SELECT tuples_processed FROM pg_stat_progress_copy WHERE pid = :pid"


def _create_sql(plan: Plan) -> str:
    """The table: the row's number, the identifier or URL, and what else the plan carries along."""
    carried = "".join(f", k{n} {kind}" for n, (_, kind) in enumerate(plan.carried, start=1))
    return (
        "CREATE TEMPORARY TABLE selection (row bigint GENERATED ALWAYS AS IDENTITY, name text"
        f"{carried}) ON COMMIT DROP"
    )


async def _copy_ids(owner: "asyncpg.Connection[asyncpg.Record]", ids: tuple[str, ...]) -> str:
    """Fill the table with identifiers as they were given; what PostgreSQL says of it."""
    return await owner.copy_records_to_table(
        "selection", schema_name="pg_temp", columns=["name"], records=[(name,) for name in ids]
    )


async def _copy_query(
    reader: "PoolConnectionProxy[asyncpg.Record]",
    owner: "asyncpg.Connection[asyncpg.Record]",
    plan: Plan,
) -> str:
    """Fill the table from the user's query; StarhaulError where it fails or has too many rows."""
    assert plan.translation is not None
    values = [f"{plan.name}::text", *(sql for sql, _ in plan.carried)]
    sql = (
        f"SELECT {', '.join(values)} FROM ({plan.translation.literal_sql()}) AS asked "  # noqa: S608
        f"LIMIT {MOST_ROWS + 1:d}"
    )
    names = ["name", *(f"k{n}" for n in range(1, len(plan.carried) + 1))]
    queue: asyncio.Queue[bytes | None] = asyncio.Queue(_BUFFERED)
    reading = asyncio.create_task(_read(reader, sql, queue))
    writing = asyncio.create_task(
        owner.copy_to_table(
            "selection",
            schema_name="pg_temp",
            columns=names,
            source=_chunks(queue),
            format="binary",
        )
    )
    try:
        await _both(reading, writing, (reader, owner))
    except Exception as error:
        raise query_error(error) from error
    finally:
        if not (reading.done() and writing.done()):
            reader.terminate()  # releasing it would wait for a server that may be gone
        ends: set[asyncio.Task[Any]] = {reading, writing}
        for task in ends:
            task.cancel()
        await asyncio.wait(ends, timeout=_STOP_S)
    copied = writing.result()
    if int(copied.split()[-1]) > MOST_ROWS:
        raise UsageError(
            f"the query gives more than {MOST_ROWS:,} rows; name each dataset once, or send "
            "several jobs"
        )
    return copied


async def _both(
    reading: "asyncio.Task[None]",
    writing: "asyncio.Task[str]",
    connections: "Sequence[Connection]",
) -> None:
    """Wait for both ends. Each may wait for the other while its own connection is dead, which
    asyncpg then tells nobody but its termination listeners."""
    lost = asyncio.Event()

    def tell(_connection: object) -> None:
        lost.set()

    copying = asyncio.gather(reading, writing)
    watching = asyncio.create_task(lost.wait())
    for connection in connections:
        connection.add_termination_listener(tell)
    try:
        either: set[asyncio.Future[Any]] = {copying, watching}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not copying.done():
            raise ConnectionError("the database closed a connection in the middle of a COPY")
        await copying
    finally:
        watching.cancel()
        copying.cancel()
        for connection in connections:
            if not connection.is_closed():
                connection.remove_termination_listener(tell)


async def _read(
    reader: "PoolConnectionProxy[asyncpg.Record]",
    sql: str,
    queue: "asyncio.Queue[bytes | None]",
) -> None:
    """COPY into the queue in chunks, which are larger than what comes at once."""
    chunk = bytearray()

    async def collect(data: bytes) -> None:
        chunk.extend(data)
        if len(chunk) >= _CHUNK_BYTES:
            await queue.put(bytes(chunk))
            chunk.clear()

    # No arguments, ever: asyncpg would write them into the user's text (DESIGN §4).
    await reader.copy_from_query(sql, output=collect, format="binary")
    await queue.put(bytes(chunk))
    await queue.put(None)


async def _chunks(queue: "asyncio.Queue[bytes | None]") -> AsyncIterator[bytes]:
    while (chunk := await queue.get()) is not None:
        yield chunk
