"""Rows of a binary COPY as columns: where each value lies, found with numpy, a megabyte at a time.

Rows begin with a constant column (a random bigint of the query). Every row found by it has to end
where the next one begins; anything else is a failure, never a guess (DESIGN §6).
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from service.results.pieces import Flags, Octets, Offsets, at_any_offset, gather
from service.results.wire import WireColumn

_SIGNATURE = b"PGCOPY\n\xff\r\n\x00"
_HEADER_BYTES = len(_SIGNATURE) + 8  # flags, length of the header's extension
_TRAILER = b"\xff\xff"
_SYNC_AT = 6  # after the number of fields (2) and the length of the first (4)
_VALUES_AT = _SYNC_AT + 8

_DTYPES = {
    "boolean": "?",
    "unsignedByte": ">i2",
    "short": ">i2",
    "int": ">i4",
    "long": ">i8",
    "float": ">f4",
    "double": ">f8",
}


class MalformedRows(Exception):
    """The stream of rows is not what PostgreSQL's documentation says."""


@dataclass(frozen=True, slots=True)
class Span:
    """Where one column's values lie: `start` and `length` in bytes (0 for NULL), and the NULLs."""

    start: Offsets
    length: Offsets
    null: Flags

    def head(self, rows: int) -> "Span":
        """The first rows alone."""
        return Span(self.start[:rows], self.length[:rows], self.null[:rows])


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows: their bytes, and per column the places of its values."""

    octets: Octets
    columns: Sequence[WireColumn]
    spans: Sequence[Span]
    rows: int

    def head(self, rows: int) -> "Batch":
        """The first rows alone."""
        return Batch(self.octets, self.columns, [span.head(rows) for span in self.spans], rows)

    def values(self, index: int) -> npt.NDArray[np.generic]:
        """A column of numbers or booleans as a big-endian array; 0 where it is NULL."""
        span = self.spans[index]
        values_at = at_any_offset(self.octets, _DTYPES[self.columns[index].meta.datatype])
        if not span.null.any():
            return values_at[span.start]
        values = values_at[np.where(span.null, 0, span.start)]
        values[span.null] = 0
        return values

    def packed(self, index: int) -> Octets:
        """The bytes of a column's values, one after the other."""
        span = self.spans[index]
        return gather(self.octets, span.start, span.length)


def spans(
    octets: Octets, columns: Sequence[WireColumn], starts: Offsets
) -> tuple[list[Span], Offsets]:
    """Where the values of the rows lie that begin at `starts`, and where each row ends.

    MalformedRows or IndexError where the rows are not what they should be.
    """
    lengths_at = at_any_offset(octets, ">i4")
    if np.any(at_any_offset(octets, ">i2")[starts] != len(columns) + 1):
        raise MalformedRows("a row has another number of columns than the query")
    position = starts + _VALUES_AT
    never = np.zeros(len(starts), bool)
    found = []
    for column in columns:
        stated = lengths_at[position].astype(np.int32)
        start = position + 4
        if column.width is not None and np.all(stated == column.width):
            found.append(Span(start, np.full(len(starts), column.width), never))
            position = start + column.width
            continue
        null = stated < 0
        length = np.maximum(stated, 0, dtype=np.int64)
        if column.width is not None and not np.all((length == column.width) | null):
            raise MalformedRows(f"a value of {column.meta.name} has a wrong size")
        found.append(Span(start, length, null))
        position = start + length
    return found, position


class BinaryReader:
    """Turns the chunks of one binary COPY into batches; each chunk holds whole rows."""

    def __init__(self, columns: Sequence[WireColumn], sync: int) -> None:
        self._columns = columns
        self._sync = np.int64(sync)
        self._sync_byte = sync.to_bytes(8, "big", signed=True)[0]
        self._begun = False

    def read(self, chunk: bytes) -> Batch:
        """The rows of the next chunk; MalformedRows where they do not fit together."""
        begin = 0 if self._begun else self._header(chunk)
        octets = np.frombuffer(chunk, np.uint8)
        starts = self._row_starts(octets, begin)
        rows = len(starts)
        try:
            found, ends = spans(octets, self._columns, starts)
        except IndexError:
            raise MalformedRows("a value reaches beyond the end of its rows") from None
        stop = int(ends[-1]) if rows else begin
        if stop > len(chunk) or chunk[stop:] not in (b"", _TRAILER):
            raise MalformedRows(f"the last row ends at byte {stop} of {len(chunk)}")
        if rows and (starts[0] != begin or not np.array_equal(ends[:-1], starts[1:])):
            raise MalformedRows("a row does not end where the next one begins")
        return Batch(octets, self._columns, found, rows)

    def _header(self, chunk: bytes) -> int:
        self._begun = True
        if not chunk.startswith(_SIGNATURE):
            raise MalformedRows("the stream has no COPY signature")
        _, extension = struct.unpack_from(">ii", chunk, len(_SIGNATURE))
        return _HEADER_BYTES + int(extension)

    def _row_starts(self, octets: Octets, begin: int) -> Offsets:
        found = np.flatnonzero(octets[begin:-7] == self._sync_byte) + begin
        found = found[at_any_offset(octets, ">i8")[found] == self._sync]
        starts: Offsets = found - _SYNC_AT
        return starts
