"""Texts of any size and depth: a tree or a clear error, and steps that grow as the text does."""

import sys
from bisect import bisect
from collections.abc import Callable
from types import FrameType

import pytest

import adql
from adql.syntax.printer import to_text
from tests.adql.conftest import CATALOGUE
from tests.conftest import CI

COUNT = "SELECT id FROM sky.plain WHERE "

FAMILIES: dict[str, Callable[[int], str]] = {
    "parentheses": lambda n: "SELECT " + "(" * n + "1" + ")" * n + " FROM sky.plain",
    "open parentheses": lambda n: "SELECT " + "(" * n,
    "parenthesised condition": lambda n: COUNT + "(" * n + "id = 1" + ")" * n,
    "functions": lambda n: "SELECT " + "ABS(" * n + "1" + ")" * n + " FROM sky.plain",
    "geometry": lambda n: (
        "SELECT " + "CONTAINS(POINT(1, 2), CIRCLE(1, 2, " * n + "1" + "))" * n + " FROM sky.plain"
    ),
    "functions without end": lambda n: "SELECT " + "ABS(" * n + "1",
    "NOT (": lambda n: COUNT + "NOT (" * n + "id = 1" + ")" * n,
    "NOT NOT": lambda n: COUNT + "NOT " * n + "id = 1",
    "signs": lambda n: "SELECT " + "- " * n + "1 FROM sky.plain",
    "signs in parentheses": lambda n: "SELECT " + "(-" * n + "1" + ")" * n + " FROM sky.plain",
    "derived tables": lambda n: (
        "SELECT id FROM " + "(SELECT id FROM " * n + "sky.plain" + ") AS x" * n
    ),
    "scalar subqueries": lambda n: (
        "SELECT " + "(SELECT " * n + "1" + " FROM sky.plain)" * n + " FROM sky.plain"
    ),
    "IN subqueries": lambda n: (
        "SELECT id FROM sky.plain" + " WHERE id IN (SELECT id FROM sky.plain" * n + ")" * n
    ),
    "IN without end": lambda n: COUNT + "id IN (1, " * n,
    "CASE in CASE": lambda n: (
        "SELECT " + "CASE WHEN id = 1 THEN " * n + "1" + " END" * n + " FROM sky.plain"
    ),
    "WHEN": lambda n: "SELECT CASE " + "WHEN id = 1 THEN 2 " * n + "END FROM sky.plain",
    "joins": lambda n: "SELECT * FROM sky.plain" + " NATURAL JOIN sky.plain" * n,
    "nested joins": lambda n: "SELECT * FROM sky.plain" + " JOIN sky.plain" * n + " ON 1 = 1" * n,
    "joins in parentheses": lambda n: (
        "SELECT id FROM " + "(" * n + "sky.plain" + " NATURAL JOIN sky.stars)" * n
    ),
    "tables": lambda n: "SELECT 1 FROM " + ", ".join(f"sky.plain AS t{i}" for i in range(n)),
    "USING": lambda n: (
        "SELECT * FROM sky.plain JOIN sky.plain USING (" + ", ".join(["id"] * n) + ")"
    ),
    "AND": lambda n: COUNT + " AND ".join(f"id <> {i}" for i in range(n)),
    "OR": lambda n: COUNT + " OR ".join(f"id = {i}" for i in range(n)),
    "sum": lambda n: "SELECT " + " + ".join(["id"] * n) + " FROM sky.plain",
    "concatenation": lambda n: "SELECT " + " || ".join(["'a'"] * n) + " FROM sky.plain",
    "UNION": lambda n: "SELECT id FROM sky.plain" + " UNION SELECT id FROM sky.plain" * n,
    "WITH": lambda n: (
        "WITH "
        + ", ".join(f"a{i} AS (SELECT id FROM sky.plain)" for i in range(n))
        + " SELECT id FROM a0"
    ),
    "columns": lambda n: "SELECT " + ", ".join(["id"] * n) + " FROM sky.plain",
    "group keys": lambda n: (
        "SELECT COUNT(*) FROM sky.plain GROUP BY " + ", ".join(f"id + {i}" for i in range(n))
    ),
    "dots": lambda n: "SELECT " + ".".join(["a"] * n) + " FROM sky.plain",
    "IN with literals": lambda n: COUNT + f"id IN ({', '.join(map(str, range(n)))})",
    "IN with comments": lambda n: COUNT + "id IN (" + ", -- '(\n".join(map(str, range(n))) + ")",
    "IN with expressions": lambda n: COUNT + f"id IN (id + {', id + '.join(map(str, range(n)))})",
    "IN with NULL": lambda n: COUNT + "id IN (" + ", NULL, ".join(map(str, range(n))) + ")",
    "IN cut off": lambda n: COUNT + f"id IN ({', '.join(map(str, range(n)))}",
    "IN without a comma": lambda n: COUNT + f"id IN ({', '.join(map(str, range(n)))} 2)",
    "arguments": lambda n: f"SELECT ivo_x({', '.join(['1'] * n)}) FROM sky.plain",
    "digits": lambda n: COUNT + "id = " + "9" * n,
    "TOP": lambda n: "SELECT TOP " + "9" * n + " id FROM sky.plain",
    "a name": lambda n: "SELECT " + "a" * n + " FROM sky.plain",
    "quotes": lambda n: "SELECT '" + "''" * n,
    "strings": lambda n: "SELECT " + "'a' " * n + "FROM sky.plain",
    "comments": lambda n: "SELECT " + "--\n" * n + "id FROM sky.plain",
}


def work(text: str) -> str | None:
    """Translate; the message of the error, if there is one."""
    try:
        adql.translate(text, CATALOGUE, "ADQL").literal_sql()
    except adql.ADQLError as error:
        return error.message
    return None


def steps(text: str) -> int:
    """How many calls, of Python and of C, the translation of a text takes."""
    count = 0

    def counted(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += 1

    sys.setprofile(counted)
    try:
        work(text)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("family", FAMILIES)
def test_the_steps_grow_no_faster_than_the_text(family: str) -> None:
    make, size = FAMILIES[family], 300 if CI else 150
    work(make(size))
    assert steps(make(2 * size)) < 2.5 * steps(make(size)) + 500


@pytest.mark.parametrize("family", FAMILIES)
def test_every_size_ends_in_a_tree_or_an_error(family: str) -> None:
    work(FAMILIES[family](4_000))


@pytest.mark.parametrize(
    ("family", "fits", "message"),
    [
        ("functions", 95, "the query is nested deeper than 100 levels"),
        ("NOT (", 45, "the query is nested deeper than 100 levels"),
        ("signs in parentheses", 45, "the query is nested deeper than 100 levels"),
        ("derived tables", 30, "the query is nested deeper than 100 levels"),
        ("IN subqueries", 30, "the query is nested deeper than 100 levels"),
        ("CASE in CASE", 45, "the query is nested deeper than 100 levels"),
        ("nested joins", 2, "more than 64 joins"),
        ("tables", 65, "more than 64 joins"),
        ("sum", 3_000, "an expression of more than 3000 terms"),
        ("concatenation", 3_000, "an expression of more than 3000 terms"),
        ("UNION", 499, "more than 500 queries are combined"),
        ("WITH", 100, "more than 100 tables in WITH"),
        ("columns", 1_600, "the query has more than 1600 columns"),
        ("group keys", 1_599, "the query has more than 1600 columns"),
        ("TOP", 18, "is too large a number"),
    ],
)
def test_each_limit_says_what_it_is(family: str, fits: int, message: str) -> None:
    small = work(FAMILIES[family](fits))
    assert small is None or message not in small
    assert message in (work(FAMILIES[family](5_000)) or "")


def test_the_longest_text_is_known() -> None:
    with pytest.raises(adql.ADQLError, match="more than 8000000"):
        adql.parse("SELECT a FROM t".ljust(8_000_001))


@pytest.mark.parametrize("family", ["AND", "sum", "columns", "IN with literals", "UNION", "WHEN"])
def test_wide_trees_are_printed_compared_and_hashed(family: str) -> None:
    tree = adql.parse(FAMILIES[family](450), "ADQL")
    again = adql.parse(to_text(tree), "ADQL")
    assert again == tree
    assert hash(again) == hash(tree)


@pytest.mark.parametrize(
    "family", ["functions", "geometry", "NOT (", "derived tables", "CASE in CASE"]
)
def test_the_deepest_trees_are_printed_compared_and_hashed(family: str) -> None:
    make = FAMILIES[family]
    deepest = bisect(range(1, 100), False, key=lambda n: "deeper" in (work(make(n)) or ""))
    tree = adql.parse(make(deepest), "ADQL")
    again = adql.parse(to_text(tree), "ADQL")
    assert again == tree
    assert hash(again) == hash(tree)
