"""What names mean: scopes, aliases, delimited names, joins that merge columns, common tables."""

import re

import pytest

import adql
from adql.catalogue import Column, Table
from adql.columns import ColumnMeta
from schema.catalogue import TableCatalogue


def _table(schema: str, name: str, *columns: str) -> Table:
    return Table(
        schema,
        name,
        f'"{schema}"."{name}"',
        tuple(
            Column(
                ColumnMeta(c, "int"),
                f'"{c}"',
                "integer",
                delimited=not c.isidentifier() or c != c.lower(),
            )
            for c in columns
        ),
    )


CATALOGUE = TableCatalogue(
    (
        _table("a", "one", "id", "x", "y"),
        _table("a", "two", "id", "x", "z"),
        _table("b", "one", "id", "w"),
        _table("c", "odd", "id", "Id", "with blank", "II/246"),
        _table("c", "II/246/out", "id"),
    )
)

# Query: what its FROM names resolve to, as SQL of its first column.
MEANT = {
    "SELECT x FROM a.one": "t1.x",
    "SELECT a.one.x FROM a.one": "t1.x",
    "SELECT one.x FROM a.one": "t1.x",
    "SELECT ONE.X FROM A.One": "t1.x",
    "SELECT o.x FROM a.one AS o": "t1.x",
    "SELECT O.x FROM a.one o": "t1.x",
    "SELECT a.one.id FROM a.one, b.one": "t1.id",
    "SELECT b.one.id FROM a.one, b.one": "t2.id",
    'SELECT "Id" FROM c.odd': "t1.Id",
    "SELECT id FROM c.odd": "t1.id",
    'SELECT "with blank" FROM c.odd': "t1.with blank",
    'SELECT "II/246" FROM c.odd AS o': "t1.II/246",
    'SELECT id FROM "II/246/out"': "t1.id",
    'SELECT "II/246/out".id FROM c."II/246/out"': "t1.id",
    # The nearest scope wins; what it has not is looked for outside.
    "SELECT x FROM a.one WHERE EXISTS (SELECT * FROM a.two WHERE x = y)": "t1.x",
    "SELECT (SELECT MAX(o.x) FROM a.two AS o) FROM a.one AS o": "(SELECT max(t2.x)",
    "SELECT (SELECT MAX(z + y) FROM a.two) FROM a.one": "(SELECT max(((t2.z)::bigint + t1.y))",
    # USING and NATURAL show one column for two.
    "SELECT id FROM a.one JOIN a.two USING (id)": "t1.id",
    "SELECT id FROM a.one RIGHT JOIN a.two USING (id)": "t2.id",
    "SELECT id FROM a.one FULL JOIN a.two USING (id)": "coalesce(t1.id, t2.id)",
    "SELECT x FROM a.one NATURAL JOIN a.two": "t1.x",
    "SELECT t.x FROM a.one NATURAL JOIN a.two AS t": "t2.x",
    "SELECT id FROM a.one JOIN a.two USING (id) JOIN b.one AS c USING (id)": "t1.id",
    # A common table hides a table of the catalogue; a qualified name is the catalogue's.
    "WITH two AS (SELECT id AS q FROM a.one) SELECT q FROM two": "t2.c1",
    "WITH two AS (SELECT id AS q FROM a.one) SELECT z FROM a.two": "t2.z",
    "WITH u AS (SELECT id FROM a.one), v AS (SELECT id FROM u) SELECT v.id FROM v": "t3.c1",
    # Names of outputs serve ORDER BY alone; an output goes before a column.
    "SELECT x AS y FROM a.one ORDER BY y": "t1.x AS c1 FROM a.one AS t1 ORDER BY 1",
    "SELECT x FROM a.one ORDER BY one.y": "t1.x AS c1 FROM a.one AS t1 ORDER BY t1.y",
    "SELECT x, y FROM a.one ORDER BY 2 DESC, 1": "t1.x AS c1, t1.y AS c2 FROM a.one AS t1 "
    "ORDER BY 2 DESC, 1",
    "SELECT x + 1, COUNT(*) FROM a.one GROUP BY x + 1": "((t1.x)::bigint",
}

REFUSED = {
    "SELECT id FROM a.one, a.two": "column 'id' is ambiguous",
    "SELECT id FROM one": "table 'one' is ambiguous",
    "SELECT a.one.x FROM a.one AS o": "'a.one' is called o in this FROM",
    "SELECT one.x FROM a.one AS o": "'one' is called o in this FROM",
    "SELECT x FROM a.one, a.one": "stands twice in FROM",
    "SELECT o.x FROM a.one AS o, a.two AS o": "stands twice in FROM",
    'SELECT "ID" FROM a.one': "column 'ID' not found",
    'SELECT "X" FROM a.one': "column 'X' not found",
    'SELECT x FROM "ONE"': "table 'ONE' not found",
    "SELECT x AS v FROM a.one WHERE v = 1": "v",
    "SELECT x FROM a.one WHERE x = (SELECT z FROM a.two WHERE q = 1)": "column 'q' not found",
    "SELECT z FROM a.one WHERE EXISTS (SELECT z FROM a.two)": "column 'z' is not in FROM",
    "SELECT q.x FROM a.one AS o JOIN (SELECT o.x FROM a.two AS t) AS q ON q.x = o.x": "'o' is no",
    "SELECT o.x FROM a.one AS o JOIN a.two AS t ON t.id = u.id, b.one AS u": "'u' is no table",
    "SELECT x FROM a.one JOIN a.two USING (y)": "column 'y'",
    "SELECT w FROM a.one JOIN a.two ON a.one.id = a.two.id JOIN b.one AS c USING (id)": "'id'",
    "WITH u AS (SELECT id FROM v), v AS (SELECT id FROM a.one) SELECT id FROM u": "table 'v' not",
    "WITH u AS (SELECT id FROM a.one), U AS (SELECT id FROM a.one) SELECT id FROM u": "two WITH",
    "SELECT x FROM a.one UNION SELECT x FROM a.two ORDER BY y": "names or ordinals",
    "SELECT x FROM a.one UNION SELECT x, z FROM a.two": "1 columns on one side, 2 on the other",
    "SELECT x FROM a.one ORDER BY 2": "2 is no column of the result",
    "SELECT x FROM a.one WHERE x IN (SELECT x, z FROM a.two)": "IN needs a query of one column",
    "SELECT (SELECT x, z FROM a.two) FROM a.one": "a query as a value has one column",
    "SELECT x FROM a.one WHERE COUNT(*) > 1": "an aggregate cannot stand in WHERE: use HAVING",
    "SELECT SUM(COUNT(*)) FROM a.one": "an aggregate within an aggregate",
    "SELECT x, COUNT(*) FROM a.one": "column 'x' is neither grouped nor aggregated",
    "SELECT * FROM a.one GROUP BY id": "neither grouped nor aggregated",
    "SELECT x FROM a.one GROUP BY x HAVING y > 1": "column 'y' is neither grouped nor aggregated",
    "SELECT y + 1 FROM a.one GROUP BY y + 1 HAVING 1 < (SELECT MAX(z) FROM a.two AS t WHERE "
    "t.id = y + 1)": "column 'y' of a grouped query stands in a subquery",
    "SELECT x FROM a.one GROUP BY x ORDER BY y": "column 'y' is neither grouped nor aggregated",
    "SELECT COUNT(*) FROM a.one GROUP BY COUNT(*)": "an aggregate cannot stand in GROUP BY",
    "SELECT y FROM a.one JOIN a.two ON MAX(z) = y": "an aggregate cannot stand in ON",
    "SELECT (SELECT MAX(o.x) FROM a.two AS t) FROM a.one AS o": "a column of the outer query",
}


@pytest.mark.parametrize("query", MEANT)
def test_names_mean_what_the_standard_says(query: str) -> None:
    sql = adql.translate(query, CATALOGUE).sql.replace('"', "")
    main = sql.rpartition("UNION")[2] if "UNION" in sql else sql
    if main.startswith("WITH"):
        main = main[main.index(") SELECT ") + 2 :] if ") SELECT " in main else main
        main = main[main.rindex("SELECT ") :]
    assert main.removeprefix("SELECT ").startswith(MEANT[query]), sql


@pytest.mark.parametrize("query", REFUSED)
def test_what_names_cannot_mean_is_refused(query: str) -> None:
    with pytest.raises(adql.ADQLError, match=re.escape(REFUSED[query])):
        adql.translate(query, CATALOGUE)
