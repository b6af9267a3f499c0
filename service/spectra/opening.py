"""The bytes of a spectrum's file, from whatever store it is in, no more than are needed."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from service.ingest.facts import Refusal
from service.ingest.fits import Bytes, FitsFile, Source, open_fits, unpack
from service.ingest.header import Value
from service.spectra.holdings import Held
from service.spectra.layout import NotConvertible
from service.storage.ranges import Span
from service.storage.state import Damaged
from service.storage.store import OpenFile, store_of

# Files up to this size are read in one go: one request to a bucket instead of one an HDU.
_WHOLE = 16 * 2**20
# Of a larger file, what is read first: its first headers.
_FIRST = 2**16
# A packed file is held in memory, unpacked.
_UNPACKED = 128 * 2**20
_PACKED = (b"\x1f\x8b", b"BZ")


@dataclass(slots=True)
class Ranges:
    """Random access to a file that is too large to hold; `taken` counts the bytes read."""

    file: OpenFile
    size: int
    taken: int = 0

    def read(self, offset: int, count: int) -> bytes:
        """Up to `count` bytes from `offset`."""
        buffer = bytearray(max(0, min(count, self.size - offset)))
        read = self.file.read_into(buffer, offset)
        self.taken += read
        return bytes(memoryview(buffer)[:read])


def first_read(size: int) -> Span:
    """What `hdus_of` reads first of a file; for the `wanted` of `Store.open`."""
    return Span(0, size if size <= _WHOLE else _FIRST)


@contextmanager
def opened(held: Held) -> Iterator[FitsFile]:
    """The HDUs of the file; at the end it is looked at again.

    Damaged where it is not the one that was ingested, Unavailable where its store is away,
    NotConvertible where it cannot be unpacked or is no FITS file.
    """
    path, size = held.origin.path, held.state.size
    with store_of(held.root).open(path, held.state, held.sha256, first_read(size)) as file:
        yield hdus_of(Ranges(file, size), path, held.header, held.root)
        file.verify()


def hdus_of(
    ranges: Ranges, path: str, header: Mapping[str, Value] | None = None, root: str = ""
) -> FitsFile:
    """The HDUs of an open file: a small one read at once, a packed one unpacked, both in memory.

    Raises as `opened`.
    """
    size = ranges.size
    begin = ranges.read(0, 2)
    source: Source = ranges
    try:
        if begin in _PACKED:
            if size > _UNPACKED:
                raise NotConvertible(f"the file {path} is packed and of {size} bytes")
            source = Bytes(unpack(_whole(ranges, path), _UNPACKED))
        elif size <= _WHOLE:
            source = Bytes(_whole(ranges, path))
        return open_fits(path, source, header, root)
    except Refusal as refusal:
        raise NotConvertible(f"the file {path}: {refusal.reason}") from refusal


def _whole(ranges: Ranges, path: str) -> bytes:
    data = ranges.read(0, ranges.size)
    if len(data) < ranges.size:
        raise Damaged(f"the file {path} is shorter than it was")
    return data
