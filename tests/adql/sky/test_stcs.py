"""Regions as text: one grammar, read alike by the translator and by the database."""

import math
import re

import asyncpg
import numpy as np
import pytest
from astropy.coordinates import BarycentricMeanEcliptic, FK4NoETerms, SkyCoord
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adql.sky import shapes, stcs
from tests.conftest import TestDatabase, run

_number = st.one_of(
    st.floats(-200, 400).map(repr), st.integers(-90, 90).map(str), st.sampled_from(
        ["1.", ".5", "+3", "1e1", "1E-2", "-0", "9" * 200, "1e400", "nan", "inf", "0x1", "-", "1e"]
    ),
)  # fmt: skip
_plain = st.one_of(st.integers(-90, 90).map(str), st.floats(0, 80).map(lambda x: f"{x:.9f}"))
_frame = st.sampled_from(
    ["", "", "ICRS ", "icrs geocenter ", "J2000 TOPOCENTER SPHERICAL2 ", "fillfactor 0.5 FK5 ",
     "Galactic ", "wrong "]
)  # fmt: skip
_tail = st.sampled_from(["", "", "", " unit deg", " unit deg deg", " unit rad", " Error 1 2",
                         " size 1 PixSize 2 2"])  # fmt: skip


@st.composite
def _texts(draw: st.DrawFn) -> str:
    def shape() -> str:
        kind = draw(st.sampled_from(["Circle", "polygon", "BOX", "Position", "POINT", "Ellipse"]))
        usual = {"Circle": 3, "polygon": 2 * draw(st.integers(3, 5)), "BOX": 4}.get(kind, 2)
        count = draw(st.sampled_from([usual] * 8 + [usual + 1, 0]))
        number = draw(st.sampled_from([_plain] * 6 + [_number]))
        blank = draw(st.sampled_from([" "] * 4 + ["  ", "\n\t"]))
        numbers = blank.join(draw(number) for _ in range(count))
        return f"{kind} {draw(_frame)}{numbers}{draw(_tail)}"

    inner = " ".join(shape() for _ in range(draw(st.sampled_from([1, 1, 1, 2, 3]))))
    form = draw(
        st.sampled_from(["{}"] * 4 + ["Union ({})", "UNION ICRS ( {} )", "union J2000({})", " {} ",
                                      "({})", "Intersection ({})", "Not ({})", "union {}", "{})"])
    )  # fmt: skip
    return form.format(inner)


def _by_translator(text: str) -> list[float] | None:
    try:
        return list(shapes.numbers(stcs.parse(text)))
    except ValueError:
        return None


def _by_database(database: TestDatabase, texts: list[str]) -> list[list[float] | None]:
    async def work() -> list[list[float] | None]:
        connection = await asyncpg.connect(database.read_url)
        try:
            query = (
                "SELECT starhaul.region(t) FROM unnest($1::text[]) WITH ORDINALITY AS x(t, n) "
                "ORDER BY n"
            )
            return [row[0] for row in await connection.fetch(query, texts)]
        finally:
            await connection.close()

    return run(work())


def _alike(a: list[float] | None, b: list[float] | None) -> bool:
    """Equal to 1e-9 degrees, 0 and 360 being one; a corner at a pole has no longitude."""
    if a is None or b is None or len(a) != len(b):
        return a is b
    return all(
        abs((x - y + 180) % 360 - 180) < 1e-9
        or (math.isnan(x) and math.isnan(y))
        or abs(following) > 89.999
        for x, y, following in zip(a, b, [*a[1:], 0.0], strict=True)
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.lists(st.one_of(_texts(), st.text(max_size=20).filter(lambda t: "\0" not in t)),
                min_size=40, max_size=60))  # fmt: skip
def test_database_and_translator_read_alike(database: TestDatabase, texts: list[str]) -> None:
    texts = [t for t in texts if t.encode("utf-8", "ignore").decode() == t]
    for text, found in zip(texts, _by_database(database, texts), strict=True):
        wanted = None if "galactic" in text.lower() else _by_translator(text)
        assert _alike(wanted, found), text


def test_generated_texts_are_regions_often_enough(database: TestDatabase) -> None:
    texts = [
        "POLYGON ICRS 10 10 20 10 20 20", "circle 10 10 1", "Position ICRS 1 2",
        "Union ICRS TOPOCENTER (Circle 10 10 1 Polygon 1 1 2 1 2 2 unit deg)",
        "POLYGON 1 1 2 1 2 2 POLYGON 3 3 4 3 4 4", "BOX J2000 10 20 2 1", "Circle 350 0 180",
    ]  # fmt: skip
    for text, found in zip(texts, _by_database(database, texts), strict=True):
        assert found is not None
        assert _alike(found, _by_translator(text))
    union = shapes.numbers(stcs.parse(texts[3]))
    assert [math.isnan(n) for n in union[:5]] == [True] + [False] * 3 + [True]


@pytest.mark.parametrize(
    ("frame", "astropy"),
    [("GALACTIC", "galactic"), ("ECLIPTIC", BarycentricMeanEcliptic(equinox="J2000")),
     ("FK4", FK4NoETerms(equinox="B1950")), ("SUPER_GALACTIC", "supergalactic"),
     ("FK5", "icrs"), ("ICRS", "icrs")],
)  # fmt: skip
def test_frames_are_astropys(frame: str, astropy: object) -> None:
    rng = np.random.default_rng(3)
    lon, lat = rng.uniform(0, 360, 20), rng.uniform(-90, 90, 20)
    wanted = SkyCoord(lon, lat, unit="deg", frame=astropy).icrs
    for a, b, sky in zip(lon.tolist(), lat.tolist(), wanted, strict=True):
        found = stcs.parse(f"Circle {frame} LSR {a!r} {b!r} 0.5")
        assert isinstance(found, shapes.Circle)
        assert found.radius == 0.5
        away = sky.separation(SkyCoord(found.centre.lon, found.centre.lat, unit="deg")).arcsec
        assert away < 1e-3


@pytest.mark.parametrize(
    ("text", "message"),
    {
        "ELLIPSE 1 2 3 4 5": "'ELLIPSE' is none of POSITION, CIRCLE, BOX, POLYGON or a UNION",
        "CIRCLE 1 2": "CIRCLE is followed by 3 numbers, not 2",
        "CIRCLE 1 95 1": "declination 95 is outside -90 to 90 degrees",
        "CIRCLE 1 2 181": "radius 181 is outside 0 to 180 degrees",
        "POLYGON 1 2 3 4": "a POLYGON has three or more pairs of coordinates",
        "POLYGON 0 0 180 0 90 10": "no edge goes from (0, 0) to (180, 0)",
        "UNION CIRCLE 1 2 3": "after UNION come shapes in parentheses",
        "UNION (CIRCLE 1 2 3": "'' stands where a shape or ')' is wanted",
        "CIRCLE 1 2 3)": "')' follows where the region has ended",
        "CIRCLE 1 2 3 UNIT RAD": "coordinates are in degrees, not 'RAD'",
        "POSITION GALACTIC_I 1 2": "coordinates in GALACTIC_I cannot be converted to ICRS",
        "": "'' is none of",
    }.items(),
)
def test_what_is_no_region_is_said(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        stcs.parse(text)
