"""The grammar clause by clause: what each version takes and refuses (BNF: Appendix A of each)."""

import pytest

import adql
from adql.syntax import tree
from adql.syntax.words import VERSIONS, Version

BOTH: tuple[Version, ...] = ("2.0", "2.1", "ADQL")
NEWER: tuple[Version, ...] = ("2.1", "ADQL")
OLD: tuple[Version, ...] = ("2.0",)
PLAIN: tuple[Version, ...] = ("ADQL",)
NONE: tuple[Version, ...] = ()

WHOLE = {
    # 2.1 §2.1.2, §2.1.3: words reserved by 2.1 alone are names in 2.0
    "SELECT offset, bigint, ilike, in_unit, cot FROM t": OLD,
    'SELECT "offset", "size", "TOP" FROM t': BOTH,
    "SELECT size FROM t": NONE,
    "SELECT _a FROM t": NONE,
    "SELECT a1_ FROM t_2": BOTH,
    'SELECT "a""b", "é \'" FROM "II/246/out", "J/A+A/1"."t 1"': BOTH,
    'SELECT "" FROM t': NONE,
    "SELECT c.s.t.a FROM c.s.t": BOTH,
    "SELECT d.c.s.t.a FROM t": NONE,
    "SELECT a FROM d.c.s.t": NONE,
    # <character_string_literal>, <unsigned_numeric_literal>; §2.1.7: 0x01 is no number
    "SELECT 'it''s', '', 'a' \n 'b' FROM t": BOTH,
    "SELECT 1, 1., .5, 1.5e3, 1E-3, .5e+3 FROM t": BOTH,
    "SELECT 0x01 FROM t": NONE,
    "SELECT 1.5e3x FROM t": NONE,
    "SELECT a FROM t ORDER BY 1desc": BOTH,
    # <comment>: wherever white space is, to the end of the line
    "SELECT--a\n a --- 'b\rFROM t -- end": BOTH,
    "SELECT /* a */ a FROM t": NONE,
    "SELECT a FROM t ;": BOTH,
    # <select_list>, <set_quantifier>, <set_limit>
    "SELECT DISTINCT TOP 5 t.*, a AS b, 1 c FROM t": BOTH,
    "SELECT TOP 5 DISTINCT a FROM t": NONE,
    "SELECT TOP 1.5 a FROM t": NONE,
    "SELECT *, a FROM t": PLAIN,
    "SELECT a": NONE,
    # <query_specification>, <query_set_expression>, <offset_clause>: 2.1 §4.4, §4.5, §4.9
    "WITH q AS (SELECT a FROM t) SELECT a FROM q": NEWER,
    "SELECT a FROM (WITH q AS (SELECT a FROM t) SELECT a FROM q) AS r": NONE,
    "SELECT a FROM t UNION ALL SELECT a FROM u INTERSECT SELECT a FROM v": NEWER,
    "SELECT a FROM t ORDER BY a UNION SELECT a FROM u": NONE,
    "(SELECT a FROM t ORDER BY a OFFSET 1) EXCEPT (SELECT a FROM u) ORDER BY 1": NEWER,
    "(SELECT a FROM t) ORDER BY a": NEWER,
    "SELECT a FROM t OFFSET 5": NEWER,
    "SELECT a FROM t OFFSET 5 ORDER BY a": NONE,
    "SELECT DISTINCT ON (a, b + 1) TOP 3 c FROM t ORDER BY d": PLAIN,
    # <joined_table>, <derived_table>, <table_subquery>
    "SELECT a FROM t JOIN u USING (a, b) LEFT OUTER JOIN v ON t.a = v.a": BOTH,
    "SELECT a FROM t NATURAL FULL JOIN u": BOTH,
    "SELECT a FROM t JOIN u JOIN v ON u.a = v.a ON t.a = u.a": BOTH,
    "SELECT a FROM ((t JOIN u USING (a)))": BOTH,
    "SELECT a FROM (t JOIN u USING (a)) AS j": BOTH,
    "SELECT a FROM (t)": NONE,
    "SELECT a FROM t OUTER JOIN u USING (a)": NONE,
    "SELECT a FROM t ON a = b": NONE,
    "SELECT a FROM t NATURAL JOIN u ON a = b": NONE,
    "SELECT a FROM t CROSS JOIN u": PLAIN,
    "SELECT a FROM (SELECT a FROM t) AS s": BOTH,
    "SELECT a FROM (SELECT a FROM t)": NONE,
    "SELECT a FROM t WHERE EXISTS (t JOIN u USING (a)) AND a IN (t NATURAL JOIN u)": BOTH,
    # <group_by_clause>, <order_by_clause>
    "SELECT a FROM t GROUP BY t.a HAVING COUNT(*) > 1": BOTH,
    "SELECT a FROM t GROUP BY a + 1": NEWER,
    "SELECT a FROM t ORDER BY a DESC, 1 ASC": BOTH,
    "SELECT a FROM t ORDER BY t.a": NEWER,
    "SELECT a FROM t ORDER BY a + b": NEWER,
    "SELECT a FROM t ORDER BY a = 1": NONE,
}

CONDITIONS = {
    "NOT a = 1 AND (b <> 2 OR c != 3)": BOTH,
    "NOT NOT a = 1": NONE,
    "a": NONE,
    "a = b = c": NONE,
    "(a = b) = 1": NONE,
    "a NOT BETWEEN 1 AND b + 1 AND c = 1": BOTH,
    "a IN (1) AND b NOT IN ('x', -1, NULL, c)": BOTH,
    "a IN ()": NONE,
    "a IN (SELECT a FROM t)": BOTH,
    "(a, b) IN (SELECT a, b FROM t)": NONE,
    "a > ALL (SELECT a FROM t)": NONE,
    "a LIKE 'x%' OR a NOT LIKE b || '_'": BOTH,
    "a LIKE 'x!%' ESCAPE '!'": NONE,
    "a ILIKE 'x'": NEWER,
    "t.a IS NULL AND b IS NOT NULL": BOTH,
    "a + 1 IS NULL": PLAIN,
    "TRUE": PLAIN,
    "a = 1 AND FALSE": PLAIN,
    "a == 1": NONE,
}

VALUES = {
    # <numeric_value_expression>, <character_value_expression>
    "-a * (+b / -3) - 1": BOTH,
    "- -a": NONE,
    "+-a": NONE,
    "a % 2": NONE,
    "a & 1": NONE,
    "a || 'b' || UPPER(c)": NEWER,
    "a || b + 1": NONE,
    "(a || b) + 1": BOTH,
    "LOWER(a) + 1": NONE,
    "NULL": BOTH,
    # functions
    "COT(a)": BOTH,
    "RAND() + RAND(5) + PI()": BOTH,
    "RAND(a)": NONE,
    "PI(1)": NONE,
    "ROUND(a, -2) + TRUNCATE(a)": BOTH,
    "ROUND(a, b)": NONE,
    "COALESCE(a, NULL, 1)": NEWER,
    "COALESCE()": NONE,
    "IN_UNIT(a, 'deg')": BOTH,  # in 2.0 the name of a user-defined function
    "IN_UNIT(a, b)": OLD,
    "TAN2(a)": NONE,
    "ivo_hasword(a, 'b') + my_own(1, 'x', POINT('', 1, 2))": BOTH,
    '"ivo_hasword"(a, b)': NONE,
    "COUNT(DISTINCT a) + SUM(ALL b) + COUNT(*)": BOTH,
    "SUM(*)": NONE,
    "MAX(MIN(a))": NONE,
    "(SELECT MAX(a) FROM t)": BOTH,
    "CASE WHEN a = 1 THEN 2 END": PLAIN,
    "CASE a WHEN 1 THEN 2 ELSE 3 END": PLAIN,
    # <cast_specification>
    "CAST(a AS DOUBLE PRECISION)": NEWER,
    "CAST(a AS VARCHAR(8)) || CAST(b AS CHAR)": NEWER,
    "CAST(a AS TIMESTAMP)": NEWER,
    "CAST('1 2' AS POINT)": NEWER,
    "CAST(a AS INT)": NONE,
    "CAST(a AS BOX)": NONE,
    "CAST(a AS INTEGER(3))": NONE,
    # geometry
    "POINT('ICRS', 1, 2)": BOTH,
    "POINT(1, 2)": NEWER,
    "POINT('a' || 'b', 1, 2)": OLD,
    "POINT(NULL, 1, 2)": BOTH,
    "CIRCLE('', 1, 2, 3)": BOTH,
    "CIRCLE(POINT(1, 2), 3)": NEWER,
    "CIRCLE('', POINT('', 1, 2), 3)": NEWER,
    "BOX(a, 1, 2)": NEWER,
    "POLYGON('', 1, 2, 3, 4, 5, 6)": BOTH,
    "POLYGON(1, 2, 3, 4, 5, 6, 7)": NONE,
    "POLYGON(p, q, r)": NEWER,
    "POLYGON(POINT(1, 2), POINT(3, 4), 5, 6)": NONE,
    "REGION('CIRCLE 1 2 3')": BOTH,
    "REGION(a || b)": OLD,
    "CENTROID(c)": BOTH,
    "COORD1(POINT('', 1, 2)) + COORD2(p)": BOTH,
    "COORD1(CENTROID(c))": NEWER,
    "COORD1(CIRCLE('', 1, 2, 3))": NONE,
    "COORDSYS(p)": BOTH,
    "AREA(c) + CONTAINS(p, c) + INTERSECTS(c, d)": BOTH,
    "DISTANCE(POINT('', 1, 2), p)": BOTH,
    "DISTANCE(1, 2, a, b)": NEWER,
    "DISTANCE(1, 2)": NONE,
    "ABS(POINT('', 1, 2))": NONE,
}


def takes(text: str) -> tuple[Version, ...]:
    def is_taken(version: Version) -> bool:
        try:
            adql.parse(text, version)
        except adql.ADQLError:
            return False
        return True

    return tuple(version for version in VERSIONS if is_taken(version))


@pytest.mark.parametrize(
    ("text", "versions"),
    [
        *WHOLE.items(),
        *((f"SELECT a FROM t WHERE {text}", versions) for text, versions in CONDITIONS.items()),
        *((f"SELECT {text} FROM t", versions) for text, versions in VALUES.items()),
    ],
)
def test_each_version_takes_what_its_grammar_has(text: str, versions: tuple[Version, ...]) -> None:
    assert set(takes(text)) == set(versions)


def tables(text: str) -> tree.TableReference:
    body = adql.parse(f"SELECT * FROM {text}", "ADQL").body
    assert isinstance(body, tree.Select)
    return body.tables[0]


@pytest.mark.parametrize(
    ("chain", "same"),
    [
        ("a JOIN b ON x=1 JOIN c ON y=1", "(a JOIN b ON x=1) JOIN c ON y=1"),
        ("a JOIN b JOIN c ON x=1 ON y=1", "a JOIN (b JOIN c ON x=1) ON y=1"),
        (
            "a JOIN b JOIN c ON x=1 LEFT JOIN d USING (k) ON y=1",
            "a JOIN ((b JOIN c ON x=1) LEFT JOIN d USING (k)) ON y=1",
        ),
        ("a JOIN b NATURAL JOIN c ON x=1", "a JOIN (b NATURAL JOIN c) ON x=1"),
        ("a CROSS JOIN b JOIN c ON x=1", "(a CROSS JOIN b) JOIN c ON x=1"),
    ],
)
def test_a_condition_belongs_to_the_nearest_join_without_one(chain: str, same: str) -> None:
    def bare(table: tree.TableReference) -> tree.TableReference:
        if isinstance(table, tree.ParensTable):
            return bare(table.operand)
        if isinstance(table, tree.Join):
            left, right = bare(table.left), bare(table.right)
            return tree.Join(
                table.span, left, right, table.kind, table.natural, table.on, table.using
            )
        return table

    assert bare(tables(chain)) == bare(tables(same))


def test_precedence_of_set_operators() -> None:
    """ADQL 2.1 §4.5.6."""
    written = adql.parse("SELECT a FROM t UNION SELECT a FROM u INTERSECT SELECT a FROM v").body
    assert isinstance(written, tree.SetOperation)
    assert written.operators == ("UNION",)
    assert isinstance(written.rest[0], tree.SetOperation)


def test_precedence_of_operators() -> None:
    def where(text: str) -> object:
        body = adql.parse(f"SELECT a FROM t WHERE {text}").body
        assert isinstance(body, tree.Select)
        return body.where

    either = where("a=1 OR NOT b=2 AND c=3")
    assert isinstance(either, tree.Logical)
    assert either.operator == "OR"
    assert isinstance(either.operands[1], tree.Logical)
    assert isinstance(either.operands[1].operands[0], tree.Not)
    total = where("a - b - c * -d / e = 1")
    assert isinstance(total, tree.Comparison)
    assert isinstance(total.left, tree.Arithmetic)
    assert total.left.operators == ("-", "-")
    assert isinstance(total.left.rest[1], tree.Arithmetic)
    assert total.left.rest[1].operators == ("*", "/")


def test_literals_of_a_list_keep_their_places() -> None:
    """Literals between expressions are read in one piece, yet each has its own span."""
    text = "SELECT a FROM t WHERE a IN (b, 10, -2.5 --'\n, 'it''s', c)"
    body = adql.parse(text).body
    assert isinstance(body, tree.Select)
    assert isinstance(body.where, tree.InList)
    spans = [text[slice(*item.span)] for item in body.where.items]
    assert spans == ["b", "10", "-2.5", "'it''s'", "c"]
