"""The values of a batch as cells of a FITS table (FITS 4.0 §7.3), made once from what arrived."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from service.errors import StarhaulError
from service.results.arrays import elements
from service.results.batch import Batch, Span
from service.results.fits_columns import FitsColumn
from service.results.pieces import Flags, Octets, Offsets, at_any_offset, gather
from service.results.wire import ELEMENT_NULL, WireColumn

# Texts of a batch lie in a rectangle where not too much of it is blank, one by one otherwise.
_BLANK_SHARE = 4
_BLANK_BYTES = 1 << 16

# Printable ASCII stays, blanks of other kinds become blanks, the rest '?' (FITS 4.0 §4.2.1.1).
_BLANK, _DELETE = 0x20, 0x7F
_PRINTABLE = np.full(256, ord("?"), np.uint8)
_PRINTABLE[_BLANK:_DELETE] = np.arange(_BLANK, _DELETE)
_PRINTABLE[[0x09, 0x0A, 0x0D]] = _BLANK


def field(table: Octets, at: int, dtype: npt.DTypeLike) -> npt.NDArray[np.generic]:
    """One item of `dtype` in each row of `table` (rows x bytes of a row), from byte `at` on."""
    rows, width = table.shape
    return np.ndarray((rows,), dtype, table.data, at, (width,))


def copied(table: Octets, at: int, source: Octets, begin: int, width: int) -> None:
    """Copy `width` bytes of each row of `source`, from byte `begin` on, to byte `at` of `table`."""
    if width:
        field(table, at, f"V{width}")[:] = field(source, begin, f"V{width}")


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numbers, or the letters of booleans."""

    values: npt.NDArray[np.generic]
    null: Flags

    def write(self, table: Octets, at: int, column: FitsColumn, rows: slice) -> None:
        """Write some rows into the `table` of these rows alone, from byte `at` of each row on."""
        cells = field(table, at, column.dtype)
        cells[:] = self.values[rows]
        null = self.null[rows]
        if null.any():
            cells[null] = column.missing


@dataclass(frozen=True, slots=True)
class Pieces:
    """Texts or arrays of various lengths, one after the other; NULL has the length 0.

    `changed` where some are not what the query gave, as FITS cannot hold it.
    """

    octets: Octets
    lengths: Offsets
    null: Flags
    changed: bool = False

    def pieces(self, rows: slice) -> "Pieces":
        """Some rows alone."""
        ends = np.cumsum(self.lengths)
        first, last, _ = rows.indices(len(ends))
        begin = ends[first] - self.lengths[first]
        octets = self.octets[begin : ends[last - 1]]
        return Pieces(octets, self.lengths[rows], self.null[rows], self.changed)

    def write(self, table: Octets, at: int, column: FitsColumn, rows: slice) -> None:
        """As Numbers; in an array of a fixed size a NULL is an array of NULLs."""
        found = self.pieces(rows)
        if column.column.is_text:
            _scattered(table, at, found)
            return
        wrong = (found.lengths != column.width) & ~found.null
        if wrong.any():
            raise StarhaulError(
                f"column {column.column.meta.name} is declared with {column.column.items} "
                f"elements, but a value has {found.lengths[wrong][0] // column.dtype.itemsize}"
            )
        blank = np.full(column.column.items or 0, column.missing, column.dtype).view(np.uint8)
        starts = np.where(found.null, len(found.octets), np.cumsum(found.lengths) - found.lengths)
        widths = np.full(len(starts), column.width, np.int64)
        whole = gather(np.concatenate([found.octets, blank]), starts, widths)
        copied(table, at, whole.reshape(len(starts), column.width), 0, column.width)


@dataclass(frozen=True, slots=True)
class Padded:
    """Printable texts as a rectangle: each a row, filled up with zeros."""

    octets: Octets
    lengths: Offsets
    changed: bool = False

    def pieces(self, rows: slice) -> Pieces:
        """Some rows, one after the other."""
        octets = self.octets[rows].ravel()
        lengths = self.lengths[rows]
        return Pieces(octets[octets != 0], lengths, lengths == 0)

    def write(self, table: Octets, at: int, _column: FitsColumn, rows: slice) -> None:
        """As Numbers; the rest of a wider column stays as it is."""
        copied(table, at, self.octets[rows], 0, self.octets.shape[1])


Cells: TypeAlias = Numbers | Pieces | Padded


def cells(batch: Batch, index: int, column: WireColumn) -> Cells:
    """The values of one column."""
    if column.is_text:
        return texts(batch, index)
    if column.is_array:
        return _arrays(batch, index)
    values, null = batch.values(index), batch.spans[index].null
    if column.meta.datatype == "boolean":
        values = np.where(values, ord("T"), ord("F")).astype(np.uint8)
    return Numbers(values, null)


def texts(batch: Batch, index: int) -> Padded | Pieces:
    """The texts of a column: printable ASCII, '?' for each other character."""
    span = batch.spans[index]
    longest, total = int(span.length.max(initial=0)), int(span.length.sum())
    if batch.rows * longest <= _BLANK_SHARE * total + _BLANK_BYTES:
        octets = _rectangle(batch.octets, span, longest)
        # Below the blank, the difference wraps around to a large one.
        if np.count_nonzero((octets - np.uint8(_BLANK)) < _DELETE - _BLANK) == total:
            return Padded(octets, span.length)
    octets, lengths = batch.packed(index), span.length
    if total and int(octets.max()) > _DELETE:
        is_first = (octets & 0xC0) != 0x80
        before = np.concatenate([[0], np.cumsum(is_first)])
        ends = np.cumsum(lengths)
        lengths = before[ends] - before[ends - lengths]
        octets = np.frombuffer(octets.tobytes().decode().encode("ascii", "replace"), np.uint8)
        return Pieces(_PRINTABLE[octets], lengths, span.null, True)
    printable = _PRINTABLE[octets]
    return Pieces(printable, lengths, span.null, not np.array_equal(printable, octets))


def _rectangle(octets: Octets, span: Span, width: int) -> Octets:
    """The values of a span, each from the left of a row of `width` bytes, then zeros."""
    rows = len(span.start)
    if not width:
        return np.zeros((rows, 0), np.uint8)
    if rows and int(span.start[-1]) + width > len(octets):
        octets = np.concatenate([octets, np.zeros(width, np.uint8)])
    found = at_any_offset(octets, f"V{width}")[span.start].view(np.uint8).reshape(rows, width)
    if not np.all(span.length == width):
        found *= np.arange(width, dtype=np.int32) < span.length.astype(np.int32)[:, None]
    return found


def _arrays(batch: Batch, index: int) -> Pieces:
    """The elements of a column's arrays."""
    parts = [part or b"" for part in elements(batch, index)]
    joined = b"".join(parts)
    if batch.columns[index].meta.datatype == "boolean":
        joined = joined.replace(ELEMENT_NULL["boolean"].encode(), b"\0")
    lengths = np.fromiter(map(len, parts), np.int64, len(parts))
    return Pieces(np.frombuffer(joined, np.uint8), lengths, batch.spans[index].null)


def _scattered(table: Octets, at: int, found: Pieces) -> None:
    """Write pieces of various lengths, one a row, from byte `at` of each row on."""
    rows, width = table.shape
    starts = at + width * np.arange(rows)
    index = np.repeat(starts - (np.cumsum(found.lengths) - found.lengths), found.lengths)
    index += np.arange(len(found.octets))
    table.reshape(-1)[index] = found.octets
