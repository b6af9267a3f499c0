"""Joins on distance against brute force: every kind, everywhere on the sphere."""

import asyncio
from collections.abc import Iterator, Sequence

import asyncpg
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import adql
from schema.catalogue import TableCatalogue
from tests.adql.sky.positions import Position, angles, create, fill, table
from tests.conftest import TestDatabase

LEFT, RIGHT = table("joins", "a", indexed=True), table("joins", "b", indexed=True)
PLAIN = table("joins", "plain", indexed=False)
CATALOGUE = TableCatalogue((LEFT, RIGHT, PLAIN))
# Zero, the least that positions resolve, arc seconds, about half a zone and beyond, wide.
RADII = [0.0, 0.001 / 3600, 1 / 3600, 29.9 / 3600, 31 / 3600, 0.1, 1.0, 9.99, 10.01, 100.0]
CLOSE = 1e-11  # degrees by which the sum of two roundings may move a boundary

Pair = tuple[int | None, int | None]


class Joins:
    """Two tables whose rows a test replaces; `rows` runs ADQL with and without indexes."""

    def __init__(self, url: str) -> None:
        self.loop = asyncio.new_event_loop()
        self.connection = self.loop.run_until_complete(asyncpg.connect(url))
        self.loop.run_until_complete(self._create())

    async def _create(self) -> None:
        await self.connection.execute("CREATE SCHEMA joins; SET synchronous_commit = off")
        for made in CATALOGUE.items:
            await create(self.connection, made)

    def fill(self, a: Sequence[Position], b: Sequence[Position], errors: Sequence[float]) -> None:
        """Replace the rows; `errors` are column err of a."""

        async def work() -> None:
            for made in CATALOGUE.items:
                await self.connection.execute(f"DELETE FROM {made.sql_name}")
            await fill(self.connection, LEFT, a, errors)
            await fill(self.connection, RIGHT, b, [0.0] * len(b))
            await fill(self.connection, PLAIN, b, [0.0] * len(b))

        self.loop.run_until_complete(work())

    def rows(self, query: str) -> list[Pair]:
        """The rows, the same whether PostgreSQL may read whole tables or may not."""
        sql = adql.translate(query, CATALOGUE, "ADQL").literal_sql()

        async def work() -> list[list[Pair]]:
            found = []
            for allowed in ("on", "off"):
                await self.connection.execute(f"SET enable_seqscan = {allowed}")
                rows = await self.connection.fetch(sql)
                found.append(sorted((tuple(r) for r in rows), key=str))
            return found

        with_scans, without = self.loop.run_until_complete(work())
        assert with_scans == without, query
        return with_scans


@pytest.fixture(scope="module")
def joins(database: TestDatabase) -> Iterator[Joins]:
    """Tables joins.a and joins.b, indexed, and joins.plain with the rows of b."""
    made = Joins(database.url)
    yield made
    made.loop.run_until_complete(made.connection.close())
    made.loop.close()


CENTRES = [(0.0, 0.0), (0.0, 90.0), (77.0, -90.0), (360.0, 45.0), (180.0, 89.995), (13.0, -0.5)]


@st.composite
def skies(draw: st.DrawFn) -> tuple[list[Position], list[Position], float]:
    """Two lists of positions crowded on the scale of a radius around a difficult place."""
    radius = draw(st.sampled_from(RADII))
    lon, lat = draw(st.sampled_from(CENTRES))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    scale = max(radius, 1e-9)

    def near(count: int) -> list[Position]:
        dec = np.clip(lat + rng.normal(0, scale, count), -90, 90)
        ra = lon + rng.normal(0, scale, count) / np.maximum(np.cos(np.radians(dec)), 1e-4)
        turned = np.where(rng.random(count) < 0.8, ra % 360, (ra + 180) % 360 - 180)
        return [(float(x), float(y)) for x, y in zip(turned, dec, strict=True)]

    shared = near(6)
    a = [*shared, *near(20), (lon, lat), (None, None), (None, lat), (lon, None)]
    b = [*shared, *shared[:2], *near(20), (lon % 360, lat), (None, None), (None, lat), (lon, None)]
    return a, b, radius


def sides(found: np.ndarray, radius: np.ndarray | float) -> tuple[set[Pair], set[Pair]]:
    """Pairs that must be found and pairs that may be: rounding decides of those between."""
    with np.errstate(invalid="ignore"):
        sure = found <= np.maximum(radius - CLOSE, 0)
        possible = found <= np.asarray(radius) + CLOSE
    return _pairs(sure), _pairs(possible)


def _pairs(mask: np.ndarray) -> set[Pair]:
    return {(int(i), int(j)) for i, j in np.argwhere(mask)}


CONDITIONS = [
    "1 = CONTAINS(POINT(a.ra, a.dec), CIRCLE(b.ra, b.dec, {r!r}))",
    "CONTAINS(POINT(b.ra, b.dec), CIRCLE(POINT(a.ra, a.dec), {r!r})) = 1",
    "DISTANCE(POINT(a.ra, a.dec), POINT(b.ra, b.dec)) <= {r!r}",
    "{r!r} >= DISTANCE(b.ra, b.dec, a.ra, a.dec)",
    "NOT DISTANCE(POINT(a.ra, a.dec), POINT(b.ra, b.dec)) > {r!r}",
    "INTERSECTS(CIRCLE(a.ra, a.dec, {r!r} / 2.), CIRCLE(b.ra, b.dec, {r!r} / 2.)) = 1",
]


KINDS = ["comma", "LEFT", "RIGHT", "FULL", "EXISTS", "NOT EXISTS", "COUNT"]


@given(
    sky=skies(),
    condition=st.sampled_from(CONDITIONS),
    kind=st.sampled_from(KINDS),
    other=st.sampled_from(["b", "plain"]),
)
def test_every_kind_of_join_finds_what_brute_force_says(
    joins: Joins,
    sky: tuple[list[Position], list[Position], float],
    condition: str,
    kind: str,
    other: str,
) -> None:
    a, b, radius = sky
    joins.fill(a, b, [0.0] * len(a))
    sure, possible = sides(angles(a, b), radius)
    on = condition.format(r=radius)
    inner = joins.rows(f"SELECT a.id, b.id FROM joins.a AS a JOIN joins.{other} AS b ON {on}")
    found = set(inner)
    assert len(inner) == len(found)
    assert sure <= found <= possible
    assert set(joins.rows(_written(kind, other, on))) == _wanted(kind, found, len(a), len(b))


def _written(kind: str, other: str, on: str) -> str:
    if kind in ("LEFT", "RIGHT", "FULL"):
        return f"SELECT a.id, b.id FROM joins.a AS a {kind} JOIN joins.{other} AS b ON {on}"
    if kind == "comma":
        return f"SELECT a.id, b.id FROM joins.a AS a, joins.{other} AS b WHERE {on}"
    below = f"FROM joins.{other} AS b WHERE {on}"
    if kind == "COUNT":
        return f"SELECT a.id, (SELECT COUNT(*) {below} AND b.id < 40) FROM joins.a AS a"
    return f"SELECT a.id, 0 FROM joins.a AS a WHERE {kind} (SELECT b.id {below})"


def _wanted(kind: str, found: set[Pair], rows_a: int, rows_b: int) -> set[Pair]:
    alone_a = set(range(rows_a)) - {i for i, _ in found}
    alone_b = set(range(rows_b)) - {j for _, j in found}
    lonely_a: set[Pair] = {(i, None) for i in alone_a}
    lonely_b: set[Pair] = {(None, j) for j in alone_b}
    few = [i for i, j in found if j is not None and j < 40]
    return {
        "comma": found,
        "LEFT": found | lonely_a,
        "RIGHT": found | lonely_b,
        "FULL": found | lonely_a | lonely_b,
        "EXISTS": {(i, 0) for i, _ in found},
        "NOT EXISTS": {(i, 0) for i in alone_a},
        "COUNT": {(i, few.count(i)) for i in range(rows_a)},
    }[kind]


@given(sky=skies(), seed=st.integers(0, 2**32))
def test_a_radius_of_the_row_is_its_own(
    joins: Joins, sky: tuple[list[Position], list[Position], float], seed: int
) -> None:
    a, b, scale = sky
    errors = np.random.default_rng(seed).uniform(0, 1.5, len(a)) * scale
    joins.fill(a, b, errors.tolist())
    sure, possible = sides(angles(a, b), errors[:, None])
    for condition in (
        "1 = CONTAINS(POINT(b.ra, b.dec), CIRCLE(a.ra, a.dec, a.err))",
        "DISTANCE(POINT(a.ra, a.dec), POINT(b.ra, b.dec)) <= 3 * a.err - a.err * 2",
        "DISTANCE(a.ra, a.dec, b.ra, b.dec) <= a.err + b.err",
    ):
        found = set(joins.rows(f"SELECT a.id, b.id FROM joins.a JOIN joins.b ON {condition}"))
        # Each row's radius is rounded too.
        assert sure <= found <= possible, condition


def test_subqueries_common_tables_and_self_matches(joins: Joins) -> None:
    rng = np.random.default_rng(5)
    a = [(float(x), float(y)) for x, y in rng.uniform(0, 3, (60, 2))]
    joins.fill(a, a, [0.0] * len(a))
    near = angles(a, a) < 0.5
    distinct = {(i, j) for i, j in _pairs(near) if i is not None and j is not None and i < j}
    for tables in (
        "joins.a AS x JOIN joins.a AS y ON DISTANCE(x.ra, x.dec, y.ra, y.dec) < 0.5 "
        "AND x.id < y.id",
        "(SELECT id, dec AS d, ra AS r FROM joins.a) AS x, (SELECT * FROM joins.b) AS y "
        "WHERE 0.5 > DISTANCE(POINT(x.r, x.d), POINT(y.ra, y.dec)) AND x.id < y.id",
        "(SELECT id, POINT(ra, dec) AS p FROM joins.plain) AS x JOIN joins.b AS y "
        "ON DISTANCE(x.p, POINT(y.ra, y.dec)) < 0.5 AND x.id < y.id",
        "(SELECT TOP 1000 * FROM joins.a) AS x JOIN (SELECT MAX(id) AS id, ra, dec FROM joins.b "
        "GROUP BY ra, dec) AS y ON DISTANCE(x.ra, x.dec, y.ra, y.dec) < 0.5 AND x.id < y.id",
    ):
        assert set(joins.rows(f"SELECT x.id, y.id FROM {tables}")) == distinct, tables
    common = "WITH c AS (SELECT id, ra, dec FROM joins.b) SELECT x.id, c.id FROM joins.a AS x, c "
    on = "WHERE 1 = CONTAINS(POINT(x.ra, x.dec), CIRCLE(c.ra, c.dec, 0.5)) AND x.id < c.id"
    assert set(joins.rows(common + on)) == distinct


def test_not_of_a_condition_is_unknown_where_a_position_is(joins: Joins) -> None:
    positions: list[Position] = [(10.0, 10.0), (None, 10.0), (10.0, None), (50.0, 50.0)]
    joins.fill(positions, positions, [0.0] * 4)
    for inside in (
        "1 = CONTAINS(POINT(a.ra, a.dec), CIRCLE(b.ra, b.dec, 0.001))",
        "DISTANCE(a.ra, a.dec, b.ra, b.dec) < 0.001",
    ):
        query = f"SELECT a.id, b.id FROM joins.a, joins.b WHERE NOT ({inside} AND a.id >= 0)"
        assert joins.rows(query) == [(0, 3), (3, 0)]
