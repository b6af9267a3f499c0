"""The rows of a FITS table on disk, as they will be sent, until the last one is known.

Rows are laid out once, for the columns as known then. Where a later row needs a wider text, another
value for NULL or the heap, the rows before it are laid out anew while they are sent.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from service.results.fits_cells import Cells, Numbers, Padded, Pieces, copied, field
from service.results.fits_columns import FitsColumn
from service.results.pieces import Octets
from service.results.scratch import unnamed_file

Integers: TypeAlias = npt.NDArray[Any]

_BLOCK_BYTES = 1 << 20


@dataclass(slots=True)
class _Stretch:
    """So many rows, laid out alike."""

    columns: Sequence[FitsColumn]
    rows: int


class FitsRows:
    """The rows and the heap in unnamed files, which vanish with the last reference to this.

    `folder` should lie on a disk: the default of the system may be memory.
    """

    def __init__(self, folder: str | None) -> None:
        self._file = unnamed_file(folder)
        self._heap = unnamed_file(folder)
        self._heap_bytes = 0
        self._stretches: list[_Stretch] = []

    def add(self, cells: Sequence[Cells], columns: Sequence[FitsColumn], rows: int) -> None:
        """Append rows, laid out for the columns."""
        for part in _parts(rows, columns):
            self._file.write(self._laid_out(cells, columns, part).data)
        last = self._stretches[-1] if self._stretches else None
        if last is not None and _hold(columns, last.columns):
            last.columns, last.rows = columns, last.rows + rows
        else:
            self._stretches.append(_Stretch(columns, rows))

    def sent(self, columns: Sequence[FitsColumn]) -> Iterator[bytes]:
        """All rows, then the heap, in pieces of about a megabyte. To be read once."""
        self._file.seek(0)
        for stretch in self._stretches:
            width = _row_bytes(stretch.columns)
            if _hold(columns, stretch.columns):
                left = stretch.rows * width
                while left:
                    piece = self._file.read(min(_BLOCK_BYTES, left))
                    left -= len(piece)
                    yield piece
                continue
            for part in _parts(stretch.rows, columns):
                rows = part.stop - part.start
                octets = np.frombuffer(self._file.read(rows * width), np.uint8)
                yield self._anew(octets.reshape(rows, width), stretch.columns, columns)
        self._heap.seek(0)
        while piece := self._heap.read(_BLOCK_BYTES):
            yield piece

    def _laid_out(
        self, cells: Sequence[Cells], columns: Sequence[FitsColumn], rows: slice
    ) -> Octets:
        table = np.zeros((rows.stop - rows.start, _row_bytes(columns)), np.uint8)
        at = 0
        for cell, column in zip(cells, columns, strict=True):
            if column.in_heap:
                assert not isinstance(cell, Numbers)
                self._to_heap(table, at, column, cell.pieces(rows))
            else:
                cell.write(table, at, column, rows)
            at += column.width
        return table

    def _to_heap(self, table: Octets, at: int, column: FitsColumn, found: Pieces) -> None:
        """Append values to the heap; number of elements and place of each go into its row."""
        places = self._heap_bytes + np.cumsum(found.lengths) - found.lengths
        self._heap.write(found.octets.data)
        self._heap_bytes += len(found.octets)
        _describe(table, at, column, found.lengths // column.dtype.itemsize, places)

    def _anew(
        self, earlier: Octets, was: Sequence[FitsColumn], columns: Sequence[FitsColumn]
    ) -> bytes:
        """Rows that were laid out for other columns."""
        rows = len(earlier)
        table = np.zeros((rows, _row_bytes(columns)), np.uint8)
        at = begin = 0
        for old, new in zip(was, columns, strict=True):
            if new.holds(old) or (old.column.is_text and not new.in_heap):
                copied(table, at, earlier, begin, old.width)
            elif old.in_heap:
                _describe(table, at, new, *_described(earlier, begin, old))
            elif new.in_heap:
                octets = np.ascontiguousarray(earlier[:, begin : begin + old.width])
                texts = Padded(octets, np.count_nonzero(octets, axis=1))
                self._to_heap(table, at, new, texts.pieces(slice(0, rows)))
            else:
                values = field(earlier, begin, old.dtype)
                null = np.zeros(rows, bool) if old.null is None else values == old.null
                Numbers(values, null).write(table, at, new, slice(0, rows))
            at, begin = at + new.width, begin + old.width
        return table.tobytes()


def _row_bytes(columns: Sequence[FitsColumn]) -> int:
    return sum(column.width for column in columns)


def _parts(rows: int, columns: Sequence[FitsColumn]) -> Iterator[slice]:
    """All rows, about a megabyte of them at a time."""
    step = max(_BLOCK_BYTES // max(_row_bytes(columns), 1), 1)
    return (slice(begin, min(begin + step, rows)) for begin in range(0, rows, step))


def _hold(columns: Sequence[FitsColumn], earlier: Sequence[FitsColumn]) -> bool:
    return all(new.holds(old) for new, old in zip(columns, earlier, strict=True))


def _described(table: Octets, at: int, column: FitsColumn) -> tuple[Integers, Integers]:
    """Array descriptors: numbers of elements, and places in the heap (FITS 4.0 §7.3.5)."""
    size = column.width // 2
    return field(table, at, column.descriptor), field(table, at + size, column.descriptor)


def _describe(
    table: Octets, at: int, column: FitsColumn, counts: Integers, places: Integers
) -> None:
    written = _described(table, at, column)
    written[0][:], written[1][:] = counts, places
