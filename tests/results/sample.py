"""A table with a column of every type, and queries on it as the translator hands them over."""

from collections.abc import Sequence
from dataclasses import dataclass

from adql.columns import ColumnMeta, OutputColumn

# Name, VOTable datatype, arraysize, PostgreSQL type.
KINDS: tuple[tuple[str, str, str | None, str], ...] = (
    ("flag", "boolean", None, "boolean"),
    ("octet", "unsignedByte", None, "smallint"),
    ("small", "short", None, "smallint"),
    ("number", "int", None, "integer"),
    ("big", "long", None, "bigint"),
    ("single", "float", None, "real"),
    ("precise", "double", None, "double precision"),
    ("plain", "char", "*", "text"),
    ("wide", "unicodeChar", "*", "text"),
    ("doubles", "double", "*", "double precision[]"),
    ("numbers", "int", "*", "integer[]"),
    ("pair", "float", "2", "real[]"),
    ("flags", "boolean", "*", "boolean[]"),
    ("octets", "unsignedByte", "*", "bytea"),
)


@dataclass(frozen=True)
class SqlQuery:
    """A query given as its SQL."""

    columns: Sequence[OutputColumn]
    sql: str

    def literal_sql(self) -> str:
        return self.sql


def column(index: int, name: str, datatype: str, arraysize: str | None, sql: str) -> OutputColumn:
    return OutputColumn(ColumnMeta(name, datatype, arraysize), f"c{index}", sql)


def create_table(name: str) -> str:
    columns = ", ".join(f"{kind[0]} {kind[3]}" for kind in KINDS)
    return f"CREATE TABLE {name} (n integer, {columns})"


def sample_query(table: str) -> SqlQuery:
    columns = [column(i, *kind) for i, kind in enumerate(KINDS, start=1)]
    names = ", ".join(f"{kind[0]} AS c{i}" for i, kind in enumerate(KINDS, start=1))
    return SqlQuery(columns, f"SELECT {names} FROM {table} ORDER BY n")
