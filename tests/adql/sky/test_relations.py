"""CONTAINS, INTERSECTS, DISTANCE, AREA and CENTROID of any two shapes against brute force."""

from typing import Any

import asyncpg
import numpy as np
import pytest

import adql
from schema.catalogue import TableCatalogue
from tests.adql.sky import oracle
from tests.adql.sky.conftest import TABLE, Pairs
from tests.adql.sky.oracle import Disc, Polygon
from tests.conftest import run

_CATALOGUE = TableCatalogue((TABLE,))


def answers(url: str, query: str) -> list[tuple[Any, ...]]:
    """The rows of an ADQL query."""

    async def work() -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(url)
        try:
            return [tuple(r) for r in await connection.fetch(
                adql.translate(query, _CATALOGUE).literal_sql())]  # fmt: skip
        finally:
            await connection.close()

    return run(work())


def _constant(pairs: Pairs, form: str) -> list[Any]:
    """One expression for each pair, its shapes written as constants."""
    items = [form.format(a=a.adql(), b=b.adql()) for a, b, _ in pairs.rows]
    rows: list[Any] = []
    for start in range(0, len(items), 100):
        chosen = ", ".join(items[start : start + 100])
        rows += answers(pairs.url, f"SELECT {chosen} FROM sky.pairs WHERE id = 0")[0]
    return rows


@pytest.mark.parametrize("function", ["CONTAINS", "INTERSECTS"])
def test_relations_are_what_brute_force_says(pairs: Pairs, function: str) -> None:
    judge = oracle.contains if function == "CONTAINS" else oracle.intersects
    texts = answers(pairs.url, f"SELECT {function}(a, b) FROM sky.pairs ORDER BY id")
    arrays = answers(pairs.url, f"SELECT {function}(a_array, b_array) FROM sky.pairs ORDER BY id")
    met = {i for (i,) in answers(pairs.url, f"SELECT id FROM sky.pairs WHERE 1 = {function}(a, b)")}
    constants = _constant(pairs, f"{function}({{a}}, {{b}})")
    judged = {0: 0, 1: 0}
    for i, (a, b, scale) in enumerate(pairs.rows):
        found = texts[i][0]
        assert found == arrays[i][0] == constants[i] == int(i in met), (a, b)
        wanted, margin = judge(a, b)
        if margin > 0.03 * scale:  # the pieces of the brute force are no finer
            assert found == wanted, (a, b)
            judged[found] += 1
    assert min(judged.values()) > len(pairs.rows) / 20


def test_distances_areas_and_centroids(pairs: Pairs) -> None:
    rows = answers(
        pairs.url,
        "SELECT DISTANCE(a, b), AREA(a), COORD1(CENTROID(a)), COORD2(CENTROID(a)) FROM sky.pairs "
        "ORDER BY id",
    )
    constants = _constant(pairs, "AREA({a})")
    for i, ((a, b, scale), (distance, area, *centre)) in enumerate(
        zip(pairs.rows, rows, strict=True)
    ):
        assert area == constants[i]
        if distance == 0:
            wanted, margin = oracle.intersects(a, b)
            assert wanted or margin < 0.03 * scale
        else:
            edge = b.outside(a.boundary()).min()
            assert distance == pytest.approx(edge, abs=0.05 * scale)
        assert area == pytest.approx(a.area(), rel=1e-2, abs=1e-22)
        middle = a.centre if isinstance(a, Disc) else a.centroid()
        assert oracle.angle(np.array(centre), middle) < 0.05 * scale


def test_points_one_nanodegree_from_an_edge(pairs: Pairs) -> None:
    """Just inside is inside, just outside is outside, and the boundary belongs to the shape."""
    step = 1e-9
    checks = []
    for a, _, scale in pairs.rows:
        if not isinstance(a, Polygon) or scale < 1e-4:
            continue
        corners = oracle.vectors(a.corners[:2])
        normal = np.cross(corners[0], corners[1] - corners[0])
        normal /= np.linalg.norm(normal)
        middle = corners.sum(axis=0) / np.linalg.norm(corners.sum(axis=0))
        beside = oracle.degrees(middle + np.outer([1, -1], normal) * np.radians(1e-3 * scale))
        sign = 1 if a.outside(beside)[0] < 0 else -1
        for offset, wanted in ((step, 1), (-step, 0)):
            lon, lat = oracle.degrees(middle + sign * np.radians(offset) * normal).tolist()
            checks.append((f"CONTAINS(POINT({lon!r}, {lat!r}), {a.adql()})", wanted))
        lon, lat = a.corners[0].tolist()
        checks.append((f"CONTAINS(POINT({lon!r}, {lat!r}), {a.adql()})", 1))
    assert len(checks) > 50
    query = f"SELECT {', '.join(c for c, _ in checks)} FROM sky.pairs WHERE id = 0"
    found = answers(pairs.url, query)[0]
    assert [c for c, f in zip(checks, found, strict=True) if c[1] != f] == []
