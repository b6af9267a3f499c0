"""The columns that ORDER, UNIQUE and NAMING may name, and their values in SQL.

A name is looked for among the columns of the query, then among those of ivoa.obscore, then among
what is known of every file. No text of a user reaches SQL: columns of a query are c1, c2, ...
"""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from adql.columns import OutputColumn
from schema.obscore import OBSCORE_COLUMNS
from service.errors import UsageError

_OBSCORE = {
    column.meta.name: column.sql_type
    for column in OBSCORE_COLUMNS
    if column.meta.name != "access_url"
}
_EXTENSION = r"'\.([A-Za-z0-9]{1,10}(\.(gz|bz2|xz|fz|Z))?)$'"
_FILE = {
    "collection": "collection.name",
    "extension": f"substring(holding.path FROM {_EXTENSION})",
    "filename": "regexp_replace(holding.path, '^.*/', '')",
    "id": "holding.id::text",
    "path": "holding.path",
    "semantics": "substr(link.relation, 2)",
    "stem": f"regexp_replace(regexp_replace(holding.path, '^.*/', ''), {_EXTENSION}, '')",
}
_NUMBERS = ("smallint", "integer", "bigint", "real", "double precision", "numeric")
_MOMENTS = ("timestamp", "date")
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Value:
    """A value in SQL. `carried` is its column in pg_temp.selection where the query returns it."""

    sql: str
    carried: str | None = None


@dataclass
class Columns:
    """What can be named, and the expressions over the query's columns that are carried along:
    their SQL and their PostgreSQL type, named k1, k2, ... in the order of `carried`."""

    of_query: Sequence[OutputColumn]
    carried: list[tuple[str, str]] = field(default_factory=list)

    def text(self, name: str, parameter: str) -> Value:
        """A column as text; UsageError, which names the parameter, where there is none."""
        column = self._of_query(name)
        if column is not None:
            return self._carry(_as_text(column.sql_name, column.sql_type), "text")
        known = name.lower()
        if known in _OBSCORE:
            return Value(_as_text(f"dataset.{known}", _OBSCORE[known]))
        if known in _FILE:
            return Value(_FILE[known])
        raise self._unknown(name, parameter)

    def sortable(self, name: str, parameter: str) -> Value:
        """A column in an order: numbers by size, the rest by their text, NaN as no value."""
        column = self._of_query(name)
        if column is None:
            known = name.lower()
            if known not in _OBSCORE:
                value = self.text(name, parameter)
                return Value(f'{value.sql} COLLATE "C"')
            return Value(_sorted(f"dataset.{known}", _OBSCORE[known]))
        kind = column.sql_type
        if kind not in (*_NUMBERS, "boolean") and not kind.startswith(_MOMENTS):
            kind = "text"
        carried = self._carry(f"{column.sql_name}::{kind}", kind)
        assert carried.carried is not None
        return Value(_sorted(carried.sql, kind), _sorted(carried.carried, kind))

    def _carry(self, sql: str, kind: str) -> Value:
        if (sql, kind) not in self.carried:
            self.carried.append((sql, kind))
        name = f"k{self.carried.index((sql, kind)) + 1}"
        return Value(f"named.{name}", name)

    def _of_query(self, name: str) -> OutputColumn | None:
        """The column that is so named, else one that differs in case alone."""
        folded = None
        for column in self.of_query:
            if column.meta.name == name:
                return column
            if column.meta.name.lower() == name.lower():
                folded = folded or column
        return folded

    def _unknown(self, name: str, parameter: str) -> UsageError:
        returned = [column.meta.name for column in self.of_query]
        near = _near(name, (*returned, *_OBSCORE, *_FILE))
        said = f"; your query returns {', '.join(returned[:_SHOWN])}" if returned else ""
        hint = f"; did you mean {near}?" if near else ""
        return UsageError(
            f"{parameter}: there is no column {name[:80]!r}{hint or said} "
            f"(columns of ivoa.obscore and {', '.join(_FILE)} are known too)"
        )


def _near(name: str, known: Iterable[str]) -> str | None:
    by_folded = {each.lower(): each for each in known}
    found = difflib.get_close_matches(name.lower(), by_folded, 1, 0.6)
    return by_folded[found[0]] if found else None


def _as_text(sql: str, kind: str) -> str:
    """The value as names have it: moments in ISO 8601."""
    if kind.startswith("timestamp"):
        return f"replace({sql}::text, ' ', 'T')"
    return f"{sql}::text"


def _sorted(sql: str, kind: str) -> str:
    """The value as PostgreSQL sorts it; NaN, which is the largest there, is no value."""
    if kind in ("real", "double precision", "numeric"):
        return f"nullif({sql}, 'NaN'::{kind})"
    return f'{sql} COLLATE "C"' if kind == "text" else sql
