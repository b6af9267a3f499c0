"""A file of a store as a stream that can be read at any place, unpacked where it is packed."""

import bz2
import gzip
import io
import tempfile
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, cast

from service.ingest.fits import MAX_UNPACKED
from service.previews.drawable import Drawable, TooSlow, Undrawable
from service.storage.store import OpenFile, store_of

_BUFFER_BYTES = 1 << 18


class _Raw(io.RawIOBase):
    """An open file of a store as Python's own; TooSlow for what is read of it after `until`."""

    def __init__(self, file: OpenFile, until: float) -> None:
        self._file = file
        self._until = until
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]  # typeshed's Buffer is more than is ever given
        if time.monotonic() > self._until:
            raise TooSlow("reading it takes too long")
        read = self._file.read_into(buffer, self._position)
        self._position += read
        return read

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._file.state.size}
        self._position = start[whence] + offset
        return self._position

    def tell(self) -> int:
        return self._position


@dataclass(slots=True)
class StreamSource:
    """A stream as the readers of ingest take it."""

    stream: BinaryIO
    size: int

    def read(self, offset: int, count: int) -> bytes:
        """Up to `count` bytes from `offset`."""
        self.stream.seek(offset)
        return self.stream.read(count)


@contextmanager
def opened(drawable: Drawable, scratch: Path, longest_s: float) -> Iterator[StreamSource]:
    """The bytes of a file; what was packed is unpacked to a file that is gone afterwards.

    TooSlow for what is read after `longest_s`: no thread can be ended from outside. Damaged where
    the file is not the one that was ingested, also at the end; Unavailable where its store is away;
    Undrawable where it cannot be unpacked.
    """
    store = store_of(drawable.root)
    until = time.monotonic() + longest_s
    with store.open(drawable.path, drawable.state, drawable.sha256) as file:
        stream = cast(BinaryIO, io.BufferedReader(_Raw(file, until), _BUFFER_BYTES))
        begin = stream.read(3)
        stream.seek(0)
        if begin.startswith((b"\x1f\x8b", b"BZh")):
            with tempfile.NamedTemporaryFile(dir=scratch) as target:
                size = _unpack(stream, begin, target)
                target.flush()
                with Path(target.name).open("rb") as unpacked:
                    yield StreamSource(unpacked, size)
        else:
            yield StreamSource(stream, drawable.state.size)
        file.verify()


def _unpack(stream: BinaryIO, begin: bytes, target: IO[bytes]) -> int:
    """The size of what was packed, now in `target`."""
    gzipped = begin.startswith(b"\x1f\x8b")
    try:
        with gzip.GzipFile(fileobj=stream) if gzipped else bz2.BZ2File(stream) as unpacking:
            while chunk := unpacking.read(_BUFFER_BYTES):
                if target.tell() + len(chunk) > MAX_UNPACKED:
                    raise Undrawable("it unpacks to more than 1 GiB")
                target.write(chunk)
    except (gzip.BadGzipFile, EOFError, zlib.error, OSError) as error:
        raise Undrawable(f"the compressed file is damaged ({error})") from error
    return target.tell()
