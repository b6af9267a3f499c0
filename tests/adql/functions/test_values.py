"""Functions of numbers and texts against numpy, on a real PostgreSQL; what has no answer."""

import math
from typing import Any

import asyncpg
import numpy as np
import pytest

import adql
from tests.adql.conftest import CATALOGUE, Sky
from tests.adql.functions.rows import one_row
from tests.conftest import TestDatabase, run


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
