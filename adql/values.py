"""What is known of a value before any row is read: its kind, PostgreSQL type and metadata."""

from dataclasses import dataclass, replace
from typing import Literal

from adql.columns import ColumnMeta

ValueKind = Literal["number", "text", "timestamp", "boolean", "geometry", "null", "other"]

_VOTABLE: dict[str, tuple[str, str | None]] = {
    "boolean": ("boolean", None),
    "smallint": ("short", None),
    "integer": ("int", None),
    "bigint": ("long", None),
    "real": ("float", None),
    "double precision": ("double", None),
    "text": ("char", "*"),
    "timestamp": ("char", "*"),
    "integer[]": ("int", "*"),
    "double precision[]": ("double", "*"),
}
_RANKS = ("smallint", "integer", "bigint", "real", "double precision")
_LARGEST = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}
KIND_NAMES: dict[ValueKind, str] = {
    "number": "a number",
    "text": "a text",
    "timestamp": "a timestamp",
    "null": "NULL",
    "geometry": "a geometry",
    "boolean": "a truth value",
    "other": "an array",
}
"""The kinds of values in the words of messages."""
_SIZES = {"point": "2", "circle": "3"}

_DALI_SHAPES = ("point", "circle", "polygon")
_REGION_TEXTS = ("region", "point", "stc-s", "shape", "multishape")
"""xtypes of texts that starhaul.region reads: of TAP 1.0, of STC-S, of DALI 1.2."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value of an expression; `meta.name` is of no meaning here.

    `at_most` bounds the magnitude of a whole number more closely than its type does.
    """

    kind: ValueKind
    sql_type: str
    meta: ColumnMeta
    at_most: int | None = None

    @property
    def is_geometry(self) -> bool:
        """Whether geometry functions take it: a geometry, or a region in its text form."""
        xtype = (self.meta.xtype or "").lower().removeprefix("adql:")
        return self.kind == "geometry" or (self.kind == "text" and xtype in _REGION_TEXTS)

    @property
    def shape(self) -> str | None:
        """point, circle or polygon; None where only the row tells."""
        return self.meta.xtype if self.kind == "geometry" else None

    @property
    def is_integer(self) -> bool:
        """Whether it is an exact number."""
        return self.kind == "number" and _RANKS.index(self.sql_type) < 3

    @property
    def magnitude(self) -> int:
        """The largest absolute value of a whole number."""
        return _LARGEST[self.sql_type] if self.at_most is None else self.at_most


def of_sql_type(
    sql_type: str, unit: str | None = None, ucd: str | None = None, xtype: str | None = None
) -> Value:
    """A value of a PostgreSQL type with the metadata that is right for it."""
    datatype, arraysize = _VOTABLE[sql_type]
    if sql_type == "timestamp":
        xtype = "timestamp"
    meta = ColumnMeta("", datatype, arraysize, xtype, unit, ucd)
    return Value(_kind(sql_type), sql_type, meta)


def text(unicode: bool, arraysize: str | None = None, ucd: str | None = None) -> Value:
    """A text, of any length unless told; `unicode` where it may have more than ASCII."""
    datatype = "unicodeChar" if unicode else "char"
    return Value("text", "text", ColumnMeta("", datatype, arraysize or "*", ucd=ucd))


def geometry(shape: str, frame: str | None = None) -> Value:
    """A geometry: an array of degrees with a DALI xtype (DALI 1.1 §3.3); ICRS without a frame."""
    meta = ColumnMeta("", "double", _SIZES.get(shape, "*"), shape, "deg", None, frame=frame)
    return Value("geometry", "double precision[]", meta)


def of_column(meta: ColumnMeta, sql_type: str) -> Value:
    """The value of a plain column: keeps everything the catalogue says."""
    kind = _kind(sql_type)
    if sql_type in ("double precision[]", "real[]") and meta.xtype in _DALI_SHAPES:
        kind = "geometry"
    return Value(kind, sql_type, meta)


def _kind(sql_type: str) -> ValueKind:
    if sql_type in _RANKS:
        return "number"
    if sql_type == "text":
        return "text"
    if sql_type.startswith("timestamp"):
        return "timestamp"
    if sql_type == "boolean":
        return "boolean"
    return "other"


def wider(types: list[str]) -> str:
    """The numeric type that holds all of these; integers with reals need double precision."""
    best = max(types, key=_RANKS.index)
    if best == "real" and any(t in ("integer", "bigint") for t in types):
        return "double precision"
    return best


def renamed(value: Value, name: str) -> ColumnMeta:
    """The metadata of an output column."""
    return replace(value.meta, name=name)


def without_identity(value: Value, statistic: str | None = None) -> Value:
    """The value of many rows in one: keeps unit and UCD, not what names the column itself.

    `statistic` is the secondary word that the UCD gets, such as stat.mean (UCD1+ list 1.6).
    """
    ucd = value.meta.ucd
    if ucd:
        words = [w for w in ucd.split(";") if w.strip().lower() != "meta.main"]
        if words and statistic and statistic not in words:
            words.append(statistic)
        ucd = ";".join(words) or None
    return replace(value, meta=replace(value.meta, ucd=ucd, utype=None, description=None))


NULL = Value("null", "text", ColumnMeta("", "char", "*"))
BOOLEAN = of_sql_type("boolean")
