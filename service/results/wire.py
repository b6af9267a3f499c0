"""How each column of a query is asked of PostgreSQL, so that every format gets few, known types.

The SQL made here names nothing but c1..cn and the query as `literal_sql()` wrote it (DESIGN §4).
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from math import prod
from typing import Protocol

from adql.columns import ColumnMeta, OutputColumn
from service.errors import StarhaulError

# VOTable datatype: PostgreSQL type, bytes on the wire.
_SCALARS = {
    "boolean": ("boolean", 1),
    "unsignedByte": ("smallint", 2),
    "short": ("smallint", 2),
    "int": ("integer", 4),
    "long": ("bigint", 8),
    "float": ("real", 4),
    "double": ("double precision", 8),
}
_MOMENTS = ("timestamp", "date")
TEXT_TYPES = ("char", "unicodeChar")

# What stands for a missing element of an array; VOTable has no mask for elements (VOTable 1.4 §6).
ELEMENT_NULL = {
    "boolean": "?",
    "unsignedByte": "255",
    "short": "-32768",
    "int": "-2147483648",
    "long": "-9223372036854775808",
    "float": "NaN",
    "double": "NaN",
}


class Query(Protocol):
    """What a result is made from: a translated query (adql.translation.Translation)."""

    @property
    def columns(self) -> Sequence[OutputColumn]:
        """The columns, in order."""
        ...

    def literal_sql(self) -> str:
        """One SELECT whose columns are named c1..cn, without parameters."""
        ...


class CopyForm(Enum):
    """What COPY is asked for."""

    BINARY = "binary"
    TEXT = "text"
    CSV = "csv"
    TSV = "tsv"
    JSON = "json"

    @property
    def counts_rows(self) -> bool:
        """Whether rows can be told apart on the way: values of CSV and TSV may hold newlines."""
        return self not in (CopyForm.CSV, CopyForm.TSV)


@dataclass(frozen=True, slots=True)
class WireColumn:
    """A column as it arrives. `width` is its size in bytes, None where that varies."""

    meta: ColumnMeta
    sql_name: str
    sql_type: str

    @property
    def is_text(self) -> bool:
        """Whether it is one string a row."""
        return self.meta.datatype in TEXT_TYPES

    @property
    def is_moment(self) -> bool:
        """Whether it is a moment, which arrives as ASCII text of our own making."""
        return self.is_text and self.sql_type.startswith(_MOMENTS)

    @property
    def is_array(self) -> bool:
        """Whether it is an array of numbers or booleans a row."""
        return self.sql_type.endswith("[]") or self.sql_type == "bytea"

    @property
    def width(self) -> int | None:
        """Bytes of a value that is not NULL, on the wire."""
        if self.is_text or self.is_array:
            return None
        return _SCALARS[self.meta.datatype][1]

    @property
    def items(self) -> int | None:
        """Elements of a fixed array ("3", "2x3"); None where the number varies or is no array's."""
        arraysize = self.meta.arraysize
        if not self.is_array or arraysize is None or "*" in arraysize:
            return None
        return prod(int(axis) for axis in arraysize.split("x"))


def wire_columns(columns: Sequence[OutputColumn]) -> tuple[WireColumn, ...]:
    """The columns as they will arrive; StarhaulError where a type has no form in VOTable."""
    found = tuple(WireColumn(c.meta, c.sql_name, c.sql_type) for c in columns)
    for column in found:
        known = column.meta.datatype in _SCALARS or column.is_text
        if not known or (column.is_text and column.is_array):
            raise StarhaulError(
                f"column {column.meta.name} has the type {column.meta.datatype} "
                f"({column.sql_type}), which results cannot carry; leave it out of the query"
            )
    return found


def copy_sql(query: Query, form: CopyForm, limit: int | None, sync: int) -> str:
    """The SELECT to COPY: the query's columns in the types of `form`, `limit` rows at most.

    BINARY has `sync` as its first column; JSON has one column, an array in text.
    """
    expressions = [_expression(column, form) for column in wire_columns(query.columns)]
    if form is CopyForm.BINARY:
        expressions.insert(0, f"({sync:d})::bigint")
    elif form is CopyForm.JSON:
        expressions = [f"json_build_array({', '.join(expressions)})::text"]
    bound = "" if limit is None else f" LIMIT {limit:d}"
    return f"SELECT {', '.join(expressions)} FROM ({query.literal_sql()}) AS q{bound}"  # noqa: S608


def random_sync() -> int:
    """A value for the constant first column that no user can know in advance.

    Its first byte is rare in text, coordinates and small numbers, which makes the search fast.
    """
    return int.from_bytes(b"\x9b" + secrets.token_bytes(7), "big", signed=True)


def _expression(column: WireColumn, form: CopyForm) -> str:
    name = column.sql_name
    if column.is_text:
        return _text(name, column.sql_type)
    as_text = form in (CopyForm.TEXT, CopyForm.CSV, CopyForm.TSV)
    if column.sql_type == "bytea":
        return name if form is CopyForm.BINARY else _octets(name, as_text)
    sql_type, _ = _SCALARS[column.meta.datatype]
    if column.is_array:
        value = f"{name}::{sql_type}[]"
        null = ELEMENT_NULL[column.meta.datatype]
        return f"array_to_string({value}, ' ', '{null}')" if as_text else value
    value = f"{name}::{sql_type}"
    if column.meta.datatype == "boolean" and form in (CopyForm.CSV, CopyForm.TSV):
        return f"{value}::text"
    return value


def _octets(name: str, as_text: bool) -> str:
    """The bytes of a bytea as decimal numbers."""
    numbers = f"SELECT get_byte({name}, i - 1) FROM generate_series(1, length({name})) AS i"  # noqa: S608
    array = f"CASE WHEN {name} IS NOT NULL THEN ARRAY({numbers}) END"
    return f"array_to_string({array}, ' ')" if as_text else array


def _text(name: str, sql_type: str) -> str:
    """A string; moments as DALI 1.1 §3.3.3 writes them.

    Years before 1 are ISO 8601's (0000 is 1 BC); an infinite moment has no such form: NULL.
    """
    if sql_type.startswith("timestamp with time zone") or sql_type == "timestamptz":
        name = f"({name} AT TIME ZONE 'UTC')"
    elif not sql_type.startswith(_MOMENTS):
        return f"{name}::text"
    moment = f"{name}::timestamp"
    year = f"(-1 - extract(year FROM {moment}))::integer"
    return (
        f"CASE WHEN {moment} >= '0001-01-01' AND {moment} < 'infinity' "
        f"THEN replace(({moment})::text, ' ', 'T') "
        f"WHEN {moment} > '-infinity' AND {moment} < '0001-01-01' "
        f"THEN CASE WHEN {year} = 0 THEN '' ELSE '-' END || lpad(({year})::text, 4, '0') "
        f"|| to_char({moment}, '-MM-DD\"T\"HH24:MI:SS.US') END"
    )
