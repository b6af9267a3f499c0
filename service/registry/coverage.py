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
        (SELECT {hpx} >> $1::int FROM {relation} WHERE {hpx} IS NOT NULL ORDER BY {hpx} LIMIT 1)
        UNION ALL
        SELECT (SELECT {hpx} >> $1::int FROM {relation}
                WHERE {hpx} >= (cell.c + 1) << $1::int ORDER BY {hpx} LIMIT 1)
        FROM cell WHERE cell.c IS NOT NULL
    )
    SELECT c FROM cell WHERE c IS NOT NULL LIMIT $2::int
"""
_SPANS = """
    SELECT min(t_min) AS t_min, max(t_max) AS t_max, min(em_min) AS em_min, max(em_max) AS em_max
    FROM ivoa.obscore
"""
_CELLS_OF_SPECTRA = """
    SELECT DISTINCT hpx >> $1::int AS c FROM ivoa.obscore
    WHERE obs_collection = $3 AND dataproduct_type = 'spectrum' AND hpx IS NOT NULL LIMIT $2::int
"""
_SPANS_OF_SPECTRA = f"{_SPANS} WHERE obs_collection = $1 AND dataproduct_type = 'spectrum'"


@dataclass(frozen=True, slots=True)
class Coverage:
    """`moc` is an ASCII MOC of ICRS; `days` are MJD, `joules` energies, each lowest and highest."""

    moc: str | None = None
    days: tuple[float, float] | None = None
    joules: tuple[float, float] | None = None


async def table_coverage(reader: "Pool[Record]", table: Table) -> Coverage:
    """What everybody may read of a table covers; nothing where that takes too long to find out."""
    hpx = table.positions[0].hpx if table.positions else None
    cells = None if hpx is None else _CELLS.format(hpx=hpx, relation=table.sql_name)
    is_obscore = (table.schema, table.name) == ("ivoa", "obscore")
    return await _coverage(reader, cells, _SPANS if is_obscore else None)


async def spectra_coverage(reader: "Pool[Record]", collection: str) -> Coverage:
    """The same for the spectra of a collection, by one look at them all."""
    return await _coverage(reader, _CELLS_OF_SPECTRA, _SPANS_OF_SPECTRA, collection)


async def _coverage(
    reader: "Pool[Record]", cells: str | None, spans: str | None, *names: str
) -> Coverage:
    try:
        async with query_slot(reader) as connection:
            moc = None if cells is None else await _moc(connection, cells, *names)
            row = spans and await connection.fetchrow(spans, *names, timeout=_PATIENCE_S)
    except (asyncpg.PostgresError, TimeoutError):
        return Coverage()
    if not row:
        return Coverage(moc)
    days = joules = None
    if row["t_min"] is not None and row["t_max"] is not None:
        days = (row["t_min"], row["t_max"])
    if row["em_min"] and row["em_max"]:
        joules = (_PLANCK_TIMES_LIGHT / row["em_max"], _PLANCK_TIMES_LIGHT / row["em_min"])
    return Coverage(moc, days, joules)


async def _moc(
    connection: "asyncpg.pool.PoolConnectionProxy[Record]", cells: str, *names: str
) -> str | None:
    for order in _ORDERS:
        shift = 2 * (_FULL_ORDER - order)
        rows = await connection.fetch(cells, shift, _MOST_CELLS + 1, *names, timeout=_PATIENCE_S)
        if len(rows) <= _MOST_CELLS or order == _ORDERS[-1]:
            return ascii_moc(order, (row["c"] for row in rows)) or None
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
