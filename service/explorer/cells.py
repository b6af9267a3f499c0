"""Values of tables as a page shows them: shortened, aligned, linked."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from adql.columns import ColumnMeta

_LONG = 60
_LONG_TITLE = 600
_SHOWN_ITEMS = 4
_MOST_GROUPED = 10**9  # larger whole numbers are identifiers, not counts
_BOOLEANS = {"t": "true", "f": "false"}
_NUMBERS = {"unsignedByte", "short", "int", "long", "float", "double"}
_WEB = re.compile(r"https?://[^\s<>\"']+")


@dataclass(frozen=True, slots=True)
class Cell:
    """A text, where it leads, the whole of it where it was shortened, and its kind for the style:
    "number", "null", "text" or ""."""

    text: str
    kind: str = ""
    href: str | None = None
    title: str | None = None


def cell(value: Any, column: ColumnMeta) -> Cell:
    """One value of a column, as JSON has it."""
    if value is None:
        return Cell("null", "null")
    if isinstance(value, bool):
        return Cell("true" if value else "false")
    if isinstance(value, int | float):
        return Cell(number(value), "number", title=_exact(value))
    if isinstance(value, list):
        return _array(value)
    return _text(str(value), column)


def is_number(column: ColumnMeta) -> bool:
    """Whether a column's values are aligned as numbers."""
    return column.datatype in _NUMBERS and column.arraysize is None


def number(value: float) -> str:
    """A number with at most seven significant digits."""
    return str(value) if isinstance(value, int) else f"{value:.7g}"


def shown(value: Any, datatype: str = "") -> str:
    """A value of a statistic: numbers short, texts cut, PostgreSQL's booleans in words."""
    if datatype == "boolean":
        return _BOOLEANS.get(str(value), str(value))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _cut(str(value))
    counts = isinstance(value, int) and 10_000 <= abs(value) < _MOST_GROUPED
    return f"{value:,}" if counts else number(value)


def query_url(query: str, *, run: bool = True) -> str:
    """The page that shows a query, and runs it."""
    return f"/explorer/query?{urlencode({'QUERY': query, **({'RUN': 1} if run else {})})}"


def table_url(table: str, column: str = "") -> str:
    """The page of a table or a column."""
    return f"/explorer/tables/{quote(table, safe='')}" + (
        f"/{quote(column, safe='')}" if column else ""
    )


def schema_url(schema: str) -> str:
    """The page of a schema."""
    return f"/explorer/schemas/{quote(schema, safe='')}"


def _exact(value: float) -> str | None:
    return None if number(value) == str(value) else str(value)


def _array(values: list[Any]) -> Cell:
    items = " ".join("null" if v is None else shown(v) for v in values[:_SHOWN_ITEMS])
    more = f" … ({len(values):,} values)" if len(values) > _SHOWN_ITEMS else ""
    return Cell(f"{items}{more}", "text")


def _text(value: str, column: ColumnMeta) -> Cell:
    if _WEB.fullmatch(value):
        return Cell(_cut(value), "text", href=value, title=_title(value))
    if column.name.lower() == "obs_publisher_did":
        href = f"/datalink/links?{urlencode({'ID': value})}"
        return Cell(_cut(value), "text", href=href, title=_title(value))
    if column.xtype == "timestamp":
        return Cell(value)
    return Cell(_cut(value), "text", title=_title(value))


def _cut(value: str) -> str:
    return value if len(value) <= _LONG else value[: _LONG - 1].rstrip() + "…"


def _title(value: str) -> str | None:
    """The whole of a value that is shown in part."""
    return value[:_LONG_TITLE] if len(value) > _LONG else None
