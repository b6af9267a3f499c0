"""The examples that the catalogue of user-defined functions gives, on a real PostgreSQL."""

import re
from typing import Any

import asyncpg
import pytest

import adql
from tests.adql.conftest import CATALOGUE, Sky

_STAR = "ivo_epoch_prop_pos(7.606083572, 11.79044105, {}, 300, {}, {}, 2016.0, {})"
EXAMPLES: dict[str, Any] = {
    "ivo_healpix_index(0, 1, 1)": 4,
    "ivo_healpix_index(17, 1, 1)": 81609757711,
    "ivo_healpix_index(17, 359, -1)": 73009064944,
    "ivo_healpix_index(0, POINT(1, 1))": 4,
    "ivo_healpix_index(17, POINT('ICRS', 1, 1))": 81609757711,
    "ivo_healpix_index(17, CENTROID(CIRCLE(359, -1, 3)))": 73009064944,
    "ivo_healpix_center(0, 6)": [180.0, 0.0],
    "ivo_healpix_center(17, ivo_healpix_index(17, 23.4, 56.7))": [
        23.399843462947466,
        56.70016214363192,
    ],
    _STAR.format(125, -428.8, 52.51, 1992.25): [7.604061404627978, 11.7932703828279],
    _STAR.format(125, -428.8, 52.51, 1875.0): [7.594068213694308, 11.807251375203935],
    _STAR.format(125, -428.8, "NULL", 1875.0): [7.594079587029898, 11.807235464326332],
    _STAR.format(125, "NULL", "NULL", 1875.0): [7.594080321498365, 11.790440798509207],
    # "Approximative": the catalogue took some small parallax, we take none.
    _STAR.format("NULL", -428.8, 52.51, 1875.0): pytest.approx(
        [7.594079587020846, 11.807235464339055], rel=0, abs=2e-11
    ),
    "ivo_geom_transform('ICRS', 'GALACTIC', POINT(120, -23))": [241.121831182, 3.62785788087],
    "ivo_geom_transform('FK4', 'GALACTIC', CIRCLE(189.70303055, 22.96240006, 3))": [
        275.00025405,
        84.99996154,
        3,
    ],
    "ivo_to_jd(CAST('2000-01-02T12:00:00' AS TIMESTAMP))": 2451546.0,
    "ivo_to_jd('1910-12-31T06:00:00')": 2419036.75,
    "ivo_to_jd(NULL)": None,
    "ivo_to_mjd(CAST('2000-01-02T12:00:00' AS TIMESTAMP))": 51545.5,
    "ivo_to_mjd('1910-12-31T06:00:00')": 19036.25,
    "ivo_to_mjd(NULL)": None,
    "ivo_nocasematch('abcabc', 'ab%')": 1,
    "ivo_nocasematch('ABcabc', 'ab__bc')": 1,
    "ivo_nocasematch('abcabc', '%BC')": 1,
    "ivo_nocasematch('abcabc', 'ABCABC')": 1,
    "ivo_nocasematch('abcabc', 'abcab')": 0,
    "ivo_hasword('Miller and Urey have', 'miller')": 1,
    "ivo_hasword('shown that a primordial', 'soup')": 0,
    "ivo_hasword('shown that a primordial', 'shown primordial')": 1,
    "ivo_hasword('shown that a primordial', 'shown soup')": 0,
    "ivo_hashlist_has('red#green#blue', 'red')": 1,
    "ivo_hashlist_has('Red#green#blue', 'red')": 1,
    "ivo_hashlist_has('red#green#blue', 're')": 0,
    "ivo_hashlist_has('red#green#blue', 'red#green')": 0,
    "ivo_interval_overlaps(-3, -2, 2, 3)": 0,
    "ivo_interval_overlaps(-2, 55.3, 2, 3)": 1,
    "ivo_interval_overlaps(2, 3, -2, 55.3)": 1,
    "ivo_interval_overlaps(-2, 55.3, 3, 2)": 0,
    "ivo_interval_overlaps(-2, 2, 2, 3)": 1,
    "ivo_hms_to_degrees('3:34:45.4')": 53.6891667,
    "ivo_hms_to_degrees('3h34m45.4s')": 53.6891667,
    "ivo_hms_to_degrees('3H34M45.4S')": 53.6891667,
    "ivo_dms_to_degrees('42:9:6.768')": 42.15188,
    "ivo_dms_to_degrees('42d9m6.768s')": 42.15188,
    "ivo_dms_to_degrees('42D9M6.768S')": 42.15188,
    "ivo_dms_to_degrees('-00:15:00')": -0.25,
    "ivo_dms_to_degrees('+00:15:00')": 0.25,
    "ivo_dms_to_degrees('-0d15m0s')": -0.25,
    "ivo_dms_to_degrees('+0d15m0s')": 0.25,
}


def _close(wanted: Any) -> Any:
    """Equal to the digits that the catalogue prints."""
    if isinstance(wanted, list):
        return pytest.approx(wanted, rel=0, abs=1e-8 if max(map(abs, wanted)) > 100 else 2e-13)
    if isinstance(wanted, float):
        return pytest.approx(wanted, rel=0, abs=5e-8)
    return wanted


def test_the_examples_of_the_catalogue(sky: Sky) -> None:
    row = sky.rows(f"SELECT TOP 1 {', '.join(EXAMPLES)} FROM sky.stars")[0]
    for (example, wanted), found in zip(EXAMPLES.items(), row, strict=True):
        assert found == _close(wanted), example


def test_the_polygon_of_the_catalogue_which_takes_fk5_for_icrs(sky: Sky) -> None:
    """Its digits are those of ICRS, 0.02 arcsec from FK5."""
    wanted = [266.44721, -23.107310, 264.95088, -23.434037, 267.09936, -24.051919]
    polygon = "ivo_geom_transform('GALACTIC', '{}', POLYGON(5, 3, 4, 4, 4.5, 2))"
    both = ", ".join(polygon.format(frame) for frame in ("ICRS", "FK5"))
    icrs, fk5 = sky.rows(f"SELECT TOP 1 {both} FROM sky.stars")[0]
    assert icrs == pytest.approx(wanted, rel=0, abs=5e-6)
    assert fk5 == pytest.approx(wanted, rel=0, abs=1.2e-5)


def test_string_agg_of_the_catalogue(sky: Sky) -> None:
    query = "SELECT ivo_string_agg(name, ' <//> ') FROM sky.stars WHERE id IN (0, 1, 2, 3)"
    assert sorted(sky.rows(query)[0][0].split(" <//> ")) == ["Star 1", "Star 2"]


@pytest.mark.parametrize(
    "call",
    [
        "ivo_epoch_prop_pos(NULL, 11.79044105, 125, 300, NULL, NULL, 2016.0, 1875.0)",
        "ivo_epoch_prop_pos(7.606083572, 11.79044105, 125, 300, -428.8, 52.51, NULL, 1875.0)",
    ],
)
def test_motion_without_a_place_or_time_is_an_error(sky: Sky, call: str) -> None:
    with pytest.raises(asyncpg.NullValueNotAllowedError, match="leave such rows out"):
        sky.rows(f"SELECT TOP 1 {call} FROM sky.stars")


REFUSED = {
    "ivo_healpix_center(17, 23.2)": "ivo_healpix_center(a whole number, a number) does not fit "
    "ivo_healpix_center(hpxOrder INTEGER, hpxIndex BIGINT) -> POINT",
    "ivo_simbadpoint('GJ 699')": "ivo_simbadpoint is not served",
    "ivo_geom_transform('ICRS', 'B1950', POINT(1, 2))": "'B1950' is no frame known here: write "
    "'ICRS', 'FK5', 'FK4', 'GALACTIC', 'SUPER_GALACTIC', 'ECLIPTIC'",
    "ivo_geom_transform(name, 'ICRS', POINT(1, 2))": "write a frame between quotes",
}


@pytest.mark.parametrize(("call", "message"), REFUSED.items())
def test_what_the_catalogue_refuses(call: str, message: str) -> None:
    with pytest.raises(adql.ADQLError, match=re.escape(message)) as refused:
        adql.translate(f"SELECT {call} FROM sky.stars", CATALOGUE)
    assert refused.value.column >= 8
