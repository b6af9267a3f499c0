"""PostgreSQL's plan for a query: how many rows, what it costs, which indexes find them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field

from adql.translation import Translation
from schema.declare import OBSCORE
from schema.statistics import has_closed_collections
from service.errors import UsageError
from service.results.rows import Connection, query_error, query_slot

if TYPE_CHECKING:
    import asyncpg

_EXPLAIN_TIMEOUT_MS = 2_000

_KEYS = """
    SELECT DISTINCT t.relname AS table_name, i.relname AS index_name,
        (SELECT string_agg(pg_get_indexdef(x.indexrelid, k, true), ', ' ORDER BY k)
         FROM generate_series(1, x.indnkeyatts) AS k) AS keys
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
    WHERE i.relname = ANY($1)
    ORDER BY i.relname
"""


@dataclass(frozen=True, slots=True)
class Planner:
    """Where plans are made, with the rights of users.

    `owner` is asked for rows that are closed to some, of which an estimate would tell; None for the
    operator, who may know of all rows.
    """

    reader: "asyncpg.Pool[asyncpg.Record]"
    owner: "asyncpg.Pool[asyncpg.Record] | None"


class UsedIndex(BaseModel):
    """An index that the plan reads, and the columns or expressions it is on."""

    name: str
    keys: str


class Estimate(BaseModel):
    """PostgreSQL's guess, without MAXREC: rows of the result, cost in units of its planner."""

    rows: int
    cost: float
    indexes: list[UsedIndex] = Field([], description="indexes that it reads")
    scans: list[str] = Field([], description="tables that it reads from end to end")


async def make_estimate(planner: Planner, translation: Translation) -> Estimate:
    """The plan, made and not run; UsageError where PostgreSQL can make none in time, or where it
    would tell of closed rows (docs/decisions/0017)."""
    await _refuse_closed(planner, translation)
    async with query_slot(planner.reader) as connection:
        try:
            async with connection.transaction(readonly=True):
                await connection.execute(f"SET LOCAL statement_timeout = {_EXPLAIN_TIMEOUT_MS:d}")
                plan = await connection.fetchval(
                    f"EXPLAIN (FORMAT JSON) {translation.literal_sql()}"
                )
                top = json.loads(plan)[0]["Plan"]
                nodes = list(_nodes(top))
                indexes = await _used_indexes(connection, nodes)
        except Exception as error:
            raise query_error(error) from error
    scans = dict.fromkeys(n["Relation Name"] for n in nodes if n["Node Type"] == "Seq Scan")
    return Estimate(
        rows=top["Plan Rows"], cost=top["Total Cost"], indexes=indexes, scans=list(scans)
    )


async def _refuse_closed(planner: Planner, translation: Translation) -> None:
    names = {f"{table.schema}.{table.name}" for table in translation.tables}
    if planner.owner is None or OBSCORE not in names:
        return
    try:
        async with planner.owner.acquire() as connection:
            closed = await has_closed_collections(connection)
    except Exception as error:
        raise query_error(error) from error
    if closed:
        raise UsageError(
            f"{OBSCORE} has rows that are not for everybody, and PostgreSQL's estimate counts them"
        )


def _nodes(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A node of the plan and all below it."""
    yield node
    for below in node.get("Plans", ()):
        yield from _nodes(below)


async def _used_indexes(connection: Connection, nodes: list[Mapping[str, Any]]) -> list[UsedIndex]:
    names = {node["Index Name"] for node in nodes if "Index Name" in node}
    if not names:
        return []
    rows = await connection.fetch(_KEYS, list(names))
    return [UsedIndex(name=row["index_name"], keys=row["keys"]) for row in rows]
