"""What PostgreSQL has sent and the client has not taken: a little in memory, the rest on disk.

A query ends when PostgreSQL has done its work, however slow the client is: its connection is free
for others, and no snapshot stays open (DESIGN §6).
"""

import asyncio
import struct
from collections import deque
from typing import BinaryIO

from service.results.scratch import unnamed_file

_CHUNKS_IN_MEMORY = 2
_PATIENCE_S = 1.0
_MOST_BYTES_ON_DISK = 4 << 30
_LENGTH = struct.Struct(">q")


class Backlog:
    """A queue of chunks with one writer and one reader.

    The writer waits a second for a reader that lags, then goes on into an unnamed file in
    `folder`; it waits for good only while that holds 4 GiB. None is the system's place for files.
    """

    def __init__(self, folder: str | None = None) -> None:
        self._folder = folder
        self._memory: deque[bytes] = deque()
        self._file: BinaryIO | None = None
        self._written = 0
        self._read = 0
        self._ended = False
        self._error: Exception | None = None
        self._changed = asyncio.Condition()

    async def put(self, chunk: bytes) -> None:
        """Append a chunk."""
        async with self._changed:
            if self._on_disk or not await self._room_in_memory():
                await self._changed.wait_for(lambda: self._written < _MOST_BYTES_ON_DISK)
                await asyncio.to_thread(self._append, chunk)
            else:
                self._memory.append(chunk)
            self._changed.notify_all()

    async def end(self, error: Exception | None = None) -> None:
        """Nothing follows; `error` says why, where that is not the end of the rows.

        Only the first call counts.
        """
        async with self._changed:
            if not self._ended:
                self._ended, self._error = True, error
            self._changed.notify_all()

    async def get(self) -> bytes | None:
        """The next chunk, None at the end; raises the error that ended the rows."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._memory or self._on_disk or self._ended)
            chunk: bytes | None = None
            if self._memory:
                chunk = self._memory.popleft()
            elif self._on_disk:
                chunk = await asyncio.to_thread(self._next_on_disk)
            elif self._error is not None:
                raise self._error
            self._changed.notify_all()
            return chunk

    @property
    def is_over(self) -> bool:
        """Whether all was read, and nothing follows, not even an error."""
        return self._ended and self._error is None and not self._memory and not self._on_disk

    @property
    def _on_disk(self) -> bool:
        """Whether the file holds chunks that nobody has read; all in memory are older."""
        return self._read < self._written

    async def _room_in_memory(self) -> bool:
        def has_room() -> bool:
            return len(self._memory) < _CHUNKS_IN_MEMORY

        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await self._changed.wait_for(has_room)
        except TimeoutError:
            return has_room()

    def _append(self, chunk: bytes) -> None:
        if self._file is None:
            self._file = unnamed_file(self._folder)
        self._file.seek(self._written)
        self._file.write(_LENGTH.pack(len(chunk)))
        self._file.write(chunk)
        self._written += _LENGTH.size + len(chunk)

    def _next_on_disk(self) -> bytes:
        assert self._file is not None
        self._file.seek(self._read)
        (length,) = _LENGTH.unpack(self._file.read(_LENGTH.size))
        chunk = self._file.read(length)
        self._read += _LENGTH.size + length
        if self._read == self._written:
            self._read = self._written = 0
            self._file.truncate(0)
        return chunk
