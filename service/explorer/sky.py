"""Where a table's rows lie on the sky: counted in cells of equal area, of a sample if large."""

from asyncpg import Connection, Record
from asyncpg.pool import PoolConnectionProxy

from adql.catalogue import SkyPosition, Table
from service.explorer.twins import Content
from service.html.sky_map import Place

_SAMPLE_ROWS = 200_000
_TIMEOUT_MS = 3_000

# 48 half hours by 24 belts of equal height in sin(dec): cells of 36 square degrees.
_CELLS = """
    SELECT avg(ra) AS ra, avg(dec) AS dec, count(*) AS rows
    FROM (SELECT ({ra})::float8 AS ra, ({dec})::float8 AS dec FROM {relation} {sample}) AS place
    WHERE ra BETWEEN -360 AND 720 AND dec BETWEEN -90 AND 90
    GROUP BY floor(ra / 7.5), least(floor((sind(dec) + 1) * 12), 23)
    ORDER BY rows DESC
"""


async def sky_cells(
    reader: "PoolConnectionProxy[Record] | Connection[Record]", table: Table, rows: int | None
) -> list[Content]:
    """Mean position in degrees and number of rows of each cell that has some, the fullest first.

    Empty for a table without a position. Larger tables than _SAMPLE_ROWS are sampled by pages, a
    view is counted whole; asyncpg.QueryCanceledError where that takes too long.
    """
    if not table.positions:
        return []
    statement = _CELLS.format(
        relation=table.sql_name,
        sample=await _sample(reader, table, rows),
        **_columns(table, table.positions[0]),
    )
    async with reader.transaction(readonly=True):
        await reader.execute(f"SET LOCAL statement_timeout = {_TIMEOUT_MS:d}")
        found = await reader.fetch(statement)
    return [
        {"ra": round(row["ra"] % 360, 3), "dec": round(row["dec"], 3), "rows": row["rows"]}
        for row in found
    ]


def _columns(table: Table, position: SkyPosition) -> dict[str, str]:
    """The two columns as SQL names them."""
    names = {column.meta.name: column.sql_name for column in table.columns}
    return {"ra": names[position.ra], "dec": names[position.dec]}


async def _sample(
    reader: "PoolConnectionProxy[Record] | Connection[Record]", table: Table, rows: int | None
) -> str:
    if rows is None or rows <= _SAMPLE_ROWS:
        return ""
    is_table = await reader.fetchval(
        "SELECT relkind IN ('r', 'm') FROM pg_class WHERE oid = to_regclass($1)", table.sql_name
    )
    if not is_table:
        return ""
    return f"TABLESAMPLE SYSTEM ({100 * _SAMPLE_ROWS / rows:.6f}) REPEATABLE (1)"


def places(cells: list[Content]) -> list[Place]:
    """The cells as a map draws them."""
    return [Place(cell["ra"], cell["dec"], cell["rows"]) for cell in cells]
