"""The columns of a FITS binary table, from its header (FITS 4.0 §7.3.1, §7.3.2)."""

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from astropy.io import fits

from adql.columns import ColumnMeta
from service.tables.table import Place, arrow_type

_TFORM = re.compile(r"\s*(\d*)([LXBIJKAEDCM])|\s*([01]?)([PQ])([LXBIJKAEDCM])")
# Code: VOTable datatype as stored, bytes of an element.
_CODES = {
    "L": ("boolean", 1),
    "X": ("boolean", 0),
    "B": ("unsignedByte", 1),
    "I": ("short", 2),
    "J": ("int", 4),
    "K": ("long", 8),
    "A": ("char", 1),
    "E": ("float", 4),
    "D": ("double", 8),
    "C": ("float", 8),
    "M": ("double", 16),
}
# TZERO that only says another signedness: the datatype that holds the values.
_SIGNEDNESS = {
    ("B", -128): "short",
    ("I", 2**15): "int",
    ("J", 2**31): "long",
    ("K", 2**63): "long",
}


@dataclass(frozen=True, slots=True)
class FITSColumn:
    """A column. `descriptor` is P or Q where its arrays lie in the heap; `repeat` counts elements.

    `stored` is the VOTable datatype of the octets, `meta.datatype` that of the physical values.
    """

    meta: ColumnMeta
    code: str
    stored: str
    repeat: int
    offset: int
    descriptor: str | None
    null: int | None
    scale: float
    zero: float | int

    @property
    def scaled(self) -> bool:
        """Whether TSCAL and TZERO change the values."""
        return self.scale != 1 or self.zero != 0

    @property
    def parts(self) -> int:
        """Numbers of an element: 2 for complex ones."""
        return 2 if self.code in "CM" else 1

    @property
    def item(self) -> int:
        """Bytes of an element."""
        return _CODES[self.code][1]

    def physical(self, values: pa.Array, place: Place) -> pa.Array:
        """The values that stored ones mean."""
        kind = arrow_type(ColumnMeta("", self.meta.datatype))
        if (self.code, self.zero) not in _SIGNEDNESS or self.scale != 1:
            real = values.cast(pa.float64())
            return pc.add(pc.multiply(real, self.scale), float(self.zero)).cast(kind)
        if self.code != "K":
            return pc.add(values.cast(pa.int64()), int(self.zero)).cast(kind)
        # Stored values from -2**63 mean 0 and more; those from 0 do not fit.
        large = pc.greater_equal(values, 0)
        if pc.any(large).as_py():
            row = pc.index(large, True).as_py() + 1
            raise place.after(row).error("its value is above 9223372036854775807, a long's largest")
        flipped = np.asarray(pc.fill_null(values, -(2**63))).astype(np.int64) ^ np.int64(-(2**63))
        return pa.array(flipped, mask=np.asarray(values.is_null()))


def columns_of(header: fits.Header, place: Place) -> list[FITSColumn]:
    """The columns that hold something."""
    found = []
    offset = 0
    for number in range(1, int(header["TFIELDS"]) + 1):
        column, width = _column(header, number, offset, place)
        offset += width
        if column.repeat or column.descriptor:
            found.append(column)
    if offset != header["NAXIS1"]:
        raise place.error(f"its columns take {offset} bytes a row, NAXIS1 says {header['NAXIS1']}")
    return found


def _column(header: fits.Header, n: int, offset: int, place: Place) -> tuple[FITSColumn, int]:
    name = str(header.get(f"TTYPE{n}", f"col{n}")).strip() or f"col{n}"
    form = str(header.get(f"TFORM{n}", ""))
    match = _TFORM.match(form)
    if match is None:
        raise Place(place.path, None, name).error(f"TFORM{n} = {form!r} is no format of FITS")
    descriptor = match[4]
    code = match[5] or match[2]
    repeat = int(match[3] or match[1] or 1)
    if descriptor:
        width = repeat * (8 if descriptor == "P" else 16)
    else:
        width = (repeat + 7) // 8 if code == "X" else repeat * _CODES[code][1]
    scale = float(header.get(f"TSCAL{n}", 1.0)) if code not in "LXA" else 1.0
    zero = header.get(f"TZERO{n}", 0) if code not in "LXA" else 0
    null = header.get(f"TNULL{n}")
    column = FITSColumn(
        meta=_meta(header, n, name, code, repeat if descriptor is None else None, scale, zero),
        code=code,
        stored=_CODES[code][0],
        repeat=repeat,
        offset=offset,
        descriptor=descriptor if repeat else None,
        null=int(null) if null is not None and code in "BIJK" else None,
        scale=scale,
        zero=zero,
    )
    return column, width


def _meta(
    header: fits.Header,
    n: int,
    name: str,
    code: str,
    repeat: int | None,
    scale: float,
    zero: float,
) -> ColumnMeta:
    def said(*keys: str) -> str | None:
        for key in keys:
            text = str(header.get(f"{key}{n}", "")).strip()
            if text:
                return text
        return None

    datatype = _CODES[code][0]
    if scale != 1 or zero != 0:
        datatype = _SIGNEDNESS.get((code, int(zero)), "double") if scale == 1 else "double"
    return ColumnMeta(
        name=name,
        datatype=datatype,
        arraysize=_arraysize(code, repeat, said("TDIM")),
        xtype=said("TXTYP"),
        unit=said("TUNIT"),
        ucd=said("TUCD"),
        utype=said("TUTYP"),
        description=said("TCOMM"),
    )


def _arraysize(code: str, repeat: int | None, dimensions: str | None) -> str | None:
    """VOTable's arraysize; FITS too writes the axis that varies fastest first."""
    if code == "A":
        return "*" if repeat is None else f"{repeat}*"
    parts = ["2"] if code in "CM" else []
    if repeat is None:
        return "x".join([*parts, "*"])
    axes = re.findall(r"\d+", dimensions or "")
    if not axes and repeat == 1 and code != "X":
        return parts[0] if parts else None
    return "x".join([*parts, *(axes or [str(repeat)])])
