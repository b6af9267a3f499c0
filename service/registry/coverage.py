"""What a table covers of sky, time and spectrum (VODataService 1.2 §3.2), as far as an index or one
look at the rows tells it."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import asyncpg

from adql.catalogue import Table
from service.results.rows import query_slot

if TYPE_CHECKING:
    from asyncpg import Pool, Record

_PATIENCE_S = 3
_FULL_ORDER = 29
# Cells of 0.9 degrees, or, where there are too many, of 3.7.
_ORDERS = (6, 4)
_MOST_CELLS = 2_000
_PLANCK_TIMES_LIGHT = 6.62607015e-34 * 299_792_458  # joule metre

# From each cell to the next that has a row, by the index: as many steps as there are cells.
_CELLS = """
    WITH RECURSIVE cell (c) AS (
        (SELECT {hpx} >> {shift} FROM {relation} WHERE {hpx} IS NOT NULL ORDER BY {hpx} LIMIT 1)
        UNION ALL
        SELECT (SELECT {hpx} >> {shift} FROM {relation}
                WHERE {hpx} >= (cell.c + 1) << {shift} ORDER BY {hpx} LIMIT 1)
        FROM cell WHERE cell.c IS NOT NULL
    )
    SELECT c FROM cell WHERE c IS NOT NULL LIMIT {most}
"""
_SPANS = """
    SELECT min(t_min) AS t_min, max(t_max) AS t_max, min(em_min) AS em_min, max(em_max) AS em_max
    FROM ivoa.obscore
"""


@dataclass(frozen=True, slots=True)
class Coverage:
    """`moc` is an ASCII MOC of ICRS; `days` are MJD, `joules` energies, each lowest and highest."""

    moc: str | None = None
    days: tuple[float, float] | None = None
    joules: tuple[float, float] | None = None


async def table_coverage(reader: "Pool[Record]", table: Table) -> Coverage:
    """What everybody may read of a table covers; nothing where that takes too long to find out."""
    is_obscore = (table.schema, table.name) == ("ivoa", "obscore")
    try:
        async with query_slot(reader) as connection:
            moc = await _moc(connection, table)
            row = await connection.fetchrow(_SPANS, timeout=_PATIENCE_S) if is_obscore else None
    except (asyncpg.PostgresError, TimeoutError):
        return Coverage()
    if row is None:
        return Coverage(moc)
    days = joules = None
    if row["t_min"] is not None and row["t_max"] is not None:
        days = (row["t_min"], row["t_max"])
    if row["em_min"] and row["em_max"]:
        joules = (_PLANCK_TIMES_LIGHT / row["em_max"], _PLANCK_TIMES_LIGHT / row["em_min"])
    return Coverage(moc, days, joules)


async def _moc(connection: "asyncpg.pool.PoolConnectionProxy[Record]", table: Table) -> str | None:
    hpx = table.positions[0].hpx if table.positions else None
    if hpx is None:
        return None
    for order in _ORDERS:
        shift = 2 * (_FULL_ORDER - order)
        statement = _CELLS.format(
            hpx=hpx, relation=table.sql_name, shift=shift, most=_MOST_CELLS + 1
        )
        rows = await connection.fetch(statement, timeout=_PATIENCE_S)
        if len(rows) <= _MOST_CELLS or order == _ORDERS[-1]:
            return ascii_moc(order, (row["c"] for row in rows))
    return None


def ascii_moc(order: int, cells: Iterable[int]) -> str:
    """Nested HEALPix cells as a normalized ASCII MOC (MOC 2.0 §4.3.2): "4/7 12-14 3/2"."""
    found = set(cells)
    pieces: list[str] = []
    while found and order >= 0:
        parents = {cell >> 2 for cell in found}
        whole = {p for p in parents if all(4 * p + child in found for child in range(4))}
        if order == 0:
            whole = set()
        rest = sorted(cell for cell in found if cell >> 2 not in whole or order == 0)
        if rest:
            pieces.append(f"{order}/{' '.join(_runs(rest))}")
        found, order = whole, order - 1
    return " ".join(reversed(pieces))


def _runs(cells: list[int]) -> Iterable[str]:
    for _, run in groupby(enumerate(cells), key=lambda pair: pair[1] - pair[0]):
        members = [cell for _, cell in run]
        first, last = members[0], members[-1]
        yield str(first) if first == last else f"{first}-{last}"
