"""A table of pairs of shapes at every scale and place, with what brute force says of them."""

from dataclasses import dataclass

import asyncpg
import numpy as np
import pytest

from adql.catalogue import Column, Table
from adql.columns import ColumnMeta
from tests.adql.sky import oracle
from tests.adql.sky.oracle import Disc, Polygon, Shape
from tests.conftest import CI, TestDatabase, run

PLACES = [(180, 0), (0, 0), (359.99999, -30), (10, 90), (200, -90), (77, 89.9), (123.4, 56.7)]
SCALES = [1e-6, 1e-3, 1.0, 30.0, 70.0]
TABLE = Table(
    "sky",
    "pairs",
    "sky.pairs",
    (
        Column(ColumnMeta("id", "long"), "id", "bigint"),
        *(
            Column(ColumnMeta(name, "char", "*", xtype="adql:REGION"), name, "text")
            for name in ("a", "b")
        ),
        *(
            Column(ColumnMeta(name, "double", "*", xtype="polygon"), name, "double precision[]")
            for name in ("a_array", "b_array")
        ),
    ),
)


@dataclass(frozen=True)
class Pairs:
    """The rows of sky.pairs, and the URL of their database."""

    url: str
    rows: tuple[tuple[Shape, Shape, float], ...]


def _star(rng: np.random.Generator, centre: np.ndarray, scale: float) -> Polygon:
    """A polygon around a centre, convex or not, of either winding, vertices repeated or not."""
    count = int(rng.integers(5, 10))
    bearings = np.arange(count) * 360 / count + rng.uniform(-15, 15, count)
    reach = rng.uniform(0.4, 1, count) if rng.random() < 0.6 else np.full(count, 0.8)
    corners = oracle.toward(centre, bearings, scale * reach)
    if rng.random() < 0.5:
        corners = corners[::-1]
    if rng.random() < 0.3:
        corners = np.concatenate([corners, corners[:1]])
    return Polygon(corners)


def _shape(rng: np.random.Generator, centre: np.ndarray, scale: float) -> Shape:
    kind = rng.random()
    if kind < 0.2:
        return Disc(centre, 0.0)
    if kind < 0.5:
        return Disc(centre, float(scale * rng.uniform(0.2, 1.5)))
    return _star(rng, centre, scale * rng.uniform(0.4, 1.5))


@pytest.fixture(scope="module")
def pairs(database: TestDatabase) -> Pairs:
    """Pairs that are near, within or apart, from a thousandth of an arcsecond to half the sky."""
    rng = np.random.default_rng(20261122)
    rows = []
    for _ in range(20 if CI else 4):
        for place in PLACES:
            for scale in SCALES:
                first = np.array(place, dtype=float)
                away = np.array([scale * rng.uniform(0, 2)])
                second = oracle.toward(first, rng.uniform(0, 360, 1), away)[0]
                sizes = scale * rng.choice([0.3, 1, 1, 1.3], 2)
                rows.append((_shape(rng, first, sizes[0]), _shape(rng, second, sizes[1]), scale))

    async def load() -> None:
        connection = await asyncpg.connect(database.url)
        await connection.execute(
            "CREATE SCHEMA sky; GRANT USAGE ON SCHEMA sky TO starhaul_reader; "
            "CREATE TABLE sky.pairs (id bigint, a text, b text, a_array double precision[], "
            "b_array double precision[]); GRANT SELECT ON sky.pairs TO starhaul_reader"
        )
        await connection.executemany(
            "INSERT INTO sky.pairs VALUES ($1, $2, $3, starhaul.region($2), starhaul.region($3))",
            [(i, a.text(), b.text()) for i, (a, b, _) in enumerate(rows)],
        )
        await connection.close()

    run(load())
    return Pairs(database.read_url, tuple(rows))
