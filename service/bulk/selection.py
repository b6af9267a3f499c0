"""The rows that a bulk job asked for, in a temporary table of the owner's transaction.

A user's query runs as starhaul_reader on a connection of its own; only the text of one column
crosses over, by COPY on both sides, in order.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from adql.translation import Translation
from service.bulk.request import naming_column
from service.results.rows import query_error
from service.uws.run import Run

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]

CREATE = """
CREATE TEMPORARY TABLE selection (
    row bigint GENERATED ALWAYS AS IDENTITY, name text
) ON COMMIT DROP
"""
_CHUNK_BYTES = 1 << 18
_BUFFERED = 4
_STOP_S = 5.0


async def copy_ids(owner: "asyncpg.Connection[asyncpg.Record]", ids: tuple[str, ...]) -> None:
    """Fill the table with identifiers as they were given."""
    await owner.copy_records_to_table(
        "selection", schema_name="pg_temp", columns=["name"], records=[(name,) for name in ids]
    )


async def copy_query(
    run: Run, owner: "asyncpg.Connection[asyncpg.Record]", translation: Translation
) -> None:
    """Fill the table from the user's query, which ABORT cancels; StarhaulError where it fails."""
    column = naming_column(translation)[1]
    sql = f"SELECT {column}::text FROM ({translation.literal_sql()}) AS asked"  # noqa: S608
    queue: asyncio.Queue[bytes | None] = asyncio.Queue(_BUFFERED)
    async with run.archive.database.reader.acquire() as reader:
        await reader.execute("SELECT set_config('starhaul.principal', $1, false)", run.job.owner)
        async with run.cancellable(reader.get_server_pid()):
            reading = asyncio.create_task(_read(reader, sql, queue))
            writing = asyncio.create_task(
                owner.copy_to_table(
                    "selection",
                    schema_name="pg_temp",
                    columns=["name"],
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
    reader: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]",
    sql: str,
    queue: "asyncio.Queue[bytes | None]",
) -> None:
    """COPY into the queue in chunks; PostgreSQL sends one message a row."""
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
