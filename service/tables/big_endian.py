"""Big-endian values, as BINARY, BINARY2 and FITS hold them, as Arrow arrays.

Each function is given the octets and where each row's value begins in them (in bytes).
"""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from service.results.pieces import Flags, Octets, Offsets, at_any_offset, gather
from service.tables.table import Place

# VOTable datatype: numpy dtype on disk (VOTable 1.4 §6, FITS 4.0 §7.3.3).
DTYPES = {
    "boolean": "u1",
    "unsignedByte": "u1",
    "short": ">i2",
    "int": ">i4",
    "long": ">i8",
    "float": ">f4",
    "double": ">f8",
}
_TRUE = tuple(b"Tt1")
_FALSE = tuple(b"Ff0")


def mask_of(null: Flags, values: "npt.NDArray[np.generic]", missing: int | None) -> Flags:
    """NULL by flag, by the value that stands for it, or because it is no number."""
    if missing is not None:
        null = null | (values == missing)
    if values.dtype.kind == "f":
        null = null | np.isnan(values)
    return null


def scalars(
    octets: Octets, starts: Offsets, datatype: str, null: Flags, missing: int | None
) -> pa.Array:
    """One number or boolean a row; NaN is NULL."""
    values = at_any_offset(octets, DTYPES[datatype])[starts] if len(starts) else _none(datatype)
    if datatype == "boolean":
        return _booleans(values, null)
    native = values.astype(values.dtype.newbyteorder("="))
    return pa.array(native, mask=mask_of(null, native, missing))


def _none(datatype: str) -> "npt.NDArray[np.generic]":
    return np.empty(0, DTYPES[datatype])


def lists(
    octets: Octets,
    starts: Offsets,
    counts: Offsets,
    datatype: str,
    null: Flags,
    missing: int | None,
) -> pa.Array:
    """An array of `counts` elements a row; NaN elements stay."""
    dtype = np.dtype(DTYPES[datatype])
    counts = np.where(null, 0, counts)
    values = gather(octets, starts, counts * dtype.itemsize).view(dtype)
    if datatype == "boolean":
        elements = _booleans(values, np.zeros(len(values), bool))
    else:
        native = values.astype(dtype.newbyteorder("="))
        elements = pa.array(native, mask=None if missing is None else native == missing)
    return list_array(elements, counts, null)


def bits(octets: Octets, starts: Offsets, counts: Offsets, null: Flags) -> pa.Array:
    """An array of so many bits a row, first bit highest (FITS 4.0 §7.3.3.1), as booleans."""
    counts = np.where(null, 0, counts)
    widths = (counts + 7) // 8
    flat = np.unpackbits(gather(octets, starts, widths))
    ends = np.cumsum(widths) * 8
    used = gather(flat, ends - widths * 8, counts)
    return list_array(pa.array(used.astype(bool)), counts, null)


def list_array(elements: pa.Array, counts: Offsets, null: Flags) -> pa.Array:
    """Lists of so many elements each, one after the other."""
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), elements, mask=pa.array(null))


def _booleans(values: "npt.NDArray[np.generic]", null: Flags) -> pa.Array:
    """T, t and 1 are true; F, f and 0 false; anything else is NULL (VOTable 1.4 §6)."""
    true = np.isin(values, _TRUE)
    return pa.array(true, mask=null | ~(true | np.isin(values, _FALSE)))


def strings(
    octets: Octets, starts: Offsets, lengths: Offsets, null: Flags, before: Place
) -> pa.Array:
    """Text in UTF-8 up to the first NUL. `before` is the place of the row before the first.

    Raises TableError for a row whose bytes are no text.
    """
    lengths = np.where(null, 0, lengths)
    packed = gather(octets, starts, lengths)
    if packed.size and not packed.all():
        lengths = _up_to_nul(packed, lengths)
        packed = gather(octets, starts, lengths)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    valid = np.packbits(~null, bitorder="little")
    array = pa.StringArray.from_buffers(
        len(starts), pa.py_buffer(offsets), pa.py_buffer(packed), pa.py_buffer(valid)
    )
    try:
        array.validate(full=True)
    except pa.ArrowInvalid:
        row = _first_not_utf8(packed.tobytes(), offsets)
        raise before.after(row + 1).error(
            "its bytes are not UTF-8 text; convert the file's strings to UTF-8"
        ) from None
    return array


def _up_to_nul(packed: Octets, lengths: Offsets) -> Offsets:
    """The lengths of values up to their first NUL."""
    starts = np.cumsum(lengths) - lengths
    zeros = np.flatnonzero(packed == 0)
    first = np.searchsorted(zeros, starts)
    at = np.append(zeros, len(packed))[first]
    shorter: Offsets = np.minimum(lengths, at - starts)
    return shorter


def _first_not_utf8(packed: bytes, offsets: "npt.NDArray[np.int32]") -> int:
    for row, (begin, end) in enumerate(pairwise(offsets.tolist())):
        try:
            packed[begin:end].decode()
        except UnicodeDecodeError:
            return row
    return 0


def wide_strings(octets: Octets, starts: Offsets, units: Offsets, null: Flags) -> pa.Array:
    """Text in UTF-16BE of so many code units, up to the first NUL."""
    data = octets.tobytes()
    texts = [
        None if gone else data[s : s + 2 * n].decode("utf-16-be", "replace").split("\0", 1)[0]
        for s, n, gone in zip(starts.tolist(), units.tolist(), null.tolist(), strict=True)
    ]
    return pa.array(texts, pa.string())


def empty_as_null(texts: pa.Array) -> pa.Array:
    """The strings with empty ones as null."""
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)
