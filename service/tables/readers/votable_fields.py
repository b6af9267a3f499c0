"""FIELD elements: what a VOTable says of a column, and what becomes of its type here."""

import re
from dataclasses import dataclass, replace
from math import prod

from adql.columns import ColumnMeta
from service.tables.big_endian import DTYPES

_SIZE = re.compile(r"(\d+x)*(\d+\*?|\*)$")
_COMPLEX = {"floatComplex": "float", "doubleComplex": "double"}
_XTYPES = {"adql:timestamp": "timestamp", "iso8601": "timestamp"}
_KNOWN = (*DTYPES, *_COMPLEX, "char", "unicodeChar", "bit")


class UnknownType(Exception):
    """A FIELD with a datatype or arraysize that VOTable does not have."""


@dataclass(slots=True)
class Field:
    """A FIELD. `datatype` and `arraysize` are the file's; `meta` is the column as published.

    Complex numbers become pairs along a first axis of 2, bits become booleans; strings of several
    axes stay one text.
    """

    meta: ColumnMeta
    datatype: str
    arraysize: str | None
    null: int | None = None

    @property
    def element(self) -> str:
        """The datatype of what is stored."""
        return _COMPLEX.get(self.datatype, self.datatype)

    @property
    def parts(self) -> int:
        """Stored elements of one element of the file: 2 for complex numbers."""
        return 2 if self.datatype in _COMPLEX else 1

    @property
    def count(self) -> int | None:
        """Elements of the file in each row; None where that varies."""
        if self.arraysize is None:
            return 1
        if "*" in self.arraysize:
            return None
        return prod(int(axis) for axis in self.arraysize.split("x"))

    @property
    def is_text(self) -> bool:
        """Whether it is one string a row."""
        return self.datatype in ("char", "unicodeChar")

    def note_null(self, value: str | None) -> None:
        """The value that stands for NULL (VOTable 1.4 §4.7)."""
        if value and re.fullmatch(r"[-+]?\d+|0[xX][0-9a-fA-F]+", value.strip()):
            self.null = int(value, 0) if "x" in value.lower() else int(value)


def field_of(attributes: dict[str, str]) -> Field:
    """The column that a FIELD's attributes describe; UnknownType where they make no sense."""
    name = attributes.get("name") or attributes.get("ID") or ""
    datatype = attributes.get("datatype", "char")
    arraysize = (attributes.get("arraysize") or "").strip() or None
    if datatype == "string":  # an error that services make
        datatype, arraysize = "char", "*"
    if arraysize == "1":
        arraysize = None
    if datatype not in _KNOWN:
        raise UnknownType(f"FIELD {name!r} has the datatype {datatype!r}, which VOTable has not")
    if arraysize is not None and not _SIZE.match(arraysize):
        raise UnknownType(f"FIELD {name!r} has the arraysize {arraysize!r}, which says no size")
    xtype = attributes.get("xtype")
    meta = ColumnMeta(
        name=name,
        datatype="boolean" if datatype == "bit" else _COMPLEX.get(datatype, datatype),
        arraysize=_published_size(datatype, arraysize),
        xtype=_XTYPES.get((xtype or "").lower(), xtype),
        unit=attributes.get("unit") or None,
        ucd=attributes.get("ucd") or None,
        utype=attributes.get("utype") or None,
    )
    return Field(meta, datatype, arraysize)


def _published_size(datatype: str, arraysize: str | None) -> str | None:
    if datatype in ("char", "unicodeChar"):
        return "*" if arraysize is None or "x" in arraysize else arraysize
    if datatype in _COMPLEX:
        return "2" if arraysize is None else f"2x{arraysize}"
    return arraysize


def with_description(field: Field, text: str) -> Field:
    """The field with the text of its DESCRIPTION."""
    return replace(field, meta=replace(field.meta, description=text))
