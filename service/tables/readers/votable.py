"""VOTable in all serializations, as a stream: TABLEDATA, BINARY, BINARY2 and FITS."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pyarrow as pa

from adql.columns import ColumnMeta
from service.tables.readers.votable_binary import RowDecoder
from service.tables.readers.votable_document import Document
from service.tables.readers.votable_text import text_batch
from service.tables.table import BATCH_ROWS, Place, TableHead

_CHUNK_BYTES = 1 << 18


class VOTable:
    """An open VOTable."""

    def __init__(self, file: IO[bytes], path: Path, wanted: str | None) -> None:
        self._file = file
        self._path = path
        self._document = Document(path, wanted)
        while not self._document.begun and self._feed():
            pass
        if not self._document.begun:
            asked = f"no table {wanted!r}" if wanted else "no TABLE with columns"
            raise Place(path).error(
                f"there is {asked} in it; it has {self._document.tables} tables, and --table takes "
                "a name or a number from 1"
            )
        self.head = self._head()

    @property
    def notes(self) -> list[str]:
        """What whoever publishes the table should know; complete after the last row."""
        found = list(self._document.notes)
        if self._document.tables > 1:
            found.append(
                f"the file has {self._document.tables} tables; "
                f"{self._document.table['name']} was read (--table chooses)"
            )
        return found

    def _feed(self) -> bool:
        octets = self._file.read(_CHUNK_BYTES)
        self._document.feed(octets)
        return bool(octets)

    def _head(self) -> TableHead:
        document = self._document
        nrows = document.table.get("nrows", "")
        return TableHead(
            columns=tuple(field.meta for field in document.fields),
            rows=int(nrows) if nrows.isdigit() else None,
            title=document.table.get("name") if "ID" in document.table else None,
            description=document.descriptions.get("TABLE") or document.descriptions.get("RESOURCE"),
            utype=document.table.get("utype"),
            frame=document.frame,
        )

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows, from whichever serialization."""
        document = self._document
        if document.serialization == "TABLEDATA":
            yield from self._text_batches()
        elif document.serialization in ("BINARY", "BINARY2"):
            yield from self._binary_batches(document.serialization)
        elif document.serialization == "FITS":
            yield from self._fits_batches()
        elif document.serialization is not None:
            raise Place(self._path).error(
                f"its rows are in {document.serialization}; publish the Parquet file itself"
            )
        while self._feed():
            pass

    def _text_batches(self) -> Iterator[pa.RecordBatch]:
        cells, fields = self._document.cells, self._document.fields
        first = 0
        while True:
            more = self._feed()
            rows = len(cells) // len(fields)
            if rows and (rows >= BATCH_ROWS or not more):
                taken = cells[: rows * len(fields)]
                del cells[: rows * len(fields)]
                yield text_batch(taken, fields, self._path, first)
                first += rows
            if not more:
                return

    def _decoded(self) -> Iterator[bytes]:
        """The bytes of the STREAM as they come."""
        import pybase64

        document = self._document
        rest = ""
        more = True
        while more:
            more = self._feed()
            self._check_stream()
            text = rest + re.sub(r"\s+", "", "".join(document.encoded))
            document.encoded.clear()
            whole = len(text) if not more else len(text) - len(text) % 4
            rest = text[whole:]
            if whole:
                try:
                    yield pybase64.b64decode(text[:whole], validate=True)
                except ValueError:
                    raise Place(self._path).error("its STREAM is no valid base64") from None

    def _check_stream(self) -> None:
        stream = self._document.stream
        if stream.get("href"):
            raise Place(self._path).error(
                f"its rows are elsewhere ({stream['href'][:200]}); fetch them and publish one "
                "file: stilts tcopy makes it"
            )
        encoding = stream.get("encoding", "base64")
        if self._document.encoded and encoding != "base64":
            raise Place(self._path).error(f"STREAM encoding={encoding!r} is not known; use base64")

    def _binary_batches(self, kind: str) -> Iterator[pa.RecordBatch]:
        decoder = RowDecoder(self._document.fields, self._path, flagged=kind == "BINARY2")
        for octets in self._decoded():
            batch = decoder.rows(octets)
            if batch is not None:
                yield batch
        decoder.finish()

    def _fits_batches(self) -> Iterator[pa.RecordBatch]:
        import tempfile

        from service.tables.readers.fits import FITSTable

        with tempfile.NamedTemporaryFile(suffix=".fits") as spool:
            for octets in self._decoded():
                spool.write(octets)
            spool.flush()
            table = FITSTable(Path(spool.name), None, said_by=self._path)
            yield from table.batches()


def read_metadata(document: bytes, path: Path) -> tuple[ColumnMeta, ...]:
    """The columns of a VOTable without rows, as FITS-plus and VOParquet carry them."""
    found = Document(path, None)
    found.feed(document)
    found.feed(b"")
    return tuple(field.meta for field in found.fields)
