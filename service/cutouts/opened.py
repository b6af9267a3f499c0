"""The bytes of the file that is cut, no more than are needed; how many they were is counted."""

import bz2
import gzip
import io
import zlib
from tempfile import SpooledTemporaryFile
from typing import IO, Protocol

import numpy as np
from numpy.typing import NDArray

from service.cutouts.errors import NotCuttable
from service.ingest.fits import MAX_UNPACKED
from service.storage.state import Damaged
from service.storage.store import OpenFile

_AHEAD_LOCAL, _AHEAD_DISTANT = 2**14, 2**16
# Bytes that are rather read than jumped over: a further read of a file takes 1 us, of a bucket 10
# ms and more.
_GAP_LOCAL, _GAP_DISTANT = 2**12, 2**15
_IN_MEMORY = 16 * 2**20  # of an unpacked file; the rest of it on disk
_CHUNK = 2**18
_GZIP, _BZIP2 = b"\x1f\x8b", b"BZh"


class Counter:
    """Bytes that were read of the file."""

    __slots__ = ("bytes_read",)

    def __init__(self) -> None:
        self.bytes_read = 0


class Opened(Protocol):
    """Random access to the bytes of a FITS file, unpacked."""

    size: int
    gap: int

    def read(self, offset: int, count: int) -> bytes:
        """Up to `count` bytes from `offset`."""

    def fill(self, buffer: bytearray | memoryview, offset: int) -> None:
        """All bytes of `buffer` from `offset`; Damaged where the file ends before."""

    def fill_rows(self, buffer: bytearray, offset: int, stride: int, run: int) -> None:
        """Fill `buffer` with runs of `run` bytes, which begin every `stride` bytes."""

    def scratch(self, size: int) -> NDArray[np.uint8]:
        """A buffer for what is read and not kept: the same each time, as it is."""

    def close(self) -> None:
        """Give back what was made to read it."""


class _Scratch:
    """One buffer: a new one of 400 kB would take its pages from the system for each cut, which
    costs more than to read them."""

    def __init__(self) -> None:
        self._buffer = np.empty(0, np.uint8)

    def scratch(self, size: int) -> NDArray[np.uint8]:
        """A buffer for what is read and not kept."""
        if len(self._buffer) < size:
            self._buffer = np.empty(size, np.uint8)
        return self._buffer[:size]


class PlainFile(_Scratch):
    """A file that is no package; small reads are answered from what was read ahead."""

    def __init__(self, file: OpenFile, name: str, counter: Counter) -> None:
        super().__init__()
        distant = bool(file.state.etag)  # an object of a bucket has one, a file none
        self.size = file.state.size
        self.gap = _GAP_DISTANT if distant else _GAP_LOCAL
        self._ahead = _AHEAD_DISTANT if distant else _AHEAD_LOCAL
        self._file, self._name, self._counter = file, name, counter
        self._kept, self._kept_from = b"", 0

    def read(self, offset: int, count: int) -> bytes:
        """Up to `count` bytes from `offset`."""
        start = offset - self._kept_from
        if not 0 <= start <= start + count <= len(self._kept):
            buffer = bytearray(max(0, min(max(count, self._ahead), self.size - offset)))
            self.fill(buffer, offset)
            self._kept, self._kept_from, start = bytes(buffer), offset, 0
        return self._kept[start : start + count]

    def fill(self, buffer: bytearray | memoryview, offset: int) -> None:
        """All bytes of `buffer` from `offset`."""
        self._account(self._file.read_into(buffer, offset), len(buffer))

    def fill_rows(self, buffer: bytearray, offset: int, stride: int, run: int) -> None:
        """Fill `buffer` with runs of `run` bytes, which begin every `stride` bytes."""
        view, read_into, read = memoryview(buffer), self._file.read_into, 0
        for begin in range(0, len(buffer), run):
            read += read_into(view[begin : begin + run], offset)
            offset += stride
        self._account(read, len(buffer))

    def _account(self, read: int, wanted: int) -> None:
        self._counter.bytes_read += read
        if read < wanted:
            raise Damaged(f"the file {self._name} is shorter than it was when it was ingested")

    def close(self) -> None:
        """Nothing to give back."""


class UnpackedFile(_Scratch):
    """A gzip or bzip2 package, unpacked once; beyond 16 MiB to a temporary file on disk.

    Neither format can be entered in the middle.
    """

    def __init__(self, packed: PlainFile, name: str) -> None:
        super().__init__()
        self.gap = _GAP_LOCAL
        self._name = name
        self._spool: IO[bytes] = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115
        try:
            self.size = self._unpack(packed)
        except BaseException:
            self._spool.close()
            raise

    def _unpack(self, packed: PlainFile) -> int:
        raw = io.BufferedReader(_Raw(packed), _CHUNK)
        stream: gzip.GzipFile | bz2.BZ2File
        gzipped = packed.read(0, 2) == _GZIP
        stream = gzip.GzipFile(fileobj=raw) if gzipped else bz2.BZ2File(raw)
        size = 0
        try:
            while chunk := stream.read(_CHUNK):
                size += len(chunk)
                if size > MAX_UNPACKED:
                    raise NotCuttable(
                        f"the file {self._name} unpacks to more than 1 GiB; stored tile-compressed "
                        "(fpack) it can be cut"
                    )
                self._spool.write(chunk)
        except (OSError, EOFError, zlib.error) as error:
            raise NotCuttable(f"the file {self._name} cannot be unpacked ({error})") from error
        return size

    def read(self, offset: int, count: int) -> bytes:
        """Up to `count` bytes from `offset`."""
        self._spool.seek(offset)
        return self._spool.read(count)

    def fill(self, buffer: bytearray | memoryview, offset: int) -> None:
        """All bytes of `buffer` from `offset`."""
        data = self.read(offset, len(buffer))
        if len(data) < len(buffer):
            raise NotCuttable(f"the file {self._name} ends before its data do")
        buffer[:] = data

    def fill_rows(self, buffer: bytearray, offset: int, stride: int, run: int) -> None:
        """Fill `buffer` with runs of `run` bytes, which begin every `stride` bytes."""
        view = memoryview(buffer)
        for begin in range(0, len(buffer), run):
            self.fill(view[begin : begin + run], offset)
            offset += stride

    def close(self) -> None:
        """Remove what was unpacked."""
        self._spool.close()


class _Raw(io.RawIOBase):
    """The packed bytes in order."""

    def __init__(self, packed: PlainFile) -> None:
        self._packed, self._at = packed, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]  # io's own type is private
        view = view[: self._packed.size - self._at]
        if len(view):
            self._packed.fill(view, self._at)
            self._at += len(view)
        return len(view)


def open_bytes(file: OpenFile, name: str, counter: Counter) -> Opened:
    """The file, unpacked where it is a package; NotCuttable where that fails."""
    plain = PlainFile(file, name, counter)
    begin = plain.read(0, 3)
    packed = begin[:2] == _GZIP or begin == _BZIP2
    return UnpackedFile(plain, name) if packed else plain
