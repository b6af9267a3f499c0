"""The processes that read and send the files of parts (`service.bulk.reading`), as the API uses
them."""

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
from service.errors import Unavailable
from service.storage.buffers import BUFFER_BYTES, AsyncBuffers
from service.storage.outlet import PacedOutlet
from service.storage.ranges import Span
from service.storage.threads import in_threads

BEGINNING_BYTES = 1 << 17  # little, for a disk may have to bring it before the answer begins
_AHEAD = 3  # times that a process may send on before the API has heard of it
_MOST = 8
_PAUSE_S = 1.0  # between two starts of a process that ends
_PATIENCE_S = 1.0  # with one that is killed and waits for its store none the less
_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1"}  # numpy makes a thread for each core otherwise

_log = structlog.get_logger()


@dataclass(eq=False)
class _Reader:
    """One process, started again when it ends."""

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
                    *(sys.executable, "-P", "-m", "service.bulk.reading"),
                    stdin=theirs.fileno(),
                    stdout=asyncio.subprocess.PIPE,
                    env=dict(os.environ) | _ENVIRONMENT,
                )
            try:
                if process.stdout is not None and await process.stdout.read(1):
                    self.requests = ours
                    self.ready.set()
                return await process.wait()
            finally:
                self.ready.clear()
                await _kill(process)

    def converse(self, client: int) -> socket.socket:
        """The conversation over a stream to a client's socket; OSError where the process has just
        ended."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                socket.send_fds(self.requests, [b"+"], [theirs.fileno(), client])
            except OSError:
                ours.close()
                raise
        return ours


@dataclass
class Readers:
    """All processes. The first stream that is long starts them."""

    layouts: Path
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

    async def buffers(
        self, part: Part, span: Span, outlet: PacedOutlet | None = None
    ) -> AsyncBuffers:
        """The bytes of a span, but for those that a process sends through the outlet meanwhile;
        fails as `Part.buffers` does.

        Threads of this process read the beginning, whose errors come before the answer, and what
        no process sends. Unavailable where one died and nobody knows how much it has sent.
        """
        if outlet is None or span.length <= BUFFER_BYTES:
            begun = span
        else:
            begun = Span(span.first, span.first + BEGINNING_BYTES)
        async with aclosing(in_threads(part.buffers(begun))) as buffers:
            async for buffer in buffers:
                yield buffer
        position = begun.stop
        if outlet is not None and position < span.stop:
            position += await self._hand_over(part, Span(position, span.stop), outlet)
        if position < span.stop:
            async with aclosing(in_threads(part.buffers(Span(position, span.stop)))) as rest:
                async for buffer in rest:
                    yield buffer

    async def _hand_over(self, part: Part, span: Span, outlet: PacedOutlet) -> int:
        """How many bytes the least busy process has sent: all, or the beginning of them."""
        self.start()
        ready = [reader for reader in self.readers if reader.ready.is_set()]
        client = None
        if ready:
            async with _patience(outlet):
                client = await outlet.outlet.emptied()
        if client is None:
            return 0
        reader = min(ready, key=lambda each: each.streams)
        try:
            conversation = reader.converse(client)
        except OSError:
            return 0
        reader.streams += 1
        try:
            return await _sent(conversation, self._asked(part, span), outlet)
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


@asynccontextmanager
async def _patience(outlet: PacedOutlet) -> AsyncIterator[None]:
    """Unavailable where the client lets the block wait too long."""
    try:
        async with asyncio.timeout(outlet.patience_s):
            yield
    except TimeoutError:
        raise Unavailable(f"the client took nothing for {outlet.patience_s:.0f} s") from None


async def _sent(conversation: socket.socket, asked: Asked, outlet: PacedOutlet) -> int:
    """How many bytes a process has sent, once it sends no more."""
    incoming, outgoing = await asyncio.open_unix_connection(sock=conversation)
    allowed: deque[int] = deque()  # in the order in which they are sent
    left, sent = asked.stop - asked.first, 0
    try:
        outgoing.write(asked.line())
        while left or allowed:
            if left and len(allowed) < _AHEAD:
                allowed.append(min(left, outlet.most))
                left -= allowed[-1]
                await outlet.pace(allowed[-1])
                outgoing.write(NUMBER.pack(allowed[-1]))
                continue
            async with _patience(outlet):
                (octets,) = NUMBER.unpack(await incoming.readexactly(NUMBER.size))
            outlet.outlet.sent(octets)
            sent += octets
            if octets < allowed.popleft():
                break
        return sent
    except (asyncio.IncompleteReadError, OSError) as error:
        raise Unavailable("the process that sent a part has ended") from error
    finally:
        outgoing.close()


@asynccontextmanager
async def open_readers(settings: Settings) -> AsyncIterator[Readers]:
    """The readers of this process; they end with the block, or with the process."""
    count = settings.bulk_readers
    if count is None:
        count = min(os.cpu_count() or 1, _MOST)
    readers = Readers(directory_of(settings), [_Reader() for _ in range(count)])
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
