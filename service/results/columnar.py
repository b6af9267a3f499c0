"""Batches as Arrow's record batches: what Arrow IPC and Parquet are written from."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from service.results.arrays import elements
from service.results.batch import Batch
from service.results.wire import ELEMENT_NULL, WireColumn

_TYPES = {
    "boolean": pa.bool_(),
    "unsignedByte": pa.uint8(),
    "short": pa.int16(),
    "int": pa.int32(),
    "long": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
}
_ELEMENTS = {"boolean": "u1", "unsignedByte": "u1", "short": ">i2", "int": ">i4", "long": ">i8"}
_ELEMENTS |= {"float": ">f4", "double": ">f8"}
_DESCRIBED = ("datatype", "arraysize", "xtype", "unit", "ucd", "utype", "description")


def arrow_schema(columns: Sequence[WireColumn]) -> pa.Schema:
    """The columns' types; unit, UCD and the rest as metadata of the fields."""
    return pa.schema([_field(column) for column in columns])


def _field(column: WireColumn) -> pa.Field:
    said = {name: getattr(column.meta, name) for name in _DESCRIBED}
    known = {name: value for name, value in said.items() if value is not None}
    return pa.field(column.meta.name, _type(column), metadata=known)


def _type(column: WireColumn) -> pa.DataType:
    if column.is_text:
        return pa.string()
    element = _TYPES[column.meta.datatype]
    return pa.list_(element) if column.is_array else element


def record_batch(batch: Batch, schema: pa.Schema) -> pa.RecordBatch:
    """The rows as one record batch."""
    arrays = [_array(batch, index, column) for index, column in enumerate(batch.columns)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _array(batch: Batch, index: int, column: WireColumn) -> pa.Array:
    if column.is_text:
        return _strings(batch, index)
    if column.is_array:
        return _lists(batch, index, column)
    values = batch.values(index)
    native = values.astype(values.dtype.newbyteorder("="))
    return pa.array(native, mask=batch.spans[index].null).cast(_type(column))


def _offsets(lengths: "np.typing.NDArray[np.int64]") -> "np.typing.NDArray[np.int32]":
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)


def _strings(batch: Batch, index: int) -> pa.Array:
    span = batch.spans[index]
    valid = np.packbits(~span.null, bitorder="little")
    buffers = (_offsets(span.length), batch.packed(index), valid)
    offsets, octets, bitmap = (pa.py_buffer(np.ascontiguousarray(buffer)) for buffer in buffers)
    return pa.StringArray.from_buffers(batch.rows, offsets, octets, bitmap)


def _lists(batch: Batch, index: int, column: WireColumn) -> pa.Array:
    parts = elements(batch, index)
    dtype = np.dtype(_ELEMENTS[column.meta.datatype])
    values = np.frombuffer(b"".join(part or b"" for part in parts), dtype)
    counts = np.array([len(part or b"") // dtype.itemsize for part in parts], np.int64)
    return pa.ListArray.from_arrays(
        pa.array(_offsets(counts)),
        _elements(values, column),
        mask=pa.array(batch.spans[index].null),
    )


def _elements(values: "np.typing.NDArray[np.generic]", column: WireColumn) -> pa.Array:
    """The elements of all lists; what stands for a missing one in VOTable becomes NULL again."""
    datatype = column.meta.datatype
    missing = None
    if datatype == "boolean":
        missing = values == ord(ELEMENT_NULL[datatype])
        values = values == ord("T")
    elif datatype not in ("float", "double") and column.sql_type != "bytea":
        missing = values == int(ELEMENT_NULL[datatype])
    native = values.astype(values.dtype.newbyteorder("="))
    return pa.array(native, mask=missing).cast(_TYPES[datatype])
