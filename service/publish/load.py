"""Rows into PostgreSQL: COPY, the order of the sky, indexes, statistics.

All within the caller's transaction, into a table that nobody sees before its commit.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import asyncpg

from adql.catalogue import SkyPosition, SkyRegion
from schema.catalogue import quoted
from schema.sky_index import position_indexes, region_index
from service.publish.plan import Plan
from service.publish.ranges import Range
from service.tables import copy_binary
from service.tables.copying import ahead, while_connected
from service.tables.table import Source

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
# What is being done, rows so far, rows in all where that is known.
Progress: TypeAlias = Callable[[str, int, int | None], None]

_MEMORY = "SET LOCAL work_mem = '256MB'; SET LOCAL maintenance_work_mem = '512MB'"
_INCOMING = "starhaul_incoming"


@dataclass
class Loaded:
    """What was loaded: rows, and the range of each column."""

    rows: int = 0
    ranges: list[Range] = field(default_factory=list)


async def load(connection: Connection, plan: Plan, source: Source, progress: Progress) -> Loaded:
    """Create and fill the plan's `building` table, with its indexes.

    TableError for a row that is wrong.
    """
    relation = f"{quoted(plan.name.schema)}.{quoted(plan.building)}"
    await connection.execute(_MEMORY)
    columns = ", ".join(f"{quoted(name)} {kind}" for name, kind in plan.loaded)
    ordered = plan.position is not None or bool(plan.regions)
    if ordered:
        await connection.execute(f"CREATE TEMP TABLE {_INCOMING} ({columns}) ON COMMIT DROP")
        loaded = await _copy(connection, plan, source, _INCOMING, None, progress)
        progress("sorting", loaded.rows, loaded.rows)
        await _order(connection, plan, relation)
    else:
        await connection.execute(f"CREATE TABLE {relation} ({columns})")
        loaded = await _copy(connection, plan, source, plan.building, plan.name.schema, progress)
    progress("indexing", loaded.rows, loaded.rows)
    for statement in index_statements(plan, relation):
        await connection.execute(statement)
    progress("analyzing", loaded.rows, loaded.rows)
    await connection.execute(f"ANALYZE {relation}")
    return loaded


async def _copy(
    connection: Connection,
    plan: Plan,
    source: Source,
    table: str,
    schema: str | None,
    progress: Progress,
) -> Loaded:
    loaded = Loaded(ranges=[Range() for _ in plan.columns])
    chunks = ahead(_encoded(plan, source, loaded))

    async def stream() -> AsyncIterator[bytes]:
        yield copy_binary.HEADER
        async for chunk in chunks:
            yield chunk
            progress("loading", loaded.rows, source.head.rows)
        yield copy_binary.TRAILER

    names = [name for name, _ in plan.loaded]
    try:
        await while_connected(
            connection,
            connection.copy_to_table(
                table, source=stream(), schema_name=schema, columns=names, format="binary"
            ),
        )
    finally:
        await chunks.aclose()
    return loaded


def _encoded(plan: Plan, source: Source, loaded: Loaded) -> Iterator[bytes]:
    """The rows as COPY takes them, batch by batch."""
    kinds = [kind for _, kind in plan.loaded]
    for batch in source.batches():
        if not batch.num_rows:
            continue
        arrays = plan.values(batch, loaded.rows)
        for found, array in zip(loaded.ranges, arrays, strict=False):
            found.see(array)
        octets = copy_binary.rows(arrays, kinds)
        loaded.rows += batch.num_rows
        yield octets


async def _order(connection: Connection, plan: Plan, relation: str) -> None:
    """The rows in the order of the sky, so that those of a small field lie on few pages."""
    columns = [quoted(name) for name, _ in plan.loaded]
    columns += [f"{region.box_sql} AS {quoted(region.box)}" for region in plan.regions]
    order = "" if plan.position is None else f" ORDER BY {quoted(plan.position.hidden[0])}"
    await connection.execute(
        f"CREATE TABLE {relation} AS SELECT {', '.join(columns)} FROM {_INCOMING}{order}"  # noqa: S608
    )


def index_statements(plan: Plan, relation: str) -> Iterator[str]:
    """CREATE INDEX for the sky, for identifiers, and for the columns the publisher names."""
    if plan.position is not None:
        ra, dec = plan.position.ra, plan.position.dec
        hpx = quoted(plan.position.hidden[0])
        sky = SkyPosition(ra.meta.name, dec.meta.name, hpx, zones=True)
        yield from position_indexes(relation, sky, ra.physical, dec.physical)
    for region in plan.regions:
        yield region_index(relation, SkyRegion(region.column.meta.name, box=quoted(region.box)))
    for column in plan.indexed:
        yield f"CREATE INDEX ON {relation} ({quoted(column.physical)})"
