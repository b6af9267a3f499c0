"""What the box around a region tells of it is what the exact test says."""

import asyncpg
import pytest

from adql.catalogue import Column, SkyRegion, Table
from adql.columns import ColumnMeta
from schema.catalogue import TableCatalogue
from tests.adql.sky.conftest import Pairs
from tests.adql.sky.test_relations import answers
from tests.conftest import TestDatabase, run

_BOXED = Table(
    "sky",
    "boxed",
    "sky.boxed",
    (
        Column(ColumnMeta("id", "long"), "id", "bigint"),
        Column(ColumnMeta("a", "char", "*", xtype="adql:REGION"), "a", "text"),
    ),
    regions=(SkyRegion("a", "vertices", "box"),),
)
_MAKE = """
CREATE TABLE sky.boxed AS
    SELECT id, a, a_array AS vertices, starhaul.bounding_box(a_array) AS box FROM sky.pairs;
GRANT SELECT ON sky.boxed TO starhaul_reader
"""
# Beside a box, a pole, 0 degrees and wide ranges; west, width, south, north.
_RANGES = [
    (330, 60, -30, 30),
    (350, 20, 50, 90),
    (0, 360, -90, -20),
    (179, 2, -1, 1),
    (5, 200, 0, 9),
]


@pytest.fixture(scope="module")
def boxed(pairs: Pairs, database: TestDatabase) -> Pairs:
    """The pairs, the first of each with a box around it."""

    async def make() -> None:
        connection = await asyncpg.connect(database.url)
        await connection.execute(_MAKE)
        await connection.close()

    run(make())
    return pairs


@pytest.mark.parametrize("form", ["CONTAINS(a, {b})", "INTERSECTS(a, {b})", "INTERSECTS({b}, a)"])
def test_a_box_changes_no_answer(boxed: Pairs, form: str) -> None:
    catalogue = TableCatalogue((_BOXED,))
    function = form.split("(")[0]
    exact = dict(answers(boxed.url, f"SELECT id, {function}(a, b) FROM sky.pairs"))
    for start in range(0, len(boxed.rows), 50):
        rows = list(enumerate(boxed.rows))[start : start + 50]
        query = " UNION ALL ".join(
            f"SELECT id, {form.format(b=b.adql())} AS met FROM sky.boxed WHERE id = {i}"
            for i, (_, b, _) in rows
        )
        for i, met in answers(boxed.url, query, catalogue):
            assert met == exact[i], boxed.rows[i]


def test_boxes_tell_of_most_regions(boxed: Pairs) -> None:
    """A box of a region that is small beside the shape is rarely on both sides of its edge."""
    told = (
        "SELECT count(*) FILTER (WHERE within), count(*) FILTER (WHERE NOT within), "
        "count(*) FILTER (WHERE within IS NULL) FROM (SELECT starhaul.box_within("
        "starhaul.bounding_box(starhaul.box(ARRAY[lon, lat], 0.2, 0.2)), ARRAY[0, 0, 1, 0.5]) "
        "AS within FROM generate_series(0, 359, 10) AS lon, generate_series(-88, 88, 2) AS lat) "
        "AS boxes"
    )

    async def count() -> tuple[int, int, int]:
        connection = await asyncpg.connect(boxed.url)
        row = await connection.fetchrow(told)
        await connection.close()
        assert row is not None
        return row[0], row[1], row[2]

    north, south, both = run(count())
    assert north == 36 * 29  # above 30.1 degrees
    assert south == 36 * 59
    assert both == 36


@pytest.mark.parametrize("sides", _RANGES)
def test_a_cap_spares_no_side_that_is_met(boxed: Pairs, sides: tuple[int, ...]) -> None:
    """A region meets a range where one of its vertices lies in it or one of its sides crosses."""
    numbers = ", ".join(map(str, sides))
    query = f"""
        WITH polygons AS (
            SELECT id, vertices AS g, cardinality(vertices) / 2 AS n FROM sky.boxed
            WHERE cardinality(vertices) > 3)
        SELECT id, starhaul.meets_range(g, {numbers}),
               starhaul.polygon_holds(g, {sides[0]}, {sides[2]}) OR bool_or(
                   starhaul.in_range(g[2 * i - 1], g[2 * i], {numbers})
                   OR starhaul.edge_meets_range(g[2 * i - 1], g[2 * i], g[2 * (i % n) + 1],
                                                g[2 * (i % n) + 2], {numbers}))
        FROM polygons, generate_series(1, n) AS i GROUP BY id, g
    """

    async def both() -> list[tuple[int, bool, bool]]:
        connection = await asyncpg.connect(boxed.url)
        rows = [tuple(row) for row in await connection.fetch(query)]
        await connection.close()
        return rows

    rows = run(both())
    assert {met for _, met, _ in rows} == {True, False}
    assert [row for row in rows if row[1] != row[2]] == []
