"""Arrow batches as PostgreSQL's binary COPY format, a column at a time.

A row is the number of its fields, then each field's length and bytes, big-endian; the length of a
NULL is -1 (PostgreSQL's documentation of COPY, "Binary Format").
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
TRAILER = b"\xff\xff"

Octets = npt.NDArray[np.uint8]
Offsets = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_EPOCH_US = 946_684_800_000_000  # PostgreSQL counts from 2000-01-01, Arrow from 1970
_ARRAY_HEADER = np.dtype(
    [("axes", ">i4"), ("null", ">i4"), ("oid", ">i4"), ("size", ">i4"), ("low", ">i4")]
)
# PostgreSQL type: its numpy dtype on the wire, its oid as an element of an array.
_WIRE = {
    "boolean": ("?", 16),
    "smallint": (">i2", 21),
    "integer": (">i4", 23),
    "bigint": (">i8", 20),
    "real": (">f4", 700),
    "double precision": (">f8", 701),
    "timestamp": (">i8", 1114),
}


@dataclass(frozen=True, slots=True)
class _Fixed:
    """Values of one width."""

    values: "npt.NDArray[np.generic]"
    null: Flags

    @property
    def lengths(self) -> Offsets:
        return np.where(self.null, 0, self.values.dtype.itemsize)


@dataclass(frozen=True, slots=True)
class _Varying:
    """Values of any length: `octets[starts[i] : starts[i] + lengths[i]]`, after `heads` if any."""

    octets: Octets
    starts: Offsets
    lengths: Offsets
    null: Flags


_Column = _Fixed | _Varying


def rows(arrays: Sequence[pa.Array], sql_types: Sequence[str]) -> bytes:
    """Rows without header and trailer. The arrays are of the Arrow types of `sql_types`."""
    columns = [_column(array, kind) for array, kind in zip(arrays, sql_types, strict=True)]
    count = len(arrays[0])
    size = np.full(count, 2 + 4 * len(columns), np.int64)
    for column in columns:
        size += column.lengths
    ends = np.cumsum(size)
    out = np.empty(int(ends[-1]) if count else 0, np.uint8)
    position = ends - size
    _put(out, position, np.full(count, len(columns), ">i2"))
    position += 2
    for column in columns:
        lengths = column.lengths
        _put(out, position, np.where(column.null, -1, lengths).astype(">i4"))
        position += 4
        if isinstance(column, _Varying):
            out[_spread(position, lengths)] = column.octets[_spread(column.starts, lengths)]
        elif column.null.any():
            known = ~column.null
            _put(out, position[known], column.values[known])
        else:
            _put(out, position, column.values)
        position += lengths
    return out.tobytes()


def _put(out: Octets, position: Offsets, values: "npt.NDArray[np.generic]") -> None:
    """Write values at byte positions."""
    width = values.dtype.itemsize
    if not len(values):
        return
    places: npt.NDArray[np.generic] = np.ndarray(
        (len(out) - width + 1,), values.dtype, buffer=out.data, strides=(1,)
    )
    places[position] = values


def _spread(starts: Offsets, lengths: Offsets) -> Offsets:
    """The indexes of all bytes of pieces, each from its start with its length."""
    ends = np.cumsum(lengths)
    index = np.repeat(starts - (ends - lengths), lengths)
    index += np.arange(len(index))
    return index


def _column(array: pa.Array, sql_type: str) -> _Column:
    null = array.is_null().to_numpy(zero_copy_only=False)
    if sql_type == "text":
        return _text(array, null)
    if sql_type == "bytea":
        starts, lengths = _slices(array)
        return _Varying(array.values.to_numpy(zero_copy_only=False), starts, lengths, null)
    if sql_type.endswith("[]"):
        return _array(array, sql_type.removesuffix("[]"), null)
    return _Fixed(_wire_values(array, sql_type), null)


def _wire_values(array: pa.Array, sql_type: str) -> "npt.NDArray[np.generic]":
    """Big-endian values; 0 where they are NULL."""
    if sql_type == "timestamp":
        array = pc.subtract(array.cast(pa.int64()), _EPOCH_US)
    if array.null_count:
        array = pc.fill_null(array, False if sql_type == "boolean" else 0)
    values: npt.NDArray[np.generic] = array.to_numpy(zero_copy_only=False)
    return values.astype(_WIRE[sql_type][0])


def _text(array: pa.Array, null: Flags) -> _Varying:
    _, offsets, data = array.buffers()
    ends = np.frombuffer(offsets, np.int32, len(array) + 1, array.offset * 4).astype(np.int64)
    octets = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
    return _Varying(octets, ends[:-1], np.where(null, 0, np.diff(ends)), null)


def _slices(array: pa.Array) -> tuple[Offsets, Offsets]:
    """Where each list begins in the elements of all, and how long it is."""
    offsets = array.offsets.to_numpy().astype(np.int64)
    null = array.is_null().to_numpy(zero_copy_only=False)
    return offsets[:-1], np.where(null, 0, np.diff(offsets))


def _array(array: pa.Array, element: str, null: Flags) -> _Varying:
    """PostgreSQL arrays of one axis: a header, then each element with its length."""
    dtype, oid = _WIRE[element]
    starts, counts = _slices(array)
    values = array.values
    fields, ends = _elements(values, element, dtype)
    begins = np.concatenate([[0], ends])
    body_starts, body_lengths = begins[starts], begins[starts + counts] - begins[starts]

    head = np.zeros(len(array), _ARRAY_HEADER)
    head["axes"], head["oid"], head["size"], head["low"] = 1, oid, counts, 1
    head["null"] = int(values.null_count > 0)
    width = _ARRAY_HEADER.itemsize
    lengths = np.where(null, 0, width + body_lengths)
    out = np.empty(int(lengths.sum()), np.uint8)
    places = np.cumsum(lengths) - lengths
    known = ~null
    heads = head[known].view(np.uint8)
    out[_spread(places[known], np.full(int(known.sum()), width))] = heads
    out[_spread(places[known] + width, body_lengths[known])] = fields[
        _spread(body_starts[known], body_lengths[known])
    ]
    return _Varying(out, places, lengths, null)


def _elements(values: pa.Array, element: str, dtype: str) -> tuple[Octets, Offsets]:
    """Every element with its length before it, and where each ends."""
    null = values.is_null().to_numpy(zero_copy_only=False)
    record = np.dtype([("length", ">i4"), ("value", dtype)])
    fields = np.empty(len(values), record)
    fields["length"] = record["value"].itemsize
    fields["value"] = _wire_values(values, element)
    octets = fields.view(np.uint8).reshape(len(values), record.itemsize)
    if not null.any():
        return octets.ravel(), np.arange(1, len(values) + 1) * record.itemsize
    fields["length"][null] = -1
    kept = np.ones(octets.shape, bool)
    kept[null, 4:] = False
    return octets[kept], np.cumsum(kept.sum(axis=1))
