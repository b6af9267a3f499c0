"""How a table's values are spread: PostgreSQL's own statistics, and what publishing noted exactly.

Read with the rights of the owner. Where rows are closed to some, their values are told to nobody:
ivoa.obscore has statistics only while every collection is open.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, TypeAlias

from asyncpg import Connection, Record
from asyncpg.pool import PoolConnectionProxy

from schema.catalogue import physical_name, plain_name
from schema.declare import OBSCORE

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
_MOST_COMMON = 10
_NUMBERS = {"unsignedByte", "short", "int", "long", "float", "double"}

Value: TypeAlias = float | int | str
Session: TypeAlias = "Connection[Record] | PoolConnectionProxy[Record]"


@dataclass(frozen=True, slots=True)
class ColumnStatistics:
    """A column's values. None stands for what is not known.

    `missing`: share of NULLs, 0 to 1. `distinct`: number of different values, estimated.
    `lowest`, `highest` and `quantiles` (QUANTILES in order): numbers, or moments in ISO 8601.
    `common`: the most common values with their shares. `exact`: missing, lowest and highest are of
    all rows, not of a sample.
    """

    missing: float | None = None
    distinct: int | None = None
    lowest: Value | None = None
    highest: Value | None = None
    quantiles: tuple[Value, ...] = ()
    common: tuple[tuple[str, float], ...] = ()
    exact: bool = False


@dataclass(frozen=True, slots=True)
class TableStatistics:
    """A table's size, and its columns by their names in TAP_SCHEMA.

    `rows` is exact where `rows_exact` says so, else PostgreSQL's estimate. `octets` includes the
    indexes.
    """

    rows: int | None
    rows_exact: bool
    octets: int | None
    columns: Mapping[str, ColumnStatistics]


_NOTHING = TableStatistics(None, False, None, {})


async def read_statistics(connection: Session, table_name: str) -> TableStatistics:
    """The statistics of a table as TAP_SCHEMA names it; empty ones where nothing is known."""
    relation = await _relation(connection, table_name)
    if relation is None:
        return _NOTHING
    size = await connection.fetchrow(
        "SELECT c.reltuples, pg_total_relation_size(c.oid) AS octets FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2",
        *relation,
    )
    if size is None:
        return _NOTHING
    published = await connection.fetchrow(
        "SELECT rows, ranges FROM archive.published WHERE table_name = $1", table_name
    )
    estimated = int(size["reltuples"]) if size["reltuples"] >= 0 else None
    rows = estimated if published is None else int(published["rows"])
    ranges = {} if published is None else json.loads(published["ranges"])
    sampled = await _sampled(connection, relation)
    columns = await connection.fetch(
        "SELECT column_name, datatype, arraysize, xtype FROM tap_schema.columns "
        "WHERE table_name = $1",
        table_name,
    )
    return TableStatistics(
        rows=rows,
        rows_exact=published is not None,
        octets=int(size["octets"]),
        columns={
            column["column_name"]: _column(
                column,
                sampled.get(physical_name(plain_name(column["column_name"]))),
                ranges.get(column["column_name"]),
                rows,
            )
            for column in columns
        },
    )


async def has_closed_collections(connection: Session) -> bool:
    """Whether ivoa.obscore has rows that are not for everybody."""
    closed = "SELECT EXISTS (SELECT FROM archive.collection WHERE readable_by IS NOT NULL)"
    return bool(await connection.fetchval(closed))


async def _relation(connection: Session, table_name: str) -> tuple[str, str] | None:
    """Schema and name of the relation that holds a table's rows."""
    row = await connection.fetchrow(
        "SELECT schema_name, table_name FROM tap_schema.tables WHERE table_name = $1", table_name
    )
    if row is None:
        return None
    if table_name == OBSCORE:
        closed = await has_closed_collections(connection)
        return None if closed else ("archive", "dataset")
    name = row["table_name"].removeprefix(row["schema_name"] + ".")
    return plain_name(row["schema_name"]), physical_name(plain_name(name))


async def _sampled(connection: Session, relation: tuple[str, str]) -> Mapping[str, Record]:
    """What ANALYZE found in its sample, by physical column."""
    rows = await connection.fetch(
        "SELECT attname, null_frac, n_distinct, most_common_vals::text::text[] AS common, "
        "most_common_freqs AS shares, histogram_bounds::text::text[] AS bounds "
        "FROM pg_stats WHERE schemaname = $1 AND tablename = $2",
        *relation,
    )
    return {row["attname"]: row for row in rows}


def _column(
    column: Record, sampled: Record | None, noted: Mapping[str, Any] | None, rows: int | None
) -> ColumnStatistics:
    lowest, highest, missing = None, None, None
    if noted is not None:
        lowest, highest = noted["lowest"], noted["highest"]
        missing = noted["missing"] / rows if rows else None
    if sampled is None:
        return ColumnStatistics(
            missing=missing, lowest=lowest, highest=highest, exact=noted is not None
        )
    common = list(sampled["common"] or ())
    shares = [float(share) for share in sampled["shares"] or ()]
    bounds = list(sampled["bounds"] or ())
    quantiles: tuple[Value, ...] = ()
    if _is_ordered(column):
        steps = _finite(zip(_measures(column, common), shares, strict=True))
        edges = [place for place, _ in _finite((edge, 0.0) for edge in _measures(column, bounds))]
        quantiles = tuple(
            _value(column, place) for place in _quantiles(steps, edges, 1 - sampled["null_frac"])
        )
        ends = sorted([*(place for place, _ in steps), *edges])
        if noted is None and ends:
            lowest, highest = _value(column, ends[0]), _value(column, ends[-1])
    return ColumnStatistics(
        missing=float(sampled["null_frac"]) if missing is None else missing,
        distinct=_distinct(sampled["n_distinct"], rows),
        lowest=lowest,
        highest=highest,
        quantiles=quantiles,
        common=tuple(zip(common, shares, strict=True))[:_MOST_COMMON],
        exact=noted is not None,
    )


def _distinct(found: float, rows: int | None) -> int | None:
    """PostgreSQL's n_distinct: below zero it is a share of the rows, zero is not known."""
    if found > 0:
        return round(found)
    return None if rows is None or found == 0 else round(-found * rows)


def _is_ordered(column: Record) -> bool:
    if column["xtype"] == "timestamp":
        return True
    return column["datatype"] in _NUMBERS and column["arraysize"] is None


def _measures(column: Record, texts: Iterable[str]) -> list[float]:
    """Values as numbers: moments in seconds since 1970, NaN for those Python cannot hold."""
    if column["xtype"] != "timestamp":
        return [float(text) for text in texts]
    found = []
    for text in texts:
        try:
            found.append(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())
        except ValueError:  # infinity, or before the year 1
            found.append(math.nan)
    return found


def _finite(steps: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    return [step for step in steps if math.isfinite(step[0])]


def _value(column: Record, number: float) -> Value:
    if column["xtype"] == "timestamp":
        return datetime.fromtimestamp(number, UTC).replace(tzinfo=None).isoformat()
    if column["datatype"] in ("float", "double") or not number.is_integer():
        return number
    return int(number)


def _quantiles(
    steps: Sequence[tuple[float, float]], edges: Sequence[float], known: float
) -> list[float]:
    """Quantiles of the share `known` of all rows that has a value.

    The most common values are `steps` of the distribution (place, share of all rows); the others
    lie evenly in the histogram's intervals between its `edges`.
    """
    shares: dict[float, float] = dict(steps)
    places = sorted({*shares, *edges})
    if not places or known <= 0:
        return []
    spread = max(0.0, known - sum(shares.values())) if len(edges) > 1 else 0.0
    whole = sum(shares.values()) + spread
    curve: list[tuple[float, float]] = []
    passed = 0.0
    for place in places:
        below = passed + spread * _share_below(edges, place)
        passed += shares.get(place, 0.0)
        curve += [(below / whole, place), ((below + shares.get(place, 0.0)) / whole, place)]
    return [_at(curve, share) for share in QUANTILES] if whole else []


def _share_below(edges: Sequence[float], place: float) -> float:
    """How much of the histogram lies below a place, 0 to 1."""
    if len(edges) < 2 or place <= edges[0]:
        return 0.0
    for number, (low, high) in enumerate(pairwise(edges)):
        if place < high:
            return (number + (place - low) / (high - low)) / (len(edges) - 1)
    return 1.0


def _at(curve: Sequence[tuple[float, float]], share: float) -> float:
    """Where a rising curve of (share, place) reaches a share."""
    for (low, start), (high, end) in pairwise(curve):
        if share <= high:
            return start if high == low else start + (end - start) * (share - low) / (high - low)
    return curve[-1][1]
