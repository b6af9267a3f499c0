"""Arrow IPC streams and Parquet files, Parquet with its VOTable metadata (VOParquet 1.0)."""

import io
from collections.abc import Callable
from functools import partial
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from service.results import votable
from service.results.batch import Batch
from service.results.columnar import arrow_schema, record_batch
from service.results.format import Format, Head, Lines, Outcome
from service.results.wire import CopyForm

# Rows of a Parquet row group: large enough for its columns to compress, small enough to hold.
_GROUP_BYTES = 4 << 20


class _Writer(Protocol):
    def write_batch(self, batch: pa.RecordBatch) -> None: ...

    def close(self) -> None: ...


class _Drain(io.RawIOBase):
    """A file to write to, from which what was written is taken."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: "pa.Buffer | bytes") -> int:
        self._parts.append(bytes(data))
        return len(self._parts[-1])

    def take(self) -> bytes:
        """Everything written since the last time."""
        taken, self._parts = b"".join(self._parts), []
        return taken


class ColumnarEncoder:
    """Encodes one result with a writer of pyarrow's. There is no place for an error."""

    def __init__(self, head: Head, *, writer: Callable[[io.RawIOBase, pa.Schema], _Writer]) -> None:
        schema = arrow_schema(head.columns)
        self._schema = schema.with_metadata(_voparquet(head))
        self._drain = _Drain()
        self._writer = writer(self._drain, self._schema)

    def begin(self, _first: Batch | Lines | None) -> bytes:
        """What comes before the first row."""
        return self._drain.take()

    def rows(self, rows: Batch | Lines) -> bytes:
        """What became ready with these rows."""
        assert isinstance(rows, Batch)
        if rows.rows:
            self._writer.write_batch(record_batch(rows, self._schema))
        return self._drain.take()

    def end(self, outcome: Outcome) -> tuple[bytes, ...]:
        """The end of the file; RuntimeError for a stream that failed."""
        if outcome.error is not None:
            raise RuntimeError(outcome.error)
        self._writer.close()
        return (self._drain.take(),)


def _voparquet(head: Head) -> dict[str, bytes]:
    """The VOTable without its data that makes a Parquet file VOParquet."""
    wide = [column.meta.datatype == "unicodeChar" for column in head.columns]
    return {
        "IVOA.VOTable-Parquet.version": b"1.0",
        "IVOA.VOTable-Parquet.content": votable.metadata_document(head, wide),
    }


class _GroupWriter:
    """Collects batches into row groups."""

    def __init__(self, sink: io.RawIOBase, schema: pa.Schema) -> None:
        self._writer = pq.ParquetWriter(pa.PythonFile(sink, mode="w"), schema, compression="zstd")
        self._batches: list[pa.RecordBatch] = []
        self._size = 0

    def write_batch(self, batch: pa.RecordBatch) -> None:
        self._batches.append(batch)
        self._size += batch.nbytes
        if self._size >= _GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._batches:
            self._writer.write_table(pa.Table.from_batches(self._batches))
            self._batches, self._size = [], 0

    def close(self) -> None:
        self._flush()
        self._writer.close()


def _stream_writer(sink: io.RawIOBase, schema: pa.Schema) -> _Writer:
    writer: _Writer = pa.ipc.new_stream(pa.PythonFile(sink, mode="w"), schema)
    return writer


ARROW = Format(
    media_type="application/vnd.apache.arrow.stream",
    names=("arrow", "application/vnd.apache.arrow.stream"),
    extension="arrows",
    form=CopyForm.BINARY,
    encoder=partial(ColumnarEncoder, writer=_stream_writer),
)
PARQUET = Format(
    media_type="application/vnd.apache.parquet",
    names=("parquet", "application/vnd.apache.parquet", "application/parquet"),
    extension="parquet",
    form=CopyForm.BINARY,
    encoder=partial(ColumnarEncoder, writer=_GroupWriter),
)
