"""COPY into PostgreSQL beside the work that makes its rows."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Iterator
from typing import Any

import asyncpg


async def while_connected(
    connection: "asyncpg.Connection[asyncpg.Record] "
    "| asyncpg.pool.PoolConnectionProxy[asyncpg.Record]",
    work: Coroutine[Any, Any, str],
) -> None:
    """Do what asyncpg 0.32 does for ever where the connection is lost meanwhile: COPY to a table.

    Raises ConnectionError then.
    """
    lost = asyncio.Event()

    def notice(_connection: object) -> None:
        lost.set()

    connection.add_termination_listener(notice)
    copying, waiting = asyncio.create_task(work), asyncio.create_task(lost.wait())
    try:
        await asyncio.wait({copying, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if not copying.done():
            raise ConnectionError("the connection was lost during COPY")
        await copying
    finally:
        for task in (copying, waiting):
            task.cancel()
        await asyncio.wait({copying, waiting})
        connection.remove_termination_listener(notice)


async def ahead(chunks: Iterator[bytes]) -> AsyncGenerator[bytes, None]:
    """The items of an iterator that works in a thread, one item ahead of whoever takes them."""
    work = asyncio.create_task(asyncio.to_thread(next, chunks, None))
    try:
        while (chunk := await work) is not None:
            work = asyncio.create_task(asyncio.to_thread(next, chunks, None))
            yield chunk
    finally:
        work.cancel()
