"""All schemas and tables, and those of one schema."""

from schema.statistics import Session, read_statistics
from service.errors import NotFound
from service.explorer.twins import Content

# Tables that are not published have no count of their own: asked of PostgreSQL one by one.
_MOST_ASKED = 50

_SCHEMAS = """
    SELECT s.schema_name AS name, s.description, s.utype,
           (SELECT count(*) FROM tap_schema.tables t WHERE t.schema_name = s.schema_name) AS tables
    FROM tap_schema.schemas s ORDER BY schema_index, schema_name
"""
_TABLES = """
    SELECT t.schema_name AS schema, t.table_name AS name, p.title, t.description,
           t.table_type AS type, p.rows, p.rows IS NOT NULL AS rows_exact,
           (SELECT count(*) FROM tap_schema.columns c WHERE c.table_name = t.table_name) AS columns
    FROM tap_schema.tables t LEFT JOIN archive.published p USING (table_name)
    WHERE $1::text IS NULL OR t.schema_name = $1
    ORDER BY t.table_index, t.table_name
"""


async def read_overview(connection: Session) -> Content:
    """Every schema and every table with its size."""
    schemas = [dict(row) for row in await connection.fetch(_SCHEMAS)]
    tables = await _tables(connection, None)
    order = {row["name"]: number for number, row in enumerate(schemas)}
    tables.sort(key=lambda table: order.get(table["schema"], len(order)))
    return {"schemas": schemas, "tables": tables}


async def read_schema(connection: Session, name: str) -> Content:
    """One schema with its tables; NotFound where there is none of that name."""
    row = await connection.fetchrow(
        "SELECT schema_name AS name, description, utype FROM tap_schema.schemas "
        "WHERE lower(schema_name) = lower($1) ORDER BY schema_name = $1 DESC",
        name.replace("\0", ""),
    )
    if row is None:
        raise NotFound(f"there is no schema {name[:100]!r}; /explorer lists them")
    return {**row, "tables": await _tables(connection, row["name"])}


async def _tables(connection: Session, schema: str | None) -> list[Content]:
    tables = [dict(row) for row in await connection.fetch(_TABLES, schema)]
    uncounted = [table for table in tables if table["rows"] is None]
    for table in uncounted[:_MOST_ASKED]:
        table["rows"] = (await read_statistics(connection, table["name"])).rows
    return tables
