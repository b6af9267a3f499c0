"""A position where a table has a row, for queries that test a search."""

from typing import TYPE_CHECKING

import asyncpg

from service.cone.tables import ConeTable
from service.results.rows import query_error, query_slot

if TYPE_CHECKING:
    from asyncpg import Pool, Record

_PATIENCE_S = 3
_ANYWHERE = (0.0, 0.0)
_FIRST = """
    SELECT {ra}::float8 AS ra, {dec}::float8 AS dec FROM {relation}
    WHERE {ra} >= 0 AND {ra} <= 360 AND {dec} >= -90 AND {dec} <= 90 {order} LIMIT 1
"""


async def somewhere_in(reader: "Pool[Record]", cone: ConeTable) -> tuple[float, float]:
    """Right ascension and declination of a row that everybody may read; 0, 0 where there is none
    at hand."""
    positions = cone.table.positions
    hpx = positions[0].hpx if positions else None
    statement = _FIRST.format(
        ra=cone.ra.sql_name,
        dec=cone.dec.sql_name,
        relation=cone.table.sql_name,
        order=f"ORDER BY {hpx}" if hpx else "",  # the same one each time, found by the index
    )
    async with query_slot(reader) as connection:
        try:
            row = await connection.fetchrow(statement, timeout=_PATIENCE_S)
        except TimeoutError:
            return _ANYWHERE
        except asyncpg.PostgresError as error:
            raise query_error(error) from error
    return _ANYWHERE if row is None else (row["ra"], row["dec"])
