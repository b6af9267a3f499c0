"""A table with a column of every type that VOTable has, extremes and missing values included."""

from typing import Any

import numpy as np
from astropy.table import MaskedColumn, Table

MOMENTS = ["2026-01-31T12:00:00", "1969-12-31T23:59:59.999999", "0001-01-01T00:00:00"]


def everything() -> Table:
    """Three rows; the last value of most columns is missing."""
    mask = [False, False, True]
    table = Table()
    table["id"] = np.array([1, 2, 3], np.int64)
    table["ra"] = np.array([0.0, 359.9999, 180.0])
    table["dec"] = np.array([-90.0, 0.0, 89.5])
    table["yes"] = MaskedColumn([True, False, False], mask=mask)
    table["octet"] = MaskedColumn(np.array([0, 255, 7], np.uint8), mask=mask)
    table["small"] = MaskedColumn(np.array([-32768, 32767, 0], np.int16), mask=mask)
    table["medium"] = MaskedColumn(np.array([-(2**31), 2**31 - 1, 0], np.int32), mask=mask)
    table["large"] = MaskedColumn(np.array([-(2**63), 2**63 - 1, 0], np.int64), mask=mask)
    table["real"] = np.array([1.5, np.inf, np.nan], np.float32)
    table["wide"] = np.array([1e-300, -np.inf, np.nan])
    table["word"] = np.array(["plain", 'it\'s "quoted", \\ & <b>', ""])
    table["Größe"] = np.array(["é", "Ω 星 𝄞", ""], "U8")  # room for surrogates
    table["select"] = np.array([1, 2, 3], np.int32)
    table["two words"] = np.array([1, 2, 3], np.int32)
    table["seen"] = np.array(MOMENTS)
    table["ra"].unit = table["dec"].unit = "deg"
    table["wide"].unit = "km / s"
    table["wide"].description = "A <speed> & more"
    ucds = {"ra": "pos.eq.ra;meta.main", "dec": "pos.eq.dec;meta.main", "id": "meta.id;meta.main"}
    for name, ucd in ucds.items():
        table[name].meta["ucd"] = ucd
    table.meta["description"] = "All types"
    return table


def with_arrays() -> Table:
    """The same with arrays: fixed ones, a plane, complex numbers."""
    table = everything()
    table["triple"] = np.arange(9, dtype=np.float64).reshape(3, 3)
    table["plane"] = np.arange(18, dtype=np.int32).reshape(3, 2, 3)
    table["flags"] = np.array([[True, False], [False, False], [True, True]])
    table["octets"] = np.arange(6, dtype=np.uint8).reshape(3, 2)
    table["wave"] = np.array([1 + 2j, -3.5j, 0], np.complex64)
    return table


def plain(value: Any) -> Any:
    """A cell as Python has it: None for missing ones, lists for arrays, NaN as None."""
    if value is np.ma.masked or value is None:
        return None
    if isinstance(value, np.ma.MaskedArray | np.ndarray):
        flat = np.ma.asarray(value).filled().ravel()
        if flat.dtype.kind == "c":
            flat = flat.view(flat.real.dtype)
        return [plain(item) for item in flat]
    if isinstance(value, np.complexfloating):
        return [value.real.item(), value.imag.item()]
    if isinstance(value, bytes):
        return value.decode()
    item = value.item() if isinstance(value, np.generic) else value
    if isinstance(item, float) and np.isnan(item):
        return None
    return None if item == "" else item


def cells(table: Table, name: str) -> list[Any]:
    """A column as Python values."""
    return [plain(value) for value in table[name]]
