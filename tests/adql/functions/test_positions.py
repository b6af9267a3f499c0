"""Functions of positions against astropy, erfa and cdshealpix, on a real PostgreSQL."""

import math
from typing import Any

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
from tests.adql.functions.rows import one_row

_LON = st.floats(0, 360) | st.sampled_from([0.0, 90.0, 180.0, 360.0])
_LAT = st.floats(-90, 90) | st.sampled_from([0.0, 90.0, -90.0, 89.99999999])
_CELL = st.integers(0, 12 * 4**29 - 1)
_AU_PER_YEAR = (1 * u.au / u.yr).to_value("km/s")


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
