"""What output columns say about themselves: name, datatype, arraysize, xtype, unit, UCD."""

from pathlib import Path

import pytest

import adql
from adql.catalogue import Column, Table
from adql.columns import ColumnMeta
from schema.catalogue import TableCatalogue


def _column(
    name: str,
    sql_type: str,
    datatype: str,
    *,
    arraysize: str | None = None,
    xtype: str | None = None,
    unit: str | None = None,
    ucd: str | None = None,
) -> Column:
    meta = ColumnMeta(name, datatype, arraysize, xtype, unit, ucd, f"m:{name}", f"about {name}")
    return Column(meta, f'"{name}"', sql_type)


STARS = Table(
    "sky",
    "stars",
    '"sky"."stars"',
    (
        _column("id", "bigint", "long", ucd="meta.id;meta.main"),
        _column("n", "smallint", "short"),
        _column("ra", "double precision", "double", unit="deg", ucd="pos.eq.ra;meta.main"),
        _column("flux", "real", "float", unit="mJy", ucd="phot.flux;em.radio"),
        _column("period", "double precision", "double", unit="d", ucd="time.period"),
        _column("surface", "double precision", "double", unit="m**2"),
        _column("odd", "double precision", "double", unit="no unit"),
        _column("name", "text", "char", arraysize="*", ucd="meta.id"),
        _column("title", "text", "unicodeChar", arraysize="*"),
        _column("seen", "timestamp", "char", arraysize="*", xtype="timestamp", ucd="time.epoch"),
        _column("shape", "text", "char", arraysize="*", xtype="adql:REGION", ucd="pos.outline"),
        _column("place", "double precision[]", "double", arraysize="2", xtype="point", unit="deg"),
    ),
)
CATALOGUE = TableCatalogue((STARS,))

Said = tuple[str, str | None, str | None, str | None, str | None]

EXPRESSIONS: dict[str, Said] = {
    # Aggregates: the unit of the column, the UCD with the statistic as a secondary word.
    "COUNT(*)": ("long", None, None, None, "meta.number"),
    "COUNT(DISTINCT name)": ("long", None, None, None, "meta.number"),
    "AVG(flux)": ("double", None, None, "mJy", "phot.flux;em.radio;stat.mean"),
    "AVG(n)": ("double", None, None, None, None),
    "SUM(flux)": ("double", None, None, "mJy", "phot.flux;em.radio;arith.sum"),
    "SUM(n)": ("long", None, None, None, None),
    "MIN(ra)": ("double", None, None, "deg", "pos.eq.ra;stat.min"),
    "MAX(flux)": ("float", None, None, "mJy", "phot.flux;em.radio;stat.max"),
    "MAX(seen)": ("char", "*", "timestamp", None, "time.epoch;stat.max"),
    "MIN(title)": ("unicodeChar", "*", None, None, None),
    # Arithmetic: whole numbers are long, all others double; units by VOUnits.
    "n + 1": ("long", None, None, None, None),
    "n / 2": ("long", None, None, None, None),
    "n * 1.5": ("double", None, None, None, None),
    "flux + flux": ("double", None, None, "mJy", None),
    "2 * flux - 1": ("double", None, None, "mJy", None),
    "flux + period": ("double", None, None, None, None),
    "flux * period": ("double", None, None, "d.mJy", None),
    "flux / period": ("double", None, None, "mJy.d**-1", None),
    "ra / ra": ("double", None, None, None, None),
    "1 / period": ("double", None, None, "d**-1", None),
    "n * ra": ("double", None, None, None, None),
    "odd * ra": ("double", None, None, None, None),
    "odd * 2": ("double", None, None, "no unit", None),
    "-ra": ("double", None, None, "deg", "pos.eq.ra"),
    "-n": ("long", None, None, None, None),
    # Functions.
    "ABS(flux)": ("double", None, None, "mJy", None),
    "ABS(n)": ("long", None, None, None, None),
    "ROUND(ra, 2)": ("double", None, None, "deg", None),
    "SQRT(surface)": ("double", None, None, "m", None),
    "POWER(period, 3)": ("double", None, None, "d**3", None),
    "POWER(period, ra)": ("double", None, None, None, None),
    "MOD(id, 10)": ("long", None, None, None, None),
    "MOD(ra, 15)": ("double", None, None, "deg", None),
    "SIN(ra)": ("double", None, None, None, None),
    "LOG10(flux)": ("double", None, None, None, None),
    "ATAN2(ra, ra)": ("double", None, None, "rad", None),
    "DEGREES(1)": ("double", None, None, "deg", None),
    "RADIANS(ra)": ("double", None, None, "rad", None),
    "IN_UNIT(ra, 'arcsec')": ("double", None, None, "arcsec", "pos.eq.ra"),
    "PI()": ("double", None, None, None, None),
    "UPPER(name)": ("char", "*", None, None, "meta.id"),
    "name || 'x'": ("char", "*", None, None, None),
    "name || title": ("unicodeChar", "*", None, None, None),
    "'é'": ("unicodeChar", "*", None, None, None),
    "COALESCE(ra, 0)": ("double", None, None, "deg", "pos.eq.ra;meta.main"),
    "COALESCE(NULL, flux)": ("float", None, None, "mJy", "phot.flux;em.radio"),
    "COALESCE(flux, period)": ("double", None, None, None, "phot.flux;em.radio"),
    "COALESCE(n, id)": ("long", None, None, None, None),
    # Casts.
    "CAST(ra AS REAL)": ("float", None, None, "deg", "pos.eq.ra"),
    "CAST(flux AS SMALLINT)": ("short", None, None, "mJy", "phot.flux;em.radio"),
    "CAST(name AS INTEGER)": ("int", None, None, None, None),
    "CAST(id AS VARCHAR(20))": ("char", "20*", None, None, None),
    "CAST(title AS CHAR)": ("unicodeChar", "*", None, None, None),
    "CAST(name AS TIMESTAMP)": ("char", "*", "timestamp", None, None),
    # Geometry.
    "POINT(ra, ra)": ("double", "2", "point", "deg", None),
    "CIRCLE(place, 1)": ("double", "3", "circle", "deg", None),
    "DISTANCE(place, POINT(0, 0))": ("double", None, None, "deg", "pos.angDistance"),
    "AREA(CIRCLE(0, 0, 1))": ("double", None, None, "deg**2", "phys.angArea"),
    "CONTAINS(place, CIRCLE(0, 0, 1))": ("int", None, None, None, None),
    # Plain numbers and texts.
    "1": ("int", None, None, None, None),
    "3000000000": ("long", None, None, None, None),
    "1.5": ("double", None, None, None, None),
    "NULL": ("char", "*", None, None, None),
}  # fmt: skip


def columns(query: str) -> tuple[ColumnMeta, ...]:
    return tuple(c.meta for c in adql.translate(query, CATALOGUE, "ADQL").columns)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_expressions_say_what_they_are(expression: str) -> None:
    """The same at the top, in a derived table and in a common table."""
    for query in (
        f"SELECT {expression} AS v FROM sky.stars",
        f"SELECT q.v FROM (SELECT {expression} AS v FROM sky.stars) AS q",
        f"WITH q AS (SELECT {expression} AS v FROM sky.stars) SELECT * FROM q",
    ):
        (meta,) = columns(query)
        said = (meta.datatype, meta.arraysize, meta.xtype, meta.unit, meta.ucd)
        assert (meta.name, said) == ("v", EXPRESSIONS[expression]), query


def test_plain_columns_keep_everything_wherever_they_come_from() -> None:
    kept = tuple(column.meta for column in STARS.columns)
    for query in (
        "SELECT * FROM sky.stars",
        "SELECT s.* FROM sky.stars AS s",
        "SELECT * FROM (SELECT * FROM sky.stars) AS q",
        "WITH q AS (SELECT * FROM sky.stars), r AS (SELECT q.* FROM q) SELECT * FROM r",
        "SELECT * FROM sky.stars UNION ALL SELECT * FROM sky.stars",
        "SELECT DISTINCT * FROM sky.stars",
    ):
        assert columns(query) == kept, query
    joined = columns("SELECT * FROM sky.stars AS a LEFT JOIN sky.stars AS b USING (id)")
    assert joined == (kept[0], *kept[1:], *kept[1:])
    full = columns("SELECT id FROM sky.stars AS a FULL JOIN sky.stars AS b USING (id)")
    assert full == (kept[0],)


def test_names_are_those_of_the_catalogue_or_the_alias() -> None:
    query = (
        'SELECT RA, "ra" AS "Right", ra AS Alpha, (ra), AVG(ra), COUNT(*), 1, ra + 1 FROM stars '
    )
    names = [meta.name for meta in columns(query + "GROUP BY ra")]
    assert names == ["ra", "Right", "Alpha", "ra", "avg", "count", "col7", "col8"]


def test_combined_queries_have_one_type() -> None:
    """The wider number, the words of the first query, the unit where all share it."""
    for query, said in {
        "SELECT n FROM stars UNION SELECT flux FROM stars": ("n", "float", None),
        "SELECT id FROM stars UNION SELECT flux FROM stars": ("id", "double", None),
        "SELECT ra FROM stars EXCEPT SELECT ra FROM stars": ("ra", "double", "deg"),
        "SELECT ra FROM stars UNION SELECT period FROM stars": ("ra", "double", None),
        "SELECT NULL AS v FROM stars UNION SELECT n FROM stars": ("n", "short", None),
    }.items():
        (meta,) = columns(query)
        assert (meta.name, meta.datatype, meta.unit) == said or meta.name == "v", query
    with pytest.raises(adql.ADQLError, match="a number and a text in one column"):
        columns("SELECT ra FROM stars UNION SELECT name FROM stars")


def test_ucds_are_words_of_the_list(shared: Path) -> None:
    lines = (shared / "standards" / "ucd" / "ucd-list.txt").read_text().splitlines()
    words = {parts[1].strip(): parts[0].strip() for parts in (x.split("|") for x in lines) if
             len(parts) > 1}  # fmt: skip
    for _, _, _, _, ucd in EXPRESSIONS.values():
        first, *others = ucd.split(";") if ucd else [""]
        assert not first or words[first] in "PQEC", ucd
        assert all(words[word] in "SQEC" for word in others), ucd
