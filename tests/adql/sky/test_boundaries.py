"""Positions a nanodegree from the boundary of a shape, by every way a condition is written."""

from dataclasses import dataclass

import asyncpg
import numpy as np
import pytest

from adql.catalogue import Column, SkyPosition, Table
from adql.columns import ColumnMeta
from schema.catalogue import TableCatalogue
from tests.adql.sky import oracle
from tests.adql.sky.conftest import Pairs
from tests.adql.sky.oracle import Disc, Polygon, Shape
from tests.adql.sky.test_relations import answers
from tests.conftest import TestDatabase, run

_STEP = 1e-9
_COLUMNS = tuple(
    Column(ColumnMeta(name, "double", unit="deg"), name, "double precision")
    for name in ("shape", "wanted", "ra", "dec")
)
_VECTORS = SkyPosition("ra", "dec", x="ux", y="uy", z="uz")
_CATALOGUE = TableCatalogue(
    (
        Table("sky", "indexed", "sky.beside", _COLUMNS, (_VECTORS,)),
        Table("sky", "plain", "sky.beside", _COLUMNS),
    )
)


@dataclass(frozen=True)
class Beside:
    """The shapes, and the URL of a database with positions beside each."""

    url: str
    shapes: tuple[Shape, ...]


def _positions(shape: Shape, scale: float) -> list[tuple[float, np.ndarray]]:
    """Positions beside a shape's boundary, each with 1 where it is inside and 0 where not."""
    if isinstance(shape, Disc):
        bearings = np.array([0.0, 45, 200, 300])
        return [
            (wanted, position)
            for wanted, radius in ((1.0, shape.radius - _STEP), (0.0, shape.radius + _STEP))
            for position in oracle.toward(shape.centre, bearings, np.full(4, radius))
        ]
    found = []
    corners = oracle.vectors(shape.corners)
    for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        normal = np.cross(a, b - a)
        if np.linalg.norm(normal) < 1e-3 * np.radians(scale):
            continue
        normal /= np.linalg.norm(normal)
        middle = (a + b) / np.linalg.norm(a + b)
        near = oracle.degrees(middle + np.outer([1, -1], normal) * np.radians(1e-3 * scale))
        sign = 1 if shape.outside(near)[0] < 0 else -1
        for wanted, step in ((1.0, _STEP), (0.0, -_STEP)):
            found.append((wanted, oracle.degrees(middle + sign * np.radians(step) * normal)))
    return found


@pytest.fixture(scope="module")
def beside(pairs: Pairs, database: TestDatabase) -> Beside:
    """The first shapes of the pairs that have an inside, and sky.beside."""
    shapes = [(a, s) for a, _, s in pairs.rows if isinstance(a, Polygon) or a.radius > 2 * _STEP]
    shapes = [(a, s) for a, s in shapes if isinstance(a, Polygon) or a.radius < 179]
    records = [
        (float(i), wanted, *position.tolist(), *oracle.vectors(position).tolist())
        for i, (shape, scale) in enumerate(shapes)
        for wanted, position in _positions(shape, scale)
    ]

    async def load() -> None:
        connection = await asyncpg.connect(database.url)
        await connection.execute(
            "CREATE TABLE sky.beside (shape double precision, wanted double precision, "
            "ra double precision, dec double precision, ux double precision, "
            "uy double precision, uz double precision); "
            "GRANT SELECT ON sky.beside TO starhaul_reader"
        )
        await connection.copy_records_to_table("beside", schema_name="sky", records=records)
        await connection.close()

    run(load())
    return Beside(database.read_url, tuple(shape for shape, _ in shapes))


@pytest.mark.parametrize("table", ["sky.indexed", "sky.plain"])
def test_a_nanodegree_decides(beside: Beside, table: str) -> None:
    assert len(beside.shapes) > 50
    queries = [
        f"SELECT shape, wanted, CONTAINS(POINT(ra, dec), {shape.adql()}) FROM {table} "
        f"WHERE shape = {i}"
        for i, shape in enumerate(beside.shapes)
    ]
    seen = [0, 0]
    for query in (" UNION ALL ".join(queries[i : i + 20]) for i in range(0, len(queries), 20)):
        for shape, wanted, found in answers(beside.url, query, _CATALOGUE):
            assert found == wanted, beside.shapes[int(shape)]
            seen[found] += 1
    assert min(seen) > 200


def test_corners_are_inside(beside: Beside) -> None:
    polygons = [s for s in beside.shapes if isinstance(s, Polygon)]
    tests = [
        f"CONTAINS(POINT({lon!r}, {lat!r}), {polygon.adql()})"
        for polygon in polygons
        for lon, lat in polygon.corners.tolist()
    ]
    for start in range(0, len(tests), 200):
        query = f"SELECT TOP 1 {', '.join(tests[start : start + 200])} FROM sky.plain"
        assert set(answers(beside.url, query, _CATALOGUE)[0]) == {1}
