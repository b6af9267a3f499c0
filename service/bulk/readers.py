"""The processes that read the files of parts (`service.bulk.reading`), as the API uses them."""

import asyncio
import os
import socket
import sys
from collections import deque
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import structlog
from starlette.requests import Request

from service.bulk.cache import directory_of
from service.bulk.part import Part
from service.bulk.reading import NUMBER, Asked
from service.config import Settings
from service.storage.buffers import BUFFER_BYTES, AsyncBuffers
from service.storage.ranges import Span
from service.storage.slots import Slots
from service.storage.threads import in_threads

_AHEAD = 2  # buffers that are filled before they are asked for
_SLOTS_OF_A_STREAM = _AHEAD + 2  # one is being sent, the end of another waits in the socket
_MOST = 8
_PAUSE_S = 1.0  # between two starts of a process that ends
_PATIENCE_S = 1.0  # with one that is killed and waits for its store none the less
_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1"}  # numpy makes a thread for each core otherwise

_log = structlog.get_logger()


@dataclass(eq=False)
class _Reader:
    """One process, started again when it ends."""

    slots_fd: int
    streams: int = 0
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    requests: socket.socket = field(init=False)  # of the process that is ready

    async def keep(self) -> None:
        """Run it until cancelled."""
        while True:
            try:
                ended = f"status {await self._run()}"
            except OSError as error:
                ended = str(error)
            _log.warning("a reader ended, another is started", reason=ended)
            await asyncio.sleep(_PAUSE_S)

    async def _run(self) -> int:
        """Its exit status, once it has ended. The end of `ours` is the end of it."""
        ours, theirs = socket.socketpair()
        with ours:
            ours.setblocking(False)
            with theirs:
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-P", "-m", "service.bulk.reading", str(self.slots_fd)),
                    stdin=theirs.fileno(),
                    stdout=asyncio.subprocess.PIPE,
                    env=dict(os.environ) | _ENVIRONMENT,
                    pass_fds=[self.slots_fd],
                )
            try:
                if process.stdout is not None and await process.stdout.read(1):
                    self.requests = ours
                    self.ready.set()
                return await process.wait()
            finally:
                self.ready.clear()
                await _kill(process)

    def converse(self) -> socket.socket:
        """The socket of a new stream; OSError where the process has just ended."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                socket.send_fds(self.requests, [b"+"], [theirs.fileno()])
            except OSError:
                ours.close()
                raise
        return ours


@dataclass
class Readers:
    """All processes, and the memory that they fill. The first stream that is long starts them."""

    layouts: Path
    slots: Slots
    readers: list[_Reader]
    _keeping: list[asyncio.Task[None]] = field(default_factory=list)

    def start(self) -> None:
        """Run the processes; what they are not ready for yet is read by threads."""
        if not self._keeping:
            self._keeping = [asyncio.create_task(reader.keep()) for reader in self.readers]

    async def stop(self) -> None:
        """End them."""
        for keeping in self._keeping:
            keeping.cancel()
        await asyncio.gather(*self._keeping, return_exceptions=True)
        self.slots.close()

    async def buffers(self, part: Part, span: Span) -> AsyncBuffers:
        """The bytes of a span of a part; fails as `Part.buffers` does.

        A process reads them. Where none can, or it stops, threads of this process go on.
        """
        position = span.first
        if span.length > BUFFER_BYTES:
            async with aclosing(self._read(part, span)) as read:
                async for buffer in read:
                    position += len(buffer)
                    yield buffer
        if position < span.stop:
            async with aclosing(in_threads(part.buffers(Span(position, span.stop)))) as rest:
                async for buffer in rest:
                    yield buffer

    async def _read(self, part: Part, span: Span) -> AsyncBuffers:
        """What the least busy process reads: all, or the beginning of it."""
        self.start()
        ready = [reader for reader in self.readers if reader.ready.is_set()]
        if not ready:
            return
        reader = min(ready, key=lambda each: each.streams)
        reader.streams += 1
        try:
            stream = reader.converse()
            async with aclosing(self._conversation(stream, self._asked(part, span))) as read:
                async for buffer in read:
                    yield buffer
        except OSError:
            return
        finally:
            reader.streams -= 1

    def _asked(self, part: Part, span: Span) -> Asked:
        return Asked(
            layout=str(self.layouts / part.layout.digest),
            number=part.number,
            roots={str(number): store.root for number, store in part.stores.items()},
            hashing=part.hashing,
            first=span.first,
            stop=span.stop,
        )

    async def _conversation(self, stream: socket.socket, asked: Asked) -> AsyncBuffers:
        incoming, outgoing = await asyncio.open_unix_connection(sock=stream)
        lent: deque[int] = deque()  # to the process, in the order in which it fills them

        def lend() -> None:
            slot = self.slots.take()
            if slot is not None:
                outgoing.write(NUMBER.pack(slot))
                lent.append(slot)

        try:
            outgoing.write(asked.line())
            for _ in range(_AHEAD):
                lend()
            position = asked.first
            while position < asked.stop and lent:
                (length,) = NUMBER.unpack(await incoming.readexactly(NUMBER.size))
                position += length
                lend()
                yield self.slots.lend(lent.popleft(), length)
        except (asyncio.IncompleteReadError, OSError):
            return
        finally:
            with suppress(OSError):
                outgoing.write_eof()
                await incoming.read()  # to its end: then nothing is written any more
            for slot in lent:
                self.slots.give_back(slot)
            outgoing.close()


@asynccontextmanager
async def open_readers(settings: Settings) -> AsyncIterator[Readers]:
    """The readers of this process; they end with the block, or with the process."""
    count = settings.bulk_readers
    if count is None:
        count = min(os.cpu_count() or 1, _MOST)
    slots = Slots(settings.bulk_streams * _SLOTS_OF_A_STREAM)
    readers = Readers(directory_of(settings), slots, [_Reader(slots.fd) for _ in range(count)])
    try:
        yield readers
    finally:
        await readers.stop()


async def _kill(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    with suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE_S):
            await process.wait()


def readers_of(request: Request) -> Readers:
    """The readers of the process that answers this request."""
    return cast(Readers, request.app.state.readers)
