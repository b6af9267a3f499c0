"""CSV and TSV: COPY's own, passed through, below a line of names (RFC 4180, DALI 1.1 §4.2)."""

import csv
import io
from functools import partial

from service.results.batch import Batch
from service.results.format import Format, Head, Lines, Outcome
from service.results.wire import CopyForm


class SeparatedEncoder:
    """Encodes one result with a given separator. There is no place for an error or an overflow."""

    def __init__(self, head: Head, *, separator: str) -> None:
        self._head = head
        self._separator = separator

    def begin(self, _first: Batch | Lines | None) -> bytes:
        """The line of names."""
        line = io.StringIO()
        writer = csv.writer(line, delimiter=self._separator, lineterminator="\n")
        writer.writerow([column.meta.name for column in self._head.columns])
        return line.getvalue().encode()

    def rows(self, rows: Batch | Lines) -> bytes:
        """Rows as they came."""
        assert isinstance(rows, Lines)
        return rows.text

    def end(self, outcome: Outcome) -> tuple[bytes, ...]:
        """Nothing; RuntimeError for a stream that failed."""
        if outcome.error is not None:
            raise RuntimeError(outcome.error)
        return ()


CSV = Format(
    media_type="text/csv;header=present",
    names=("csv", "text/csv", "text/csv;header=present"),
    extension="csv",
    form=CopyForm.CSV,
    encoder=partial(SeparatedEncoder, separator=","),
)
TSV = Format(
    media_type="text/tab-separated-values",
    names=("tsv", "text/tab-separated-values"),
    extension="tsv",
    form=CopyForm.TSV,
    encoder=partial(SeparatedEncoder, separator="\t"),
)
