"""Buffers that threads of this process make, one ahead of the event loop that sends them."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from service.storage.buffers import AsyncBuffers, Buffers, Octets

_readers = ThreadPoolExecutor(max_workers=16, thread_name_prefix="reader")


async def in_threads(buffers: Buffers) -> AsyncBuffers:
    """The same buffers; while one is being sent, a thread makes the next."""
    loop = asyncio.get_running_loop()

    def next_one() -> "asyncio.Future[Octets | None]":
        return loop.run_in_executor(_readers, next, buffers, None)

    ahead = next_one()
    try:
        while (buffer := await asyncio.shield(ahead)) is not None:
            ahead = next_one()
            yield buffer
    finally:
        # Only when the thread is done with them, files can be closed.
        await asyncio.gather(asyncio.shield(ahead), return_exceptions=True)
        await loop.run_in_executor(_readers, buffers.close)
