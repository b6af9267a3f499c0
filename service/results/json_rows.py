"""JSON: {"columns": [...], "data": [[...], ...]}, the rows written by PostgreSQL."""

import json
from dataclasses import asdict

from service.results.batch import Batch
from service.results.format import Format, Head, Lines, Outcome
from service.results.wire import CopyForm


class JsonEncoder:
    """Encodes one result; numbers that JSON lacks are the texts "NaN", "Infinity", "-Infinity"."""

    def __init__(self, head: Head) -> None:
        self._head = head
        self._separator = b"\n"

    def begin(self, _first: Batch | Lines | None) -> bytes:
        """The document up to its first row: the columns as VOTable's FIELDs describe them."""
        columns = [
            {name: value for name, value in asdict(column.meta).items() if value is not None}
            for column in self._head.columns
        ]
        return b'{"columns": ' + json.dumps(columns).encode() + b',\n"data": ['

    def rows(self, rows: Batch | Lines) -> bytes:
        """One array a row. COPY escapes nothing in JSON but the backslash."""
        assert isinstance(rows, Lines)
        if not rows.text:
            return b""
        text = self._separator + rows.text[:-1].replace(b"\n", b",\n").replace(b"\\\\", b"\\")
        self._separator = b",\n"
        return text

    def end(self, outcome: Outcome) -> tuple[bytes, ...]:
        """The end, with `overflow` where MAXREC cut the rows; RuntimeError for an error."""
        if outcome.error is not None:
            raise RuntimeError(outcome.error)
        overflow = json.dumps(outcome.overflow is not None).encode()
        return (b'],\n"overflow": ' + overflow + b"}\n",)


FORMAT = Format(
    media_type="application/json",
    names=("json", "application/json"),
    extension="json",
    form=CopyForm.JSON,
    encoder=JsonEncoder,
)
