"""Parquet, a row group's pages at a time, with VOParquet's metadata where the file has it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from adql.columns import ColumnMeta
from service.tables.readers.votable import read_metadata
from service.tables.table import BATCH_ROWS, Place, TableHead, arrow_type, is_moment, is_text
from service.tables.text_values import nan_as_null

_VOTABLE = b"IVOA.VOTable-Parquet.content"
_BUFFER_BYTES = 1 << 20
_SCALARS = {
    pa.bool_(): "boolean",
    pa.uint8(): "unsignedByte",
    pa.int8(): "short",
    pa.int16(): "short",
    pa.uint16(): "int",
    pa.int32(): "int",
    pa.uint32(): "long",
    pa.int64(): "long",
    pa.uint64(): "long",
    pa.float16(): "float",
    pa.float32(): "float",
    pa.float64(): "double",
}


class ParquetTable:
    """An open Parquet file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.notes: list[str] = []
        try:
            self._file = pq.ParquetFile(path, buffer_size=_BUFFER_BYTES, pre_buffer=False)
        except (pa.ArrowException, OSError) as error:
            raise Place(path).error(f"not a readable Parquet file: {error}") from None
        schema = self._file.schema_arrow
        said = _voparquet(schema, path)
        columns = tuple(_meta(field, said.get(field.name), path) for field in schema)
        self.head = TableHead(
            columns=columns,
            rows=self._file.metadata.num_rows,
            description=_text(schema.metadata, b"description"),
        )

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows."""
        first = 0
        try:
            for batch in self._file.iter_batches(batch_size=BATCH_ROWS, use_threads=False):
                arrays = [
                    _converted(array, meta, Place(self._path, first, meta.name))
                    for array, meta in zip(batch.columns, self.head.columns, strict=True)
                ]
                yield pa.RecordBatch.from_arrays(arrays, [str(i) for i in range(len(arrays))])
                first += batch.num_rows
        except (pa.ArrowException, OSError) as error:
            raise Place(self._path).error(
                f"after row {first}: it cannot be read further ({error}); fetch or write it again"
            ) from None


def _voparquet(schema: pa.Schema, path: Path) -> dict[str, ColumnMeta]:
    document = (schema.metadata or {}).get(_VOTABLE)
    return {} if document is None else {m.name: m for m in read_metadata(document, path)}


def _text(metadata: dict[bytes, bytes] | None, key: bytes) -> str | None:
    value = (metadata or {}).get(key)
    return value.decode("utf-8", "replace") if value else None


def _meta(field: pa.Field, said: ColumnMeta | None, path: Path) -> ColumnMeta:
    datatype, arraysize, xtype = _datatype(field, path)
    if said is not None:
        if said.datatype == datatype or (is_text(said) and datatype == "char"):
            arraysize = said.arraysize if arraysize or is_text(said) else None
            return replace(said, arraysize=arraysize, xtype=said.xtype or xtype)
        return replace(said, datatype=datatype, arraysize=arraysize, xtype=said.xtype or xtype)
    known = field.metadata or {}
    return ColumnMeta(
        name=field.name,
        datatype=datatype,
        arraysize=arraysize,
        xtype=_text(known, b"xtype") or xtype,
        unit=_text(known, b"unit"),
        ucd=_text(known, b"ucd"),
        utype=_text(known, b"utype"),
        description=_text(known, b"description"),
    )


def _datatype(field: pa.Field, path: Path) -> tuple[str, str | None, str | None]:
    """VOTable's datatype, arraysize and xtype of an Arrow type."""
    kind = _plain(field.type)
    if kind in _SCALARS:
        return _SCALARS[kind], None, None
    if pa.types.is_decimal(kind):
        return "double", None, None
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return "char", "*", "timestamp"
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_time(kind):
        return "char", "*", None
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return "unsignedByte", "*", None
    if pa.types.is_fixed_size_list(kind) and _plain(kind.value_type) in _SCALARS:
        return _SCALARS[_plain(kind.value_type)], str(kind.list_size), None
    if (pa.types.is_list(kind) or pa.types.is_large_list(kind)) and _plain(
        kind.value_type
    ) in _SCALARS:
        return _SCALARS[_plain(kind.value_type)], "*", None
    raise Place(path, None, field.name).error(
        f"values of the type {field.type} have no place in a table of TAP; "
        "leave the column out: skip = true in the metadata file"
    )


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _converted(array: pa.Array, meta: ColumnMeta, before: Place) -> pa.Array:
    if pa.types.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    if is_moment(meta) and not pa.types.is_string(array.type):
        return array.cast(pa.timestamp(array.type.unit) if _zoned(array.type) else array.type).cast(
            pa.timestamp("us"), safe=False
        )
    wanted = pa.string() if is_text(meta) else arrow_type(meta)
    if pa.types.is_binary(array.type) or pa.types.is_large_binary(array.type):
        return _octets(array)
    if array.type == pa.uint64():
        return _signed(array, before)
    return nan_as_null(array if array.type == wanted else array.cast(wanted))


def _zoned(kind: pa.DataType) -> bool:
    return pa.types.is_timestamp(kind) and kind.tz is not None


def _octets(array: pa.Array) -> pa.Array:
    """Binary values as lists of octets, which share their memory."""
    array = array.cast(pa.binary())
    _, offsets, data = array.buffers()
    ends = pa.Array.from_buffers(pa.int32(), len(array) + 1, [None, offsets], 0, array.offset)
    size = 0 if data is None else data.size
    values = pa.Array.from_buffers(pa.uint8(), size, [None, data])
    return pa.ListArray.from_arrays(ends, values, mask=array.is_null())


def _signed(array: pa.Array, before: Place) -> pa.Array:
    large = pc.greater(array, pa.scalar(2**63 - 1, pa.uint64()))
    if pc.any(large).as_py():
        row = pc.index(large, True).as_py() + 1
        raise before.after(row).error("its value is above 9223372036854775807, a long's largest")
    return array.cast(pa.int64())
