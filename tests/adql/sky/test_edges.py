"""Where spheres go wrong: poles, RA 0, half the sky, nothing at all, and rows that are none."""

import math
from typing import Any

import asyncpg
import pytest

import adql
from adql.catalogue import Column, Table
from adql.columns import ColumnMeta
from schema.catalogue import TableCatalogue
from tests.conftest import TestDatabase, run


def _column(name: str, sql_type: str, datatype: str, **more: Any) -> Column:
    return Column(ColumnMeta(name, datatype, **more), name, sql_type)


_TABLE = Table(
    "sky",
    "odd",
    "sky.odd",
    (
        _column("id", "bigint", "long"),
        _column("ra", "double precision", "double", unit="deg"),
        _column("dec", "double precision", "double", unit="deg"),
        _column("r", "double precision", "double", unit="deg"),
        _column("place", "double precision[]", "double", arraysize="2", xtype="point"),
        _column("shape", "double precision[]", "double", arraysize="*", xtype="polygon"),
        _column("s_region", "text", "char", arraysize="*", xtype="adql:REGION"),
        _column("seen", "text", "char", arraysize="*", xtype="multishape"),
        _column("cone", "real[]", "float", arraysize="3", xtype="circle"),
    ),
)
_ROWS: list[tuple[Any, ...]] = [
    (0, 10.0, 20.0, 1.0, [10.0, 20.0], [9.0, 19.0, 11.0, 19.0, 10.0, 22.0], "CIRCLE 10 20 1"),
    (1, math.nan, 20.0, math.nan, [math.nan, 0.0], [math.nan] * 6, "garbage"),
    (2, math.inf, 20.0, math.inf, [math.inf, 0.0], [0.0, math.inf, 1.0, 1.0, 2.0, 2.0], ""),
    (3, 10.0, 95.0, -1.0, [10.0, 95.0], [9.0, 19.0, 11.0, 91.0, 10.0, 22.0], "CIRCLE 10 95 1"),
    (4, 10.0, -math.inf, 181.0, [1.0], [1.0, 2.0, 3.0, 4.0, 5.0], "POLYGON 1 2 3 4 5"),
    (5, 1e300, 20.0, 1e300, [], [], "CIRCLE 10 20 1e999"),
    (6, None, None, None, None, None, None),
    (7, 10.0, 20.0, 1.0, [10.0, None], [0.0, 0.0, 180.0, 0.0, 90.0, 5.0], "UNION (CIRCLE 1 2)"),
]


@pytest.fixture(scope="module")
def odd(database: TestDatabase) -> str:
    """sky.odd: one good row, and one for each way of being none; the URL of its database."""

    async def load() -> None:
        connection = await asyncpg.connect(database.url)
        await connection.execute(
            "CREATE SCHEMA sky; GRANT USAGE ON SCHEMA sky TO starhaul_reader; "
            "CREATE TABLE sky.odd (id bigint, ra double precision, dec double precision, "
            "r double precision, place double precision[], shape double precision[], "
            "s_region text, seen text DEFAULT 'circle 9 20 0.1 circle 10 20 0.1', "
            "cone real[] DEFAULT '{10,20,0.5}'); GRANT SELECT ON sky.odd TO starhaul_reader"
        )
        columns = ["id", "ra", "dec", "r", "place", "shape", "s_region"]
        await connection.copy_records_to_table(
            "odd", schema_name="sky", records=_ROWS, columns=columns
        )
        await connection.close()

    run(load())
    return database.read_url


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    """The rows of an ADQL query."""

    async def work() -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(url)
        try:
            sql = adql.translate(query, TableCatalogue((_TABLE,))).literal_sql()
            return [tuple(r) for r in await connection.fetch(sql)]
        finally:
            await connection.close()

    return run(work())


_VALUES = [
    "POINT(ra, dec)", "CIRCLE(ra, dec, r)", "CIRCLE(POINT(ra, dec), r)", "BOX(ra, dec, r, r)",
    "BOX(place, r, 1)", "POLYGON(ra, dec, 11, 19, 10, 22)",
    "POLYGON(POINT(ra, dec), place, POINT(10, 22))", "CENTROID(s_region)", "CENTROID(shape)",
    "COORD1(place)", "COORD2(place)", "COORDSYS(POINT(ra, dec))", "AREA(s_region)", "AREA(shape)",
    "AREA(CIRCLE(ra, dec, r))", "DISTANCE(ra, dec, 1, 2)", "DISTANCE(POINT(ra, dec), POINT(1, 2))",
    "DISTANCE(place, POINT(1, 2))", "DISTANCE(s_region, POINT(1, 2))",
    "CONTAINS(POINT(ra, dec), CIRCLE(10, 20, 3))", "CONTAINS(place, CIRCLE(10, 20, 3))",
    "CONTAINS(POINT(ra, dec), POLYGON(9, 19, 11, 19, 10, 22))",
    "CONTAINS(POINT(10, 20), CIRCLE(ra, dec, r))", "CONTAINS(POINT(10, 20), s_region)",
    "CONTAINS(POINT(10, 20), shape)", "CONTAINS(POINT(ra, dec), s_region)",
    "INTERSECTS(s_region, shape)", "INTERSECTS(shape, CIRCLE(10, 20, 1))",
    "CONTAINS(POINT(ra, dec), REGION('UNION (CIRCLE 10 20 1 CIRCLE 100 20 1)'))",
    "CONTAINS(CIRCLE(ra, dec, r), BOX(10, 20, 5, 5))",
]  # fmt: skip


@pytest.mark.parametrize("value", _VALUES)
def test_rows_that_are_no_geometry_are_null(odd: str, value: str) -> None:
    found = dict(rows(odd, f"SELECT id, {value} FROM sky.odd"))
    assert found[0] is not None
    # Row 7 has good numbers beside arrays and a text that are no geometry.
    of_numbers = not any(name in value for name in ("place", "shape", "s_region"))
    assert {i for i, v in found.items() if v is not None} == ({0, 7} if of_numbers else {0})
    if value.startswith(("CONTAINS", "INTERSECTS")):
        for wanted in (0, 1):
            rows(odd, f"SELECT id FROM sky.odd WHERE {value} = {wanted} ORDER BY {value}")
        rows(odd, f"SELECT {value}, COUNT(*) AS n FROM sky.odd GROUP BY {value}")


_ANSWERS = {
    # a circle of no size holds its centre and meets itself
    "CONTAINS(POINT(10, 20), CIRCLE(10, 20, 0))": 1,
    "CONTAINS(POINT(ra, dec), CIRCLE(10, 20, 0))": 1,
    "CONTAINS(POINT(10, 20), CIRCLE(ra, dec, 0))": 1,
    "INTERSECTS(CIRCLE(10, 20, 0), CIRCLE(370, 20, 0))": 1,
    "CONTAINS(POINT(10, 20.000000001), CIRCLE(10, 20, 0))": 0,
    # a thousandth of an arcsecond
    "CONTAINS(POINT(10, 20.00000027), CIRCLE(10, 20, 2.78E-7))": 1,
    "CONTAINS(POINT(10, 20.00000029), CIRCLE(10, 20, 2.78E-7))": 0,
    # poles, RA 0 and 360, longitudes once more around
    "CONTAINS(POINT(123, 90), CIRCLE(45, 90, 0))": 1,
    "CONTAINS(POINT(359.9, 0), CIRCLE(0.1, 0, 0.21))": 1,
    "CONTAINS(POINT(-10, 5), CIRCLE(350, 5, 0.1))": 1,
    "COORD1(POINT(-10, 5))": 350,
    "COORD1(POINT(360, 5))": 360,
    "CONTAINS(POINT(0, 0), POLYGON(-1, -1, 1, -1, 1, 1, -1, 1))": 1,
    "CONTAINS(POINT(0, 90), POLYGON(0, 80, 120, 80, 240, 80))": 1,
    "CONTAINS(POINT(180, -90), POLYGON(0, 80, 120, 80, 240, 80))": 0,
    # wide circles
    "CONTAINS(POINT(190, -20), CIRCLE(10, 20, 179.999999))": 0,
    "CONTAINS(POINT(190, -20), CIRCLE(10, 20, 180))": 1,
    "CONTAINS(POINT(190, -19.999998), CIRCLE(10, 20, 179.999999))": 1,
    "CONTAINS(CIRCLE(0, 0, 100), CIRCLE(10, 0, 110))": 1,
    "CONTAINS(CIRCLE(0, 0, 100), CIRCLE(10, 0, 109.999))": 0,
    "INTERSECTS(CIRCLE(0, 0, 89), CIRCLE(180, 0, 90.999))": 0,
    "CONTAINS(POLYGON(0, 0, 90, 0, 0, 90), CIRCLE(225, -35, 140))": 0,
    "CONTAINS(POLYGON(0, 0, 90, 0, 0, 90), CIRCLE(45, 35.264389682754654, 100))": 1,
    # the boundary belongs to a shape, its vertices and the closing one too
    "CONTAINS(POINT(5, 0), POLYGON(0, 0, 10, 0, 5, 10))": 1,
    "CONTAINS(POINT(5, 10), POLYGON(0, 0, 10, 0, 5, 10, 0, 0))": 1,
    "CONTAINS(POINT(5, -1E-9), POLYGON(0, 0, 10, 0, 5, 10, 0, 0))": 0,
    "CONTAINS(POLYGON(0, 0, 10, 0, 5, 10), POLYGON(5, 10, 0, 0, 10, 0))": 1,
    "INTERSECTS(POLYGON(0, 0, 10, 0, 5, 10), POLYGON(10, 0, 20, 0, 15, 10))": 1,
    "INTERSECTS(POLYGON(0, 0, 10, 0, 5, 10), POLYGON(2, 0, 8, 0, 5, -10))": 1,
    # either winding is the small side
    "AREA(POLYGON(0, 0, 90, 0, 0, 90))": 41252.96124941927 / 8,
    "AREA(POLYGON(0, 90, 90, 0, 0, 0))": 41252.96124941927 / 8,
    # a notch whose corners the other polygon shares
    "CONTAINS(POLYGON(0, 0, 2, 0, 2, 2, 0, 2), POLYGON(0, 0, 2, 0, 1, 1, 2, 2, 0, 2))": 0,
    "CONTAINS(POLYGON(0, 0, 2, 0, 1, 1, 2, 2, 0, 2), POLYGON(0, 0, 2, 0, 2, 2, 0, 2))": 1,
    "CONTAINS(POLYGON(0, 0, 1, 1, 0, 2), POLYGON(0, 0, 2, 0, 1, 1, 2, 2, 0, 2))": 1,
    # without an area
    "AREA(POLYGON(1, 1, 1, 1, 1, 1))": 0,
    "CONTAINS(POINT(1, 1), POLYGON(1, 1, 1, 1, 1, 1))": 1,
    "CONTAINS(POINT(5, 0), POLYGON(0, 0, 5, 0, 10, 0))": 1,
    "CONTAINS(POINT(5, 1), POLYGON(0, 0, 5, 0, 10, 0))": 0,
    "COORD1(CENTROID(POLYGON(0, 0, 5, 0, 10, 0)))": 5,
    "AREA(BOX(10, 20, 0, 5))": 0,
    # half the sky: the left side of the way, seen from the centre of the sphere
    "AREA(POLYGON(0, 0, 120, 0, 240, 0))": 41252.96124941927 / 2,
    "CONTAINS(POINT(77, 50), POLYGON(0, 0, 120, 0, 240, 0))": 0,
    "CONTAINS(POINT(77, -50), POLYGON(0, 0, 120, 0, 240, 0))": 1,
    "CONTAINS(POINT(77, 50), POLYGON(240, 0, 120, 0, 0, 0))": 1,
    # wider than a hemisphere from its first vertex
    "CONTAINS(POINT(77, 0), POLYGON(0, -10, 90, -10, 180, -10, 270, -10))": 0,
    "CONTAINS(POINT(77, -20), POLYGON(0, -10, 90, -10, 180, -10, 270, -10))": 1,
    # a box: sides of great circles at right angles to the arms
    "CONTAINS(POINT(15, 60), BOX(10, 60, 10, 10))": 1,
    "CONTAINS(POINT(20.0, 60), BOX(10, 60, 10, 10))": 1,
    "CONTAINS(POINT(10, 65.000000001), BOX(10, 60, 10, 10))": 0,
    "CONTAINS(POINT(10, 65), BOX(10, 60, 10, 10))": 1,
    "CONTAINS(POINT(10, 65), BOX(POINT(ra, 60), 10, 10))": 1,
    # unions
    "CONTAINS(POINT(ra, dec), REGION('Union ICRS (Circle 0 0 1 Box 10 20 1 1)'))": 1,
    "CONTAINS(REGION('Union (Circle 0 0 1 Circle 5 0 1)'), CIRCLE(0, 0, 6))": 1,
    "CONTAINS(REGION('Union (Circle 0 0 1 Circle 5 0 1)'), CIRCLE(0, 0, 5.9))": 0,
    "INTERSECTS(CIRCLE(6.5, 0, 0.6), REGION('circle 0 0 1 circle 5 0 1'))": 1,
    "CONTAINS(CIRCLE(5, 0, 0.5), REGION('circle 0 0 1 circle 5 0 1'))": 1,
    "AREA(REGION('circle 0 0 1 circle 5 0 1'))": 2 * 3.1415127,
    "AREA(REGION('circle 0 0 1 circle 5 0 1 circle 6 0 1'))": None,
    "COORD1(CENTROID(REGION('circle 0 0 1 circle 5 0 1')))": None,
    "DISTANCE(s_region, POINT(10, 22))": 1.0,
    # other frames: the galactic centre, and a circle of galactic coordinates around a star
    "CONTAINS(POINT('GALACTIC', 0, 0), CIRCLE(266.4049883, -28.9361777, 0.0000001))": 1,
    "CONTAINS(POINT(ra, dec), CIRCLE('GALACTIC', 119.2690, -42.7885, 0.5))": 1,
    "COORDSYS(POINT('GALACTIC', 0, 0))": "ICRS",
    "DISTANCE(POINT('GALACTIC', 0, 90), POINT(192.85948, 27.12825))": 0.0,
    # text and arrays
    "CONTAINS(POINT(10, 20), seen)": 1,
    "CONTAINS(POINT(9.5, 20), seen)": 0,
    "CONTAINS(POINT(10, 20.4), cone)": 1,
    "CONTAINS(cone, CIRCLE(10, 20, 0.6))": 1,
    "AREA(CAST('0 0 90 0 0 90' AS POLYGON))": 41252.96124941927 / 8,
    "CONTAINS(CAST('10 20' AS POINT), s_region)": 1,
    "CONTAINS(NULL, CIRCLE(1, 2, 3))": None,
}


@pytest.mark.parametrize("expression", _ANSWERS)
def test_answers(odd: str, expression: str) -> None:
    ((found,),) = rows(odd, f"SELECT {expression} FROM sky.odd WHERE id = 0")
    wanted = _ANSWERS[expression]
    assert found == (pytest.approx(wanted, abs=1e-5) if isinstance(wanted, float) else wanted)


@pytest.mark.parametrize(
    ("expression", "message"),
    {
        "POINT(10, 91)": "declination 91 is outside -90 to 90 degrees",
        "POINT(1000, 0)": "right ascension 1000 is outside 0 to 360 degrees",
        "CIRCLE(10, 20, -1)": "radius -1 is outside 0 to 180 degrees",
        "CIRCLE(10, 20, 181)": "radius 181 is outside 0 to 180 degrees",
        "BOX(10, 20, 180, 1)": "the sides of a BOX are from 0 to below 180 degrees",
        "POLYGON(0, 0, 180, 0, 90, 10)": "put a vertex between them",
        "DISTANCE(10, 91, 1, 2)": "declination 91 is outside -90 to 90 degrees",
        "REGION('ELLIPSE 1 2 3 4 5')": "REGION: 'ELLIPSE' is none of POSITION, CIRCLE, BOX",
        "CAST('1 2 x' AS CIRCLE)": "'1 2 x' is no CIRCLE: 'x' is no number",
        "POINT('GALACTIC', ra, dec)": "columns cannot be converted from GALACTIC",
        "POLYGON('FK4', ra, dec, 1, 1, 2, 2)": "columns cannot be converted from FK4",
    }.items(),
)
def test_constants_that_are_none_are_refused(expression: str, message: str) -> None:
    with pytest.raises(adql.ADQLError) as caught:
        adql.translate(f"SELECT {expression} FROM sky.odd", TableCatalogue((_TABLE,)))
    assert message in caught.value.message
    assert caught.value.column >= 8


def test_values_are_dali(odd: str) -> None:
    query = (
        "SELECT POINT(-10, 2), BOX(10, 0, 2, 2), REGION('Circle 1 2 3'), CENTROID(s_region), "
        "REGION('Union (Circle 1 2 3 Circle 4 5 6)'), shape FROM sky.odd WHERE id = 0"
    )
    columns = [c.meta for c in adql.translate(query, TableCatalogue((_TABLE,))).columns]
    assert [(c.xtype, c.datatype, c.arraysize, c.unit) for c in columns[:4]] == [
        ("point", "double", "2", "deg"),
        ("polygon", "double", "*", "deg"),
        ("circle", "double", "3", "deg"),
        ("point", "double", "2", "deg"),
    ]
    assert (columns[4].xtype, columns[4].datatype) == ("adql:REGION", "char")
    point, box, circle, centre, union, shape = rows(odd, query)[0]
    assert (point, circle, centre) == ([350, 2], [1, 2, 3], [10, 20])
    # north-east, south-east, south-west, north-west: counter-clockwise as the sky is seen
    assert box == pytest.approx([11, 0.99985, 11, -0.99985, 9, -0.99985, 9, 0.99985], abs=1e-4)
    assert union == "Union (Circle 1 2 3 Circle 4 5 6)"
    assert shape == _ROWS[0][5]
