"""A table with its columns, keys, examples and statistics, for programs and for pages."""

from dataclasses import asdict
from typing import Any

from asyncpg import Record

from schema.statistics import QUANTILES, ColumnStatistics, Session, read_statistics
from service.errors import NotFound

_COLUMN_WORDS = ("datatype", "arraysize", "xtype", "unit", "ucd", "utype", "description")
_FLAGS = ("indexed", "principal", "std")


async def table_json(connection: Session, name: str) -> dict[str, Any]:
    """Everything known of a table, as JSON has it; NotFound where there is none of that name.

    Names are those of TAP_SCHEMA. Words that are not known are left out.
    """
    table = await connection.fetchrow(
        "SELECT t.*, p.title, p.source, p.published FROM tap_schema.tables t "
        "LEFT JOIN archive.published p USING (table_name) WHERE lower(t.table_name) = lower($1)",
        name,
    )
    if table is None:
        raise NotFound(f"there is no table {name[:100]!r}; /tap/tables lists them")
    name = table["table_name"]
    statistics = await read_statistics(connection, name)
    columns = await connection.fetch(
        "SELECT * FROM tap_schema.columns WHERE table_name = $1 ORDER BY column_index, column_name",
        name,
    )
    published = table["published"]
    return _known(
        {
            "schema": table["schema_name"],
            "name": name,
            "type": table["table_type"],
            "title": table["title"],
            "description": table["description"],
            "utype": table["utype"],
            "rows": statistics.rows,
            "rows_exact": statistics.rows_exact,
            "octets": statistics.octets,
            "source": table["source"],
            "published": None if published is None else published.isoformat(),
            "columns": [
                _column(column, statistics.columns.get(column["column_name"])) for column in columns
            ],
            "keys": await _keys(connection, name),
            "examples": await _examples(connection, name),
        }
    )


def _known(words: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in words.items() if value is not None}


def _column(column: Record, statistics: ColumnStatistics | None) -> dict[str, Any]:
    words = {word: column[word] for word in _COLUMN_WORDS}
    flags = [flag for flag in _FLAGS if column[flag]]
    spread = None if statistics is None else _spread(statistics)
    return _known({"name": column["column_name"], **words, "flags": flags, "statistics": spread})


def _spread(statistics: ColumnStatistics) -> dict[str, Any]:
    words = asdict(statistics)
    words["quantiles"] = dict(zip(map(str, QUANTILES), statistics.quantiles, strict=False)) or None
    words["common"] = [
        {"value": value, "share": share} for value, share in statistics.common
    ] or None
    return _known(words)


async def _keys(connection: Session, name: str) -> list[dict[str, Any]]:
    rows = await connection.fetch(
        "SELECT key_id, target_table, description, array_agg(from_column) AS columns, "
        "array_agg(target_column) AS target_columns FROM tap_schema.keys "
        "JOIN tap_schema.key_columns USING (key_id) WHERE from_table = $1 "
        "GROUP BY key_id ORDER BY key_id",
        name,
    )
    return [_known(dict(row)) for row in rows]


async def _examples(connection: Session, name: str) -> list[dict[str, Any]]:
    rows = await connection.fetch(
        "SELECT title, query, description FROM archive.example WHERE table_name = $1 "
        "ORDER BY position",
        name,
    )
    return [_known(dict(row)) for row in rows]
