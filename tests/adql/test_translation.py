"""Translated queries on a real PostgreSQL, what they are called, what is refused and how."""

import math
import re
import subprocess
import sys

import pytest

import adql
from adql.syntax.words import Version
from tests.adql.conftest import CATALOGUE, Sky

VALUES = {
    "ABS(-3)": 3,
    "CEILING(1.2)": 2.0,
    "FLOOR(-1.2)": -2.0,
    "LOG(100)": math.log(100),
    "LOG10(100)": 2.0,
    "POWER(2, 10)": 1024.0,
    "SQRT(2)": math.sqrt(2),
    "EXP(1)": math.e,
    "PI()": math.pi,
    "MOD(-7, 3)": -1,
    "MOD(7.5, 2)": 1.5,
    "ROUND(2.5)": 3.0,
    "ROUND(-2.567, 2)": -2.57,
    "ROUND(1234, -2)": 1200.0,
    "TRUNCATE(-2.567, 1)": -2.5,
    "TRUNCATE(1299, -2)": 1200.0,
    "DEGREES(PI())": 180.0,
    "RADIANS(180)": math.pi,
    "ATAN2(1, -1)": math.atan2(1, -1),
    "ACOS(0.5)": math.acos(0.5),
    "ASIN(0.5)": math.asin(0.5),
    "ATAN(2)": math.atan(2),
    "SIN(1)": math.sin(1),
    "COS(1)": math.cos(1),
    "TAN(1)": math.tan(1),
    "COT(1)": 1 / math.tan(1),
    "2 + 3 * 4 - 6 / 4": 13,
    "(2 + 3) * -4": -20,
    "60. / 3600.": 60 / 3600,
    "'30' * 2": 60.0,
    "9007199254740993": 9007199254740993,
    "'a' || 'b''c' || 1": "ab'c1",
    r"'back\slash' || '%'": r"back\slash%",
    "LOWER('ABC')": "abc",
    "UPPER('abc')": "ABC",
    "COALESCE(NULL, 'x')": "x",
    "CAST('12' AS INTEGER)": 12,
    "CAST(1.5 AS VARCHAR)": "1.5",
    "CAST('2020-01-02T03:04:05' AS TIMESTAMP) || ''": "2020-01-02T03:04:05.000",
    "CAST('abcdef' AS CHAR(3))": "abc",
    "ivo_hasword('shown that a primordial', 'shown primordial')": 1,
    "ivo_hasword('shown that a primordial', 'shown soup')": 0,
    "ivo_nocasematch('ABcabc', 'ab__bc')": 1,
    "ivo_hashlist_has('red#green#blue', 'RED')": 1,
    "ivo_hashlist_has('red#green#blue', 'red#green')": 0,
    "ivo_healpix_index(17, 1, 1)": 81609757711,
    "ivo_healpix_index(17, POINT(359, -1))": 73009064944,
    "ivo_interval_overlaps(-2, 55.3, 3, 2)": 0,
    "ivo_interval_overlaps(-2, 2, 2, 3)": 1,
    "ivo_to_mjd('1910-12-31T06:00:00')": 19036.25,
    "ivo_to_jd(CAST('2000-01-02T12:00:00' AS TIMESTAMP))": 2451546.0,
    "CONTAINS(CIRCLE(0, 0, 1), POLYGON(-5, -5, 5, -5, 5, 5, -5, 5))": 1,
    "CONTAINS(POLYGON(-5, -5, 5, -5, 5, 5, -5, 5), CIRCLE(0, 0, 7))": 0,
    "CONTAINS(POLYGON(-5, -5, 5, -5, 5, 5, -5, 5), CIRCLE(0, 0, 7.1))": 1,
    "CONTAINS(POLYGON(-5, -5, 5, -5, 5, 5, -5, 5), CIRCLE(0, 0, 170))": 1,
    "INTERSECTS(CIRCLE(25.4, -20, 1), POLYGON(20, -15, 20, -5, 10, -5, 10, -15))": 0,
    "INTERSECTS(BOX(0, 0, 2, 2), POLYGON(0.5, -9, 1, -9, 1, 9, 0.5, 9))": 1,
    "CONTAINS(POINT(0.99, 0.99), REGION('BOX ICRS 0 0 2 2'))": 1,
}


def test_values_are_right(sky: Sky) -> None:
    """Every one at the top and within a subquery, where a widely used server gets LOG10 wrong."""
    listed = ", ".join(VALUES)
    named = ", ".join(f"{e} AS v{i}" for i, e in enumerate(VALUES))
    for query in (
        f"SELECT TOP 1 {listed} FROM sky.stars",
        f"SELECT * FROM (SELECT TOP 1 {named} FROM sky.stars) AS q",
    ):
        row = sky.rows(query)[0]
        for (expression, wanted), found in zip(VALUES.items(), row, strict=True):
            close = pytest.approx(wanted, rel=1e-14) if isinstance(wanted, float) else wanted
            assert found == close, expression


COUNTS = {
    "SELECT DISTINCT weight FROM sky.plain": 7,
    "SELECT TOP 3 * FROM sky.stars ORDER BY id DESC OFFSET 2": 3,
    "SELECT a.id FROM sky.stars AS a JOIN sky.plain AS b USING (id) WHERE id < 10 AND id >= 0": 10,
    "SELECT * FROM sky.stars NATURAL JOIN sky.plain WHERE id < 10": 10,
    "SELECT a.id FROM sky.stars a LEFT JOIN sky.plain b ON a.id = b.id WHERE a.id < 5": 6,
    "SELECT id FROM sky.stars FULL OUTER JOIN sky.plain USING (id) WHERE id < 5": 6,
    "SELECT b.id FROM sky.plain b RIGHT JOIN (sky.stars a JOIN sky.plain c ON a.id = c.id) "
    "ON a.id = b.id WHERE a.id < 4": 4,
    "SELECT id FROM sky.stars WHERE name IS NULL AND id BETWEEN 0 AND 8": 3,
    "SELECT id FROM sky.stars WHERE name LIKE 'Star 1_' OR name ILIKE 'sTAR 2'": 8,
    "SELECT id FROM sky.stars WHERE id IN (1, 2, 3.0) AND id NOT IN (2)": 2,
    "SELECT id FROM sky.stars WHERE name IN ('Star 1', 'it''s', '\\', '\"')": 1,
    "SELECT id FROM sky.stars WHERE id IN (SELECT id FROM sky.plain WHERE id < 4)": 4,
    "SELECT id FROM sky.stars s WHERE EXISTS (SELECT * FROM sky.plain p WHERE p.id = s.id + 4400)"
    " AND id >= 0": 7,
    "SELECT id FROM sky.stars WHERE observed > '2020-04-01'": 8,
    "SELECT weight, COUNT(*), AVG(id) FROM sky.plain GROUP BY weight HAVING COUNT(*) > 1 "
    "ORDER BY 2 DESC, weight": 7,
    "SELECT id FROM sky.plain WHERE id < 5 UNION SELECT id FROM sky.plain WHERE id < 9 "
    "INTERSECT SELECT id FROM sky.plain WHERE id > 6 ORDER BY id": 7,
    "(SELECT TOP 2 id FROM sky.plain ORDER BY id) UNION ALL (SELECT id FROM sky.plain OFFSET "
    "4400)": 9,
    "WITH a AS (SELECT id AS n FROM sky.plain WHERE id < 9), b AS (SELECT n FROM a WHERE n > 2) "
    "SELECT x.n FROM a x, b AS y WHERE x.n = y.n": 6,
    'SELECT "x$1" FROM sky.stars WHERE "x$1" = 4': 20,
    "SELECT id FROM sky.plain WHERE id = (SELECT TOP 1 NULL FROM sky.plain) OR id = 3": 1,
    "SELECT q.n FROM (SELECT TOP 2 NULL AS n, id FROM sky.plain) AS q WHERE q.n = 1 OR id >= 0": 2,
    "SELECT id FROM sky.stars WHERE id = (SELECT MAX(id) FROM sky.plain)": 1,
}


@pytest.mark.parametrize(("query", "count"), COUNTS.items())
def test_queries_give_their_rows(sky: Sky, query: str, count: int) -> None:
    assert len(sky.rows(query)) == count


def test_extensions(sky: Sky) -> None:
    query = (
        "SELECT CASE WHEN id < 2 THEN 'low' ELSE 'high' END AS kind, COUNT(*) FROM sky.plain "
        "WHERE TRUE AND id < 5 GROUP BY kind"
    )
    assert sorted(sky.rows(query, "ADQL")) == [("high", 3), ("low", 2)]
    with pytest.raises(adql.ADQLError, match="ask for LANG=ADQL"):
        adql.parse(query)


def test_no_identifier_and_no_text_of_a_user_reaches_sql(sky: Sky) -> None:
    """An alias "x$1" once made a driver put a literal into the middle of a name."""
    query = (
        "SELECT s.id AS \"x$1\", 'x$1' || '''; DROP TABLE sky.plain; --' AS \"c\"\"1\" "
        'FROM sky.stars AS "t$2" JOIN (SELECT id AS "x$1" FROM sky.plain) AS s '
        'ON s."x$1" = "t$2".id WHERE name = \'Star 1\' ORDER BY "x$1"'
    ).replace("s.id", 's."x$1"')
    translation = adql.translate(query, CATALOGUE)
    assert "x$1" not in translation.sql
    assert "t$2" not in translation.literal_sql()
    assert [c.meta.name for c in translation.columns] == ["x$1", 'c"1']
    assert [c.sql_name for c in translation.columns] == ["c1", "c2"]
    assert sky.rows(query) == [(1, "x$1'; DROP TABLE sky.plain; --")]


def test_columns_describe_themselves() -> None:
    query = "SELECT ra, AVG(mag) AS m, COUNT(*), MAX(ra), ra + dec, IN_UNIT(ra, 'rad') FROM "
    columns = adql.translate(
        query.replace("AVG(mag)", "mag").replace("COUNT(*)", "id").replace("MAX(ra)", "name")
        + "sky.stars",
        CATALOGUE,
    ).columns
    assert (columns[0].meta.unit, columns[0].meta.ucd) == ("deg", "pos.eq.ra;meta.main")
    assert (columns[1].meta.name, columns[1].meta.datatype) == ("m", "float")
    assert (columns[4].meta.unit, columns[5].meta.unit) == ("deg", "rad")
    grouped = adql.translate("SELECT AVG(mag), COUNT(*), MAX(ra) FROM sky.stars", CATALOGUE).columns
    assert (grouped[0].meta.unit, grouped[0].meta.ucd, grouped[0].meta.datatype) == (
        "mag",
        "phot.mag;stat.mean",
        "double",
    )
    assert (grouped[1].meta.unit, grouped[1].meta.ucd, grouped[1].meta.datatype) == (
        None,
        "meta.number",
        "long",
    )
    assert grouped[2].meta.ucd == "pos.eq.ra;stat.max"


REFUSED = {
    "SELECT id FROM sky.stars WHERE 1=CONTAINS(POINT('GALACTIC', ra, dec), CIRCLE(10, 20, 1))": (
        "columns cannot be converted from GALACTIC: this archive's positions are ICRS; give ICRS "
        "coordinates and leave the argument out at line 1, column 49"
    ),
    "SELECT nmae FROM sky.stars": "column 'nmae' not found at line 1, column 8; did you mean name?",
    "SELECT id FROM sky.star": "table 'sky.star' not found at line 1, column 16; did you mean "
    "sky.stars?",
    "SELECT id FROM sky.stars, sky.plain": "column 'id' is ambiguous: write sky.stars.id or "
    "sky.plain.id",
    "SELECT mag, COUNT(*) FROM sky.stars": "column 'mag' is neither grouped nor aggregated",
    "SELECT id FROM sky.stars WHERE AVG(mag) > 1": "an aggregate cannot stand in WHERE: use HAVING",
    "SELECT id FROM sky.stars WHERE name = 5": "name is a text, 5 is a number: write '5' "
    "between single quotes",
    "SELECT id FROM sky.stars WHERE mag = 'bright'": "mag is a number, 'bright' is a text: "
    "write a number without quotes",
    "SELECT a.id FROM sky.stars a JOIN sky.plain b": "a join without a condition",
    "SELECT ivo_haswrd(name, 'x') FROM sky.stars": "did you mean ivo_hasword?",
    "SELECT id FROM sky.stars WHERE 1=CONTAINS(POINT(ra, dec), CIRCLE(1, 100, 1))": "declination "
    "100 is outside -90 to 90 degrees",
    "SELECT id FROM sky.stars WHERE 1=CONTAINS(POINT(ra, dec), CIRCLE(1, 10, -1))": "radius -1",
    "SELECT IN_UNIT(ra, 'kg') FROM sky.stars": "'deg' cannot become 'kg'",
    "SELECT IN_UNIT(42, 'kg') FROM sky.stars": "the value has no unit",
    "SELECT id FROM sky.stars UNION SELECT id, ra FROM sky.plain": "1 columns on one side, 2",
    "SELECT id FROM sky.stars ORDER BY 2": "2 is no column of the result, which has 1",
    "SELECT id FROM sky.stars WHERE observed > 'yesterday'": "'yesterday' is no timestamp",
}


@pytest.mark.parametrize(("query", "message"), REFUSED.items())
def test_refusals_say_what_and_where(query: str, message: str) -> None:
    with pytest.raises(adql.ADQLError, match=re.escape(message)):
        adql.translate(query, CATALOGUE)


@pytest.mark.parametrize("version", ["2.0", "2.1", "ADQL"])
def test_top_and_tables(version: Version) -> None:
    text = "SELECT TOP 7 s.id FROM sky.stars s, plain AS p"
    translation = adql.translate(text, CATALOGUE, version)
    assert translation.top == 7
    assert [t.name for t in translation.tables] == ["stars", "plain"]


def test_importing_the_language_imports_nothing_heavy() -> None:
    code = (
        "import sys, adql; adql.parse('SELECT a FROM t'); "
        "print([m for m in ('numpy', 'astropy', 'cdshealpix') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
