"""FITS: a binary table whose primary HDU holds the VOTable that describes it (FITS 4.0 §7.3).

Number of rows, widths of texts and values for NULL come before the first row in FITS, so all rows
are spooled first.  The description in the primary HDU is what STIL calls fits-plus: TOPCAT reads
every unit, UCD and description from it.
"""

from collections.abc import Iterator

import numpy as np

from service.results import votable
from service.results.batch import Batch, Octets, Offsets
from service.results.fits_columns import (
    FitsColumn,
    Measured,
    fixed_arrays,
    planned,
    scattered,
    texts,
    variable,
)
from service.results.fits_header import primary_header, table_header
from service.results.format import Format, Head, Lines, Outcome
from service.results.spool import Spool
from service.results.wire import CopyForm

_BLOCK = 2880


class FitsEncoder:
    """Encodes one result; nothing leaves before the last row has come."""

    def __init__(self, head: Head) -> None:
        self._head = head
        self._spool = Spool(head.columns, head.spool_folder)
        self._measured = [Measured(column) for column in head.columns]
        self._rows = 0

    def begin(self, _first: Batch | Lines | None) -> bytes:
        """Nothing yet."""
        return b""

    def rows(self, rows: Batch | Lines) -> bytes:
        """Put rows aside and measure them."""
        assert isinstance(rows, Batch)
        for index, measured in enumerate(self._measured):
            measured.see(rows, index)
        self._rows += rows.rows
        self._spool.add(rows)
        return b""

    def end(self, outcome: Outcome) -> Iterator[bytes]:
        """The whole file; RuntimeError for a stream that failed."""
        if outcome.error is not None:
            raise RuntimeError(outcome.error)
        columns = planned(self._measured, self._rows)
        wide = [column.meta.datatype == "unicodeChar" for column in self._head.columns]
        description = votable.metadata_document(self._head, wide)
        yield primary_header(len(description), outcome) + _padded(description)
        heap = sum(column.heap_bytes for column in columns if column.in_heap)
        yield table_header(columns, self._rows, heap)
        size = heap
        offset = 0
        for batch in self._spool.batches():
            block, offset = _rows_of(batch, columns, offset)
            size += len(block)
            yield block
        if heap:
            for batch in self._spool.batches():
                yield _heap_of(batch, columns)
        yield bytes(-size % _BLOCK)


def _padded(octets: bytes) -> bytes:
    return octets + bytes(-len(octets) % _BLOCK)


def _rows_of(batch: Batch, columns: list[FitsColumn], offset: int) -> tuple[bytes, int]:
    """Rows of the table; `offset` is where their values in the heap begin, and the next ones'."""
    table = np.zeros((batch.rows, sum(column.width for column in columns)), np.uint8)
    at = 0
    for index, column in enumerate(columns):
        if column.in_heap:
            lengths = _heap_values(batch, index, column)[1]
            counts = lengths // column.dtype.itemsize
            ends = offset + np.cumsum(lengths)
            kind = ">i4" if column.form[0] == "P" else ">i8"
            descriptors = np.stack([counts, ends - lengths], axis=1).astype(kind)
            table[:, at : at + column.width] = descriptors.view(np.uint8)
            offset = int(ends[-1]) if batch.rows else offset
        elif column.column.is_text:
            found = texts(batch, index)
            scattered(table, at, found.octets, found.lengths)
        else:
            cells = _fixed(batch, index, column).reshape(batch.rows, column.width)
            table[:, at : at + column.width] = cells
        at += column.width
    return table.tobytes(), offset


def _heap_values(batch: Batch, index: int, column: FitsColumn) -> tuple[Octets, Offsets]:
    found = texts(batch, index) if column.column.is_text else variable(batch, index)
    return found.octets, found.lengths


def _heap_of(batch: Batch, columns: list[FitsColumn]) -> bytes:
    """The values of a batch that lie in the heap, column after column."""
    return b"".join(
        _heap_values(batch, index, column)[0].tobytes()
        for index, column in enumerate(columns)
        if column.in_heap
    )


def _fixed(batch: Batch, index: int, column: FitsColumn) -> Octets:
    """The bytes of numbers, booleans and arrays of a fixed size."""
    if column.column.is_array:
        return fixed_arrays(batch, index, column)
    values, null = batch.values(index), batch.spans[index].null
    if column.letter == "L":
        letters = np.where(values, ord("T"), ord("F")).astype(np.uint8)
        letters[null] = 0
        return letters
    cells = values.astype(column.dtype)
    if null.any():
        cells[null] = np.nan if column.letter in "ED" else column.null
    return cells.view(np.uint8)


FORMAT = Format(
    media_type="application/fits",
    names=("fits", "application/fits", "image/fits"),
    extension="fits",
    form=CopyForm.BINARY,
    encoder=FitsEncoder,
    spools=True,
)
