"""One table, and one column, with all that is known of them."""

from difflib import get_close_matches
from typing import Any

import asyncpg

import adql
from adql.catalogue import Table
from adql.translation import Translation
from schema.catalogue import plain_name
from schema.statistics import Session
from service.archive import Archive
from service.errors import NotFound, StarhaulError, UsageError
from service.examples import TableExample
from service.explorer.rows import FirstRows, first_rows
from service.explorer.sky import sky_cells
from service.explorer.twins import Content
from service.results.rows import query_slot
from service.vosi.table_json import table_json

_SAMPLE_ROWS = 5
_PATIENCE_S = 3.0

_NAMES = """
    SELECT table_name AS name, '' AS column_name FROM tap_schema.tables
    WHERE lower(table_name) = lower($1)
    UNION ALL
    SELECT table_name, column_name FROM tap_schema.columns
    WHERE lower(table_name || '/' || column_name) = lower($1)
"""
_NEAR = """
    SELECT table_name FROM tap_schema.tables
    UNION ALL
    SELECT table_name || '/' || column_name FROM tap_schema.columns
    WHERE lower(table_name) = lower($1)
"""
_REFERRED = """
    SELECT key_id, from_table, description, array_agg(from_column ORDER BY from_column) AS columns,
           array_agg(target_column ORDER BY from_column) AS target_columns
    FROM tap_schema.keys JOIN tap_schema.key_columns USING (key_id) WHERE target_table = $1
    GROUP BY key_id ORDER BY key_id
"""


async def named(connection: Session, name: str) -> tuple[str, str]:
    """Table and column of "TABLE" or "TABLE/COLUMN", whatever characters they have; the column is
    empty where a table was named. NotFound where there is neither."""
    rows = await connection.fetch(_NAMES, name.replace("\0", ""))
    if not rows:
        raise NotFound(
            f"there is no table or column {name[:100]!r}; {await _hint(connection, name)}"
            "/explorer lists the tables"
        )
    exact = [r for r in rows if name in (r["name"], f"{r['name']}/{r['column_name']}")]
    best = (exact or rows)[0]
    return best["name"], best["column_name"]


async def _hint(connection: Session, name: str) -> str:
    """The nearest name: of a table, or of a column of the table that is named."""
    asked, table = name[:100].lower(), name.partition("/")[0].replace("\0", "")
    known = {row[0].lower(): row[0] for row in await connection.fetch(_NEAR, table)}
    near = get_close_matches(asked, known, 1)
    return f"did you mean {known[near[0]]}? " if near else ""


async def read_table(connection: Session, name: str, examples: tuple[TableExample, ...]) -> Content:
    """Everything but its rows: words, columns with statistics, keys, examples."""
    content = await table_json(connection, name)
    referring = await connection.fetch(_REFERRED, content["name"])
    content["referred_by"] = [
        {key: value for key, value in row.items() if value is not None} for row in referring
    ]
    content["examples"] = [
        {
            "name": found.example.name,
            "title": found.example.title,
            "description": found.example.description,
            "query": found.example.query,
        }
        for found in examples
        if content["name"] in found.tables
    ]
    return content


async def read_column(connection: Session, table: str, column: str) -> Content:
    """One column with its statistics, beside what its table is."""
    content = await table_json(connection, table)
    words = next(each for each in content["columns"] if each["name"] == column)
    about = {"table": content["name"], "rows": content.get("rows")}
    spread = words.pop("statistics", {})
    common = spread.pop("common", [])
    quantiles = [
        {"share": float(share), "value": value}
        for share, value in spread.pop("quantiles", {}).items()
    ]
    keys = [key for key in content["keys"] if column in key["columns"]]
    return {
        **words,
        **about,
        "statistics": spread,
        "quantiles": quantiles,
        "common": common,
        "keys": keys,
    }


async def catalogue_table(archive: Archive, content: Content) -> Table | None:
    """The table as queries know it; None for a moment after it was published or taken away."""
    schema = plain_name(content["schema"])
    name = plain_name(content["name"].removeprefix(content["schema"] + "."))
    tables = (await archive.catalogue.get()).tables()
    return next((t for t in tables if (t.schema, t.name) == (schema, name)), None)


async def sample_of(archive: Archive, content: Content) -> tuple[FirstRows | None, str]:
    """Five rows as any reader gets them, or why there are none."""
    try:
        query = await _all_of(archive, content["name"])
        pool = archive.database.reader
        return await first_rows(pool, query, _SAMPLE_ROWS, _PATIENCE_S), ""
    except (adql.ADQLError, UsageError):
        return None, "No sample: the table gave no rows in time."


async def sky_of(archive: Archive, content: Content) -> list[Content]:
    """Where the rows lie; empty where that is not known in time."""
    table = await catalogue_table(archive, content)
    if table is None:
        return []
    try:
        async with query_slot(archive.database.reader) as reader:
            return await sky_cells(reader, table, content.get("rows"))
    except (asyncpg.PostgresError, StarhaulError):
        return []


async def _all_of(archive: Archive, name: str) -> Translation:
    return adql.translate(f"SELECT * FROM {name}", await archive.catalogue.get())  # noqa: S608


def as_rows(sample: FirstRows) -> list[dict[str, Any]]:
    """Rows as dictionaries by the names of their columns."""
    names = [column.name for column in sample.columns]
    return [dict(zip(names, row, strict=True)) for row in sample.rows]
