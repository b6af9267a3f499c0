"""The rows that a bulk job asked for, in a temporary table of the owner's transaction.

A user's query runs as starhaul_reader on a connection of its own; only the text of one column
crosses over, by COPY on both sides, in order.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from adql.translation import Translation
from service.bulk.request import naming_column
from service.results.rows import query_error
from service.uws.run import Run

if TYPE_CHECKING:
    import asyncpg

CREATE = """
CREATE TEMPORARY TABLE selection (
    row bigint GENERATED ALWAYS AS IDENTITY, name text
) ON COMMIT DROP
"""
_BUFFERED = 16


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
                await asyncio.gather(reading, writing)
            except BaseException as error:
                reader.terminate()  # releasing it would wait for a server that may be gone
                for task in (reading, writing):
                    task.cancel()
                await asyncio.gather(reading, writing, return_exceptions=True)
                if isinstance(error, Exception):
                    raise query_error(error) from error
                raise


async def _read(
    reader: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]",
    sql: str,
    queue: "asyncio.Queue[bytes | None]",
) -> None:
    # No arguments, ever: asyncpg would write them into the user's text (DESIGN §4).
    await reader.copy_from_query(sql, output=queue.put, format="binary")
    await queue.put(None)


async def _chunks(queue: "asyncio.Queue[bytes | None]") -> AsyncIterator[bytes]:
    while (chunk := await queue.get()) is not None:
        yield chunk
