"""CONTAINS, INTERSECTS, DISTANCE, AREA and CENTROID of any two shapes against brute force."""

from typing import Any

import asyncpg
import numpy as np
import pytest

import adql
from schema.catalogue import TableCatalogue
from tests.adql.sky import oracle
from tests.adql.sky.conftest import TABLE, Pairs
from tests.adql.sky.oracle import Disc
from tests.conftest import run

_CATALOGUE = TableCatalogue((TABLE,))


def answers(url: str, query: str, catalogue: TableCatalogue = _CATALOGUE) -> list[tuple[Any, ...]]:
    """The rows of an ADQL query."""

    async def work() -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(url)
        try:
            return [tuple(r) for r in await connection.fetch(
                adql.translate(query, catalogue).literal_sql())]  # fmt: skip
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
