"""User-defined functions against astropy, erfa, cdshealpix and numpy, on a real PostgreSQL."""

import math
from typing import Any

import asyncpg
import erfa
import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import (
    FK5,
    BarycentricMeanEcliptic,
    CartesianRepresentation,
    FK4NoETerms,
    Latitude,
    Longitude,
    SkyCoord,
)
from cdshealpix.nested import healpix_to_lonlat, lonlat_to_healpix
from hypothesis import given
from hypothesis import strategies as st

import adql
from tests.adql.conftest import CATALOGUE, Sky
from tests.conftest import TestDatabase, run

_LON = st.floats(0, 360) | st.sampled_from([0.0, 90.0, 180.0, 360.0])
_LAT = st.floats(-90, 90) | st.sampled_from([0.0, 90.0, -90.0, 89.99999999])
_CELL = st.integers(0, 12 * 4**29 - 1)
_AU_PER_YEAR = (1 * u.au / u.yr).to_value("km/s")


def one_row(sky: Sky, calls: list[str]) -> tuple[Any, ...]:
    """The values of calls that need no column."""
    named = ", ".join(f"{call} AS v{i}" for i, call in enumerate(calls))
    return sky.rows(f"SELECT TOP 1 {named} FROM sky.stars")[0]


def unit(lon: float, lat: float) -> np.ndarray:
    a, b = math.radians(lon), math.radians(lat)
    return np.array([math.cos(b) * math.cos(a), math.cos(b) * math.sin(a), math.sin(b)])


def separation(p: Any, q: Any) -> float:
    """Angle in degrees between two positions in degrees, exact where it is small."""
    chord = float(np.linalg.norm(unit(*p) - unit(*q)))
    return math.degrees(2 * math.asin(min(1.0, chord / 2)))


def phase(parameters: Any) -> tuple[np.ndarray, np.ndarray]:
    """Place (in units of 1 au / 1 mas) and velocity (the same in a year) of six parameters."""
    ra, dec, plx, pmra, pmdec, rv = (float(p) for p in parameters)
    a, b = math.radians(ra), math.radians(dec)
    east = np.array([-math.sin(a), math.cos(a), 0])
    north = np.array([-math.sin(b) * math.cos(a), -math.sin(b) * math.sin(a), math.cos(b)])
    mas = math.radians(1 / 3600000)
    radial = rv / _AU_PER_YEAR * mas * unit(ra, dec)
    return unit(ra, dec) / plx, (pmra * east + pmdec * north) * mas / plx + radial


STARS = st.tuples(
    _LON, _LAT, st.floats(0.01, 800), st.floats(-11000, 11000), st.floats(-11000, 11000),
    st.floats(-500, 500), st.floats(-200, 200),
)  # fmt: skip


@given(st.lists(STARS, min_size=1, max_size=6))
def test_space_motion_is_a_straight_line(sky: Sky, stars: list[tuple[float, ...]]) -> None:
    """Place and velocity in space, made from the six parameters at either epoch, agree."""
    calls = [
        f"sh_epoch_prop({', '.join(map(repr, s[:6]))}, 2000, 2000 + ({s[6]!r}))" for s in stars
    ]
    for star, found in zip(stars, one_row(sky, calls), strict=True):
        place, velocity = phase(star[:6])
        new_place, new_velocity = phase(found)
        distance, speed = float(np.linalg.norm(place)), float(np.linalg.norm(velocity))
        size = distance + speed * abs(star[6])
        assert np.linalg.norm(new_place - place - velocity * star[6]) < 1e-12 * size
        assert np.linalg.norm(new_velocity - velocity) < 1e-11 * (speed + 1e-9 * size)
        assert 0 <= found[0] < 360


@given(st.lists(STARS, min_size=1, max_size=6))
def test_space_motion_without_parallax_is_a_great_circle(
    sky: Sky, stars: list[tuple[float, ...]]
) -> None:
    calls = []
    for ra, dec, _, pmra, pmdec, rv, years in stars:
        for parallax in ("NULL", "0"):
            motion = f"{ra!r}, {dec!r}, {parallax}, {pmra!r}, {pmdec!r}, {rv!r}"
            calls.append(f"ivo_epoch_prop_pos({motion}, 2000, 2000 + ({years!r}))")
    row = one_row(sky, calls)
    for (ra, dec, _, pmra, pmdec, _, years), a, b in zip(stars, row[::2], row[1::2], strict=True):
        assert a == b
        angle = math.atan(math.hypot(pmra, pmdec) / 3600000 * math.pi / 180 * years)
        start = SkyCoord(ra * u.deg, dec * u.deg)
        wanted = start.directional_offset_by(math.atan2(pmra, pmdec) * u.rad, angle * u.rad)
        if abs(dec) < 89.99:  # astropy loses the direction of motion at a pole
            assert separation(a, (wanted.ra.deg, wanted.dec.deg)) < 1e-9


@given(st.lists(STARS, min_size=1, max_size=6))
def test_space_motion_agrees_with_erfa_but_for_light_time(
    sky: Sky, stars: list[tuple[float, ...]]
) -> None:
    """erfa adds relativity and light time: terms of order v/c, which the catalogue forbids."""
    stars = [(s[0], max(-89.0, min(89.0, s[1])), max(60.0, s[2]), *s[3:]) for s in stars]
    calls = [
        f"ivo_epoch_prop_pos({', '.join(map(repr, s[:6]))}, 2000, 2000 + ({s[6]!r}))" for s in stars
    ]
    mas = math.radians(1 / 3600000)
    for (ra, dec, plx, pmra, pmdec, rv, years), found in zip(
        stars, one_row(sky, calls), strict=True
    ):
        lon, lat = math.radians(ra), math.radians(dec)
        day = 2451545.0
        a, b, *_ = erfa.pmsafe(
            lon, lat, pmra * mas / math.cos(lat), pmdec * mas, plx / 1000, rv, day, 0.0, day,
            years * 365.25,
        )  # fmt: skip
        across = math.hypot(pmra, pmdec) / plx * _AU_PER_YEAR
        path = math.hypot(pmra, pmdec) * abs(years) / 3600000
        allowed = 4 * math.hypot(across, rv) / 299792.458 * path + 1e-10
        assert separation(found, (math.degrees(a), math.degrees(b))) < allowed


FRAMES = {
    "ICRS": "icrs",
    "FK5": FK5(equinox="J2000"),
    "FK4": FK4NoETerms(equinox="B1950"),
    "GALACTIC": "galactic",
    "supergalactic": "supergalactic",
    "ECLIPTIC": BarycentricMeanEcliptic(equinox="J2000"),
}


@given(_LON, _LAT, st.sampled_from(sorted(FRAMES)), st.sampled_from(sorted(FRAMES)))
def test_frames_are_those_of_astropy(
    sky: Sky, lon: float, lat: float, source: str, target: str
) -> None:
    low = round(lat * 0.9, 9)
    corners = [(lon, low), (lon + 10, low), (lon + 5, low + 5 if low < 0 else low - 5)]
    positions = [(lon, lat), *((a % 360, b) for a, b in corners)]
    vectors = CartesianRepresentation(*np.array([unit(*p) for p in positions]).T)
    there = SkyCoord(vectors, frame=FRAMES[source]).transform_to(FRAMES[target]).spherical
    call = f"ivo_geom_transform('{source}', '{target}', {{}})"
    # Constants are turned in Python; what an unknown function hides, in PostgreSQL.
    for number in ("{!r}", "sh_least({!r}, NULL)"):
        points = [f"POINT({number.format(a)}, {b!r})" for a, b in positions]
        shapes = [*points, f"CIRCLE({points[0]}, 2.5)", f"POLYGON({', '.join(points[1:])})"]
        *found, circle, polygon = one_row(sky, [call.format(shape) for shape in shapes])
        for place, a, b in zip(found, there.lon.deg, there.lat.deg, strict=True):
            assert separation(place, (a, b)) < 1e-12
        assert circle == [*found[0], 2.5]
        assert polygon == [number for place in found[1:] for number in place]


def test_a_cone_in_another_frame_uses_the_index(sky: Sky) -> None:
    lon, lat, radius = 123.4, -56.7, 8.0
    places = SkyCoord(sky.ra * u.deg, sky.dec * u.deg).galactic
    wanted = places.separation(SkyCoord(lon * u.deg, lat * u.deg, frame="galactic")).deg < radius
    circle = f"ivo_geom_transform('GALACTIC', 'ICRS', CIRCLE({lon}, {lat}, {radius}))"
    query = f"SELECT id FROM sky.stars WHERE 1 = CONTAINS(POINT(ra, dec), {circle})"
    assert {i for (i,) in sky.rows(query)} == set(np.flatnonzero(wanted).tolist()) != set()
    assert 'hpx" BETWEEN' in adql.translate(query, CATALOGUE).sql


@given(st.integers(0, 29), st.lists(st.tuples(_LON, _LAT, _CELL), min_size=1, max_size=8))
def test_healpix_is_that_of_cdshealpix(
    sky: Sky, order: int, drawn: list[tuple[float, float, int]]
) -> None:
    lon, lat = np.array([d[:2] for d in drawn]).T
    cells = [cell >> 2 * (29 - order) for *_, cell in drawn]
    centres = healpix_to_lonlat(np.array(cells, dtype=np.uint64), order)
    wanted = [x.deg for x in centres]
    calls = [f"ivo_healpix_center({order}, {cell})" for cell in cells]
    inside = [f"ivo_healpix_index({order}, {call})" for call in calls]
    outside = [f"ivo_healpix_index({order}, {a!r}, {b!r})" for a, b, _ in drawn]
    row = one_row(sky, calls + inside + outside)
    n = len(cells)
    for position, a, b in zip(row[:n], *wanted, strict=True):
        assert separation(position, (a, b)) < 1e-12
    assert list(row[n : 2 * n]) == cells
    if order <= 20:  # on a boundary either side is right, and the two differ in the last digit
        nearby = lonlat_to_healpix(Longitude(lon, "deg"), Latitude(lat, "deg"), order)
        for (a, b, _), cell, other in zip(drawn, row[2 * n :], nearby, strict=True):
            if cell != other:
                moved = lonlat_to_healpix(
                    Longitude(a + np.array([-1, 1, 0, 0]) * 1e-9, "deg"),
                    Latitude(np.clip(b + np.array([0, 0, -1, 1]) * 1e-9, -90, 90), "deg"),
                    order,
                )
                assert cell in moved or abs(b) == 90


@pytest.mark.parametrize("order", [0, 9, 29])
def test_a_table_with_an_index_holds_its_cells(sky: Sky, order: int) -> None:
    wanted = lonlat_to_healpix(Longitude(sky.ra, "deg"), Latitude(sky.dec, "deg"), order)
    for call in (
        f"ivo_healpix_index({order}, ra, dec)",
        f"ivo_healpix_index({order}, POINT(ra, dec))",
    ):
        rows = sky.rows(f"SELECT id, {call} FROM sky.stars")
        assert [cell for _, cell in sorted(rows)] == [None, *wanted.tolist()]
        assert "healpix" not in adql.translate(f"SELECT {call} FROM sky.stars", CATALOGUE).sql
    # The last seven stars lie on corners of cells, where more than one is right.
    cell = f"ivo_healpix_index({order}, ra, dec)"
    grouped = f"SELECT {cell}, COUNT(*) FROM sky.{{}} WHERE id BETWEEN 0 AND 4399 GROUP BY {cell}"
    assert {*sky.rows(grouped.format("stars"))} == {*sky.rows(grouped.format("plain"))}


def test_what_has_no_answer_is_null(sky: Sky) -> None:
    """No row ends a query (docs/decisions/0006)."""
    calls = [
        "ivo_healpix_center(3, NULL)",
        "ivo_healpix_center(1 + 29, 1)",
        "ivo_healpix_center(1, 48)",
        "ivo_healpix_center(1, -1)",
        "ivo_healpix_index(1 - 2, 1, 1)",
        "ivo_healpix_index(9, 10, 90.1)",
        "ivo_epoch_prop_pos(1, 91, 1, 1, 1, 1, 2000, 2010)",
        "ivo_epoch_prop_pos(1, 1, 1, 1E200, 1, 1, 2000, 2010)",
        "ivo_geom_transform('ICRS', 'FK5', POINT(1, sh_sign(1) * 91))",
        "ivo_normal_random(1E308, 1E308)",
        "sh_njy_to_abmag_error(1E-300, 1E300)",
    ]
    assert one_row(sky, calls) == (None,) * len(calls)


EXTREMES = (0.0, -5e-324, 1e-310, -1e-300, 1e-160, 1e160, -1e300, 1.7976931348623157e308)


MATHEMATICS = {
    "sign": np.sign,
    "cbrt": np.cbrt,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "asinh": np.arcsinh,
}


def test_mathematics_takes_every_number(sky: Sky) -> None:
    row = one_row(sky, [f"sh_{name}({x!r})" for name in MATHEMATICS for x in EXTREMES])
    with np.errstate(over="ignore"):
        wanted = [float(function(x)) for function in MATHEMATICS.values() for x in EXTREMES]
    assert list(row) == pytest.approx(wanted)


SEXAGESIMAL: dict[str, float | None] = {
    "ivo_hms_to_degrees('033445.4')": (3 + 34 / 60 + 45.4 / 3600) * 15,
    "ivo_hms_to_degrees(' 3 34 45.4 ')": (3 + 34 / 60 + 45.4 / 3600) * 15,
    "ivo_hms_to_degrees('23:59:60')": 360.0,
    "ivo_dms_to_degrees('-420906.768')": -42.15188,
    "ivo_dms_to_degrees('-0:0:1')": -1 / 3600,
    "ivo_dms_to_degrees('359d59m59.5s')": 360 - 0.5 / 3600,
    "ivo_hms_to_degrees('-3:34:45')": None,
    "ivo_hms_to_degrees('3:60:00')": None,
    "ivo_hms_to_degrees('3:34')": None,
    "ivo_hms_to_degrees('noon')": None,
    "ivo_hms_to_degrees('')": None,
    "ivo_hms_to_degrees(NULL)": None,
    "ivo_dms_to_degrees('1h2m3s')": None,
    "ivo_dms_to_degrees('12:00:61')": None,
}


def test_sexagesimal_angles(sky: Sky) -> None:
    row = one_row(sky, list(SEXAGESIMAL))
    for (call, wanted), found in zip(SEXAGESIMAL.items(), row, strict=True):
        assert found == (None if wanted is None else pytest.approx(wanted, rel=1e-14)), call


def _column(sky: Sky, name: str) -> np.ndarray:
    return np.array([v for (v,) in sky.rows(f"SELECT {name} FROM sky.stars") if v is not None])


def test_statistics_are_those_of_numpy(sky: Sky) -> None:
    mag, ra = _column(sky, "mag"), _column(sky, "ra")
    low, high, corr = (
        float(np.percentile(mag, 5)),
        float(np.percentile(mag, 95)),
        float(np.corrcoef(mag, ra)[0, 1]),
    )
    query = (
        "SELECT sh_median(mag), sh_percentile(mag, 0.25), sh_percentile(mag, 1), sh_stddev(mag), "
        f"sh_mad(mag), sh_corr(mag, ra), ivo_histogram(mag, {low!r}, {high!r}, 40) FROM sky.stars"
    )
    median, quarter, largest, spread, mad, found_corr, histogram = sky.rows(query)[0]
    assert median == pytest.approx(np.median(mag))
    assert quarter == pytest.approx(np.percentile(mag, 25))
    assert largest == mag.max()
    assert spread == pytest.approx(mag.std(ddof=1))
    assert mad == pytest.approx(np.median(np.abs(mag - np.median(mag))))
    assert found_corr == pytest.approx(corr)
    below = int((mag < low).sum()) + 1  # the star without a magnitude
    counts = np.histogram(mag, 40, (low, high))[0].tolist()
    assert histogram == [below, *counts, int((mag > high).sum())]


def test_statistics_of_groups_and_of_nothing(sky: Sky) -> None:
    rows = sky.rows(
        "SELECT weight, sh_median(id), sh_mad(id), ivo_histogram(weight, 0, 6, 2) FROM sky.plain "
        "WHERE id < 70 GROUP BY weight ORDER BY weight"
    )
    assert [(w, m) for w, m, _, _ in rows] == [(w, 31.5 + w) for w in range(7)]
    assert {mad for _, _, mad, _ in rows} == {17.5}
    assert [h for *_, h in rows] == [[0, 10, 0, 0]] * 3 + [[0, 0, 10, 0]] * 4
    empty = "SELECT sh_median(id), sh_stddev(id), sh_mad(id), ivo_histogram(id, 0, 1, 1) FROM "
    assert sky.rows(empty + "sky.plain WHERE id < 0") == [(None,) * 4]
    for limits in ("1, 1, 5", "0, 1, 0", "NULL, 1, 5", "0, 1, 2000000"):
        with pytest.raises(asyncpg.InvalidParameterValueError, match="ivo_histogram needs"):
            sky.rows(f"SELECT ivo_histogram(mag, {limits}) FROM sky.stars")


def test_random_numbers_are_normal_and_independent(sky: Sky) -> None:
    rows = sky.rows("SELECT ivo_normal_random(10, 5), ivo_normal_random(10, 5) FROM sky.stars")
    a, b = np.array(rows).T
    n = len(a)
    assert not np.any(a == b)
    z = np.sort((np.concatenate([a, b]) - 10) / 5)
    expected = np.array([0.5 * (1 + math.erf(v / math.sqrt(2))) for v in z])
    # Kolmogorov and Smirnov: once in 10^8 runs is D sqrt(n) above 3.1.
    assert np.abs(expected - (np.arange(2 * n) + 0.5) / (2 * n)).max() * math.sqrt(2 * n) < 3.1
    assert abs(np.corrcoef(a, b)[0, 1]) * math.sqrt(n) < 6


OURS: dict[str, Any] = {
    "sh_greatest(1, 2)": 2,
    "sh_greatest(9007199254740993, 9007199254740992)": 9007199254740993,
    "sh_least(1, 2.5)": 1.0,
    "sh_least(NULL, 2)": 2,
    "sh_greatest('a', 'b')": "b",
    "sh_nullif(3, 3)": None,
    "sh_nullif(3, 4)": 3,
    "sh_nullif('', '')": None,
    "sh_length('häuser')": 6,
    "sh_substring('spectrum', 6)": "rum",
    "sh_substring('spectrum', 2, 3)": "pec",
    "sh_substring('spectrum', 2, -3)": "",
    "sh_substring('spectrum', 2, NULL)": None,
    "sh_trim('  a b ')": "a b",
    "sh_replace('HD-1-2', '-', ' ')": "HD 1 2",
    "sh_sign(-3)": -1.0,
    "sh_cbrt(-27)": -3.0,
    "sh_sinh(0.5)": math.sinh(0.5),
    "sh_cosh(0.5)": math.cosh(0.5),
    "sh_tanh(0.5)": math.tanh(0.5),
    "sh_asinh(-0.5)": math.asinh(-0.5),
    "sh_njy_to_abmag(3630.780547701013)": 22.5,
    "sh_njy_to_abmag(0)": None,
    "sh_njy_to_abmag_error(100, 1)": 2.5 / math.log(10) / 100,
}


def test_our_own_functions(sky: Sky) -> None:
    for (call, wanted), found in zip(OURS.items(), one_row(sky, list(OURS)), strict=True):
        assert found == (pytest.approx(wanted) if isinstance(wanted, float) else wanted), call
    dates = "sh_greatest(CAST('2020-01-01' AS TIMESTAMP), '2021-01-01')"
    assert sky.rows(f"SELECT TOP 1 {dates} FROM sky.stars")[0][0].year == 2021


WORDS = {
    ("Spectra of GALAXIES in clusters", "galaxy cluster"): 1,
    ("shown that a primordial", "show"): 0,
    ("Spectra of the galaxies", "the"): 1,
    ("Spectra of galaxies", "the"): 0,
    ("A survey of X-ray sources", "x-ray source"): 1,
    ("A survey of X-ray sources", "ray"): 1,
    ("NGC 1068", "ngc 1068"): 1,
    ("NGC 10681", "NGC 1068"): 0,
    ("anything", "it''s"): 0,
}


def test_words_are_found_whatever_their_ending(sky: Sky) -> None:
    calls = [f"ivo_hasword('{text}', '{words}')" for text, words in WORDS]
    for (example, wanted), found in zip(WORDS.items(), one_row(sky, calls), strict=True):
        assert found == wanted, example
    assert one_row(sky, ["ivo_hasword(NULL, 'a')", "ivo_hasword('a', NULL)"]) == (None, None)


def test_predicates_compared_with_one_and_zero(sky: Sky) -> None:
    count = "SELECT COUNT(*) FROM sky.stars WHERE id BETWEEN 0 AND 9 AND "
    for condition, wanted in {
        "1 = ivo_hasword(name, 'star 1')": 1,
        "ivo_hasword(name, 'star 1') = 0": 5,
        "ivo_hasword(name, 'star 1') <> 1": 5,
        "ivo_hasword(name, 'star 1') > 0": 1,
        "ivo_hasword(name, 'star') + 0 = 1": 6,
        "1 = ivo_nocasematch(name, 'STAR _')": 6,
        "0 = ivo_interval_overlaps(id, id + 1, 3, 4)": 7,
    }.items():
        assert sky.rows(count + condition) == [(wanted,)], condition


def test_an_index_serves_hasword(sky: Sky, database: TestDatabase) -> None:
    sql = adql.translate(
        "SELECT id FROM sky.stars WHERE 1 = ivo_hasword(name, 'star 17')", CATALOGUE
    ).literal_sql()

    async def plan() -> str:
        connection = await asyncpg.connect(database.url)
        try:
            async with connection.transaction():
                await connection.execute(
                    "CREATE INDEX words ON sky.stars "
                    "USING gin (to_tsvector('starhaul.words', name))"
                )
                await connection.execute("ANALYZE sky.stars")
                rows = await connection.fetch(f"EXPLAIN {sql}")
                await connection.execute("DROP INDEX sky.words")
        finally:
            await connection.close()
        return "\n".join(row[0] for row in rows)

    assert "Bitmap Index Scan on words" in run(plan())
