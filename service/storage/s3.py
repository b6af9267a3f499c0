"""Publishers' files in a bucket, read by ranges of the object that ingest saw.

Every request carries If-Match, and the ETag of every answer is compared: an answer is one object,
whole, so that nothing is left to look at after the last read. A connection that breaks is made
again from where it stopped.
"""

import hashlib
from collections.abc import Iterator
from types import TracebackType
from typing import ClassVar, Self

import httpx

from service.storage.bucket import TRIES, Bucket, pause
from service.storage.ranges import Span
from service.storage.state import Damaged, FileState, away

_CHUNK_BYTES = 1 << 18
_AHEAD_BYTES = 1 << 20


class S3File:
    """An object of a known ETag. Reading in order takes one request, from the place of the first
    read to the end of what is wanted."""

    def __init__(self, bucket: Bucket, path: str, known: FileState, wanted: Span) -> None:
        self.name = path
        self._bucket = bucket
        self.state = known
        self._wanted = wanted
        self._position = wanted.first
        self._rest = memoryview(b"")  # arrived and not read yet, at _position
        self._stop = wanted.first  # of what was asked for
        self._answer: httpx.Response | None = None
        self._chunks: Iterator[bytes] = iter(())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connection back; where bytes are left on it, it is closed."""
        if self._answer is not None:
            self._answer.close()
            self._answer = None

    def begin(self) -> None:
        """Ask for what is wanted, and take the first bytes of it off the connection."""
        if not self._wanted.length and self.state.size:
            return
        self._ask(self._wanted.stop)
        first = bytearray(min(self._wanted.length, _AHEAD_BYTES))
        read = self.read_into(first, self._wanted.first)
        self._rest = memoryview(bytes(first[:read]) + self._rest)
        self._position = self._wanted.first

    def read_into(self, buffer: bytearray | memoryview, offset: int) -> int:
        """Fill `buffer` from `offset` on; the number of bytes read, less only at the file's end.

        Damaged where the object has changed or is gone, Unavailable where the bucket is away.
        """
        if offset != self._position:
            self._turn_to(offset)
        view = memoryview(buffer)
        filled = failed = 0
        while filled < len(view) and self._position < self.state.size:
            try:
                if not self._rest:
                    self._receive(self._position + len(view) - filled)
                failed = 0
            except httpx.TransportError:
                failed += 1
                self.close()
                if failed == TRIES:
                    raise away() from None
                pause(failed - 1)
            step = min(len(view) - filled, len(self._rest))
            view[filled : filled + step] = self._rest[:step]
            self._rest = self._rest[step:]
            self._position += step
            filled += step
        return filled

    def verify(self) -> None:
        """Nothing is left to compare."""

    def sha256(self) -> bytes:
        """The checksum of the object; Damaged where it is another one by now."""
        digest = hashlib.sha256()
        buffer = memoryview(bytearray(1 << 20))
        with S3File(self._bucket, self.name, self.state, Span(0, self.state.size)) as whole:
            offset = 0
            while read := whole.read_into(buffer, offset):
                digest.update(buffer[:read])
                offset += read
        return digest.digest()

    def _turn_to(self, offset: int) -> None:
        self.close()
        self._rest = memoryview(b"")
        self._position = offset

    def _ask(self, stop: int) -> None:
        """Open an answer from where reading stands to `stop`, or to the end of what is wanted."""
        self._stop = min(max(stop, self._wanted.stop), self.state.size)
        self._answer = self._bucket.get(self.name, self.state, Span(self._position, self._stop))
        self._chunks = self._answer.iter_raw(_CHUNK_BYTES)

    def _receive(self, stop: int) -> None:
        """Take the next bytes off the connection, of a new one where there is none."""
        if self._answer is None:
            self._ask(stop)
        chunk = next(self._chunks, None)
        if chunk is None:
            raise httpx.RemoteProtocolError("the answer ended early")
        self._rest = memoryview(chunk)
        if self._position + len(chunk) == self._stop:
            next(self._chunks, None)  # only an answer that was read to its end leaves a connection
            self.close()


class S3Store:
    """The objects below s3://bucket/prefix."""

    distant: ClassVar[bool] = True

    def __init__(self, root: str) -> None:
        self.root = root
        self.bucket = Bucket(root)

    def objects(self) -> Iterator[tuple[str, FileState]]:
        """Every object, in order of the names; UsageError or Unavailable as `Bucket.listed`."""
        return self.bucket.listed()

    def whole(self, path: str) -> bytes | None:
        """A small object that may be any; None where there is none that can be read."""
        return self.bucket.whole(path)

    def read_whole(self, path: str, known: FileState, buffer: memoryview) -> bool:
        """Fill `buffer` with an object as it was ingested; False where it is not that any more."""
        try:
            with self.open(path, known, b"") as file:
                return file.read_into(buffer, 0) == known.size
        except Damaged:
            return False

    def open_listed(self, path: str, listed: FileState) -> S3File:
        """Open an object as it was listed."""
        return self.open(path, listed, b"")

    def open(
        self, path: str, known: FileState, sha256: bytes, wanted: Span | None = None
    ) -> S3File:
        """Open the object that was ingested as `path`.

        Damaged where it vanished or has another ETag; Unavailable where the bucket is away.
        """
        file = S3File(self.bucket, path, known, wanted or Span(0, known.size))
        try:
            file.begin()
        except BaseException:
            file.close()
            raise
        return file
