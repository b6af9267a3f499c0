"""FITS: a binary table whose primary HDU holds the VOTable that describes it (FITS 4.0 §7.3).

Number of rows, widths of texts and values for NULL come before the first row in FITS, so all rows
are put aside first.  The description in the primary HDU is what STIL calls fits-plus: TOPCAT reads
every unit, UCD and description from it.
"""

from collections.abc import Iterator

from service.results import votable
from service.results.batch import Batch
from service.results.fits_cells import Numbers, cells
from service.results.fits_columns import Measured, planned
from service.results.fits_header import primary_header, table_header
from service.results.fits_rows import FitsRows
from service.results.format import Format, Head, Lines, Outcome
from service.results.wire import CopyForm

_BLOCK = 2880


class FitsEncoder:
    """Encodes one result; nothing leaves before the last row has come."""

    def __init__(self, head: Head) -> None:
        self._head = head
        self._measured = [Measured(column) for column in head.columns]
        self._table = FitsRows(head.spool_folder)
        self._rows = 0

    def begin(self, _first: Batch | Lines | None) -> bytes:
        """Nothing yet."""
        return b""

    def rows(self, rows: Batch | Lines) -> bytes:
        """Measure rows and put them aside."""
        assert isinstance(rows, Batch)
        found = [cells(rows, index, column) for index, column in enumerate(self._head.columns)]
        for measured, cell in zip(self._measured, found, strict=True):
            if isinstance(cell, Numbers):
                measured.see_numbers(cell.values, cell.null)
            else:
                measured.see_pieces(cell.lengths, cell.changed)
        self._table.add(found, planned(self._measured), rows.rows)
        self._rows += rows.rows
        return b""

    def end(self, outcome: Outcome) -> Iterator[bytes]:
        """The whole file; RuntimeError for a stream that failed."""
        if outcome.error is not None:
            raise RuntimeError(outcome.error)
        columns = planned(self._measured)
        wide = [column.meta.datatype == "unicodeChar" for column in self._head.columns]
        description = votable.metadata_document(self._head, wide)
        yield primary_header(len(description), outcome) + _padded(description)
        pairs = zip(columns, self._measured, strict=True)
        heap = sum(measured.total for column, measured in pairs if column.in_heap)
        yield table_header(columns, self._rows, heap)
        size = 0
        for piece in self._table.sent(columns):
            size += len(piece)
            yield piece
        yield bytes(-size % _BLOCK)


def _padded(octets: bytes) -> bytes:
    return octets + bytes(-len(octets) % _BLOCK)


FORMAT = Format(
    media_type="application/fits",
    names=("fits", "application/fits", "image/fits"),
    extension="fits",
    form=CopyForm.BINARY,
    encoder=FitsEncoder,
    spools=True,
)
