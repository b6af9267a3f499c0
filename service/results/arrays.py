"""PostgreSQL's binary arrays as VOTable's: elements one after the other, big-endian."""

import struct

import numpy as np

from service.results.batch import Batch, MalformedRows
from service.results.wire import ELEMENT_NULL, WireColumn

_DIMENSION_BYTES = 8
_ELEMENT = {
    "boolean": "u1",
    "unsignedByte": ">i2",
    "short": ">i2",
    "int": ">i4",
    "long": ">i8",
    "float": ">f4",
    "double": ">f8",
}


def elements(batch: Batch, index: int) -> list[bytes | None]:
    """Each row's array as the bytes of its elements, None for NULL.

    Axes keep PostgreSQL's order, last fastest: int[2][3] is VOTable's arraysize 3x2.
    """
    column = batch.columns[index]
    span = batch.spans[index]
    octets = batch.octets.tobytes()
    convert = _octets if column.sql_type == "bytea" else _decoded
    return [
        None if null else convert(octets[start : start + length], column)
        for start, length, null in zip(span.start, span.length, span.null, strict=True)
    ]


def _octets(value: bytes, _column: WireColumn) -> bytes:
    return value


def _decoded(value: bytes, column: WireColumn) -> bytes:
    """The elements of one value: header, axes, then each with its length before it."""
    datatype = column.meta.datatype
    element = np.dtype(_ELEMENT[datatype])
    dimensions, has_null, _ = struct.unpack_from(">iii", value)
    body = value[12 + _DIMENSION_BYTES * dimensions :]
    if has_null:
        found = _with_nulls(body, element.itemsize, _null_element(datatype, element))
    else:
        record = np.dtype([("length", ">i4"), ("value", element)])
        found = np.frombuffer(body, record)["value"].tobytes()
    return _narrowed(found, datatype)


def _with_nulls(body: bytes, size: int, null: bytes) -> bytes:
    parts = []
    at = 0
    while at < len(body):
        (length,) = struct.unpack_from(">i", body, at)
        at += 4
        if length not in (-1, size):
            raise MalformedRows("an element of an array has a wrong size")
        parts.append(null if length < 0 else body[at : at + size])
        at += max(length, 0)
    return b"".join(parts)


def _null_element(datatype: str, element: "np.dtype[np.generic]") -> bytes:
    if datatype == "boolean":
        return ELEMENT_NULL[datatype].encode()
    return np.array(float(ELEMENT_NULL[datatype]), element).tobytes()


def _narrowed(found: bytes, datatype: str) -> bytes:
    """Booleans as VOTable's letters, unsigned bytes without the upper half of the smallint."""
    if datatype == "boolean":
        return found.replace(b"\x00", b"F").replace(b"\x01", b"T")
    return found[1::2] if datatype == "unsignedByte" else found
