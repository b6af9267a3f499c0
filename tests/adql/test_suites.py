"""The judged suites, real-world queries, and trees printed and parsed again."""

import json
from pathlib import Path
from typing import Any

import pytest

import adql
from adql.syntax.printer import to_text
from adql.syntax.words import Version

# Judged row: why its verdict is not followed.
DISPUTED: dict[str, str] = {}


def rows(shared: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (shared / "adql" / name).read_text().splitlines()]


def is_valid(query: str, version: Version) -> bool:
    try:
        adql.parse(query, version)
    except adql.ADQLError as error:
        return not (error.line >= 1 and error.column >= 1)
    return True


def test_every_standard_row_gets_its_verdict(shared: Path) -> None:
    judged = [
        r
        for r in rows(shared, "queries.jsonl")
        if r["dialect"] in ("adql-2.0", "adql-2.1") and not r.get("config_dependent")
    ]
    assert len(judged) > 250
    wrong = [
        r["id"]
        for r in judged
        if is_valid(r["query"], r["dialect"].removeprefix("adql-")) != r["valid"]
        and r["id"] not in DISPUTED
    ]
    assert wrong == []


def test_a_printed_tree_parses_to_itself(shared: Path) -> None:
    queries = rows(shared, "queries.jsonl") + rows(shared, "real_world.jsonl")
    count = 0
    for row in queries:
        try:
            tree = adql.parse(row["query"], "ADQL")
        except adql.ADQLError:
            continue
        count += 1
        assert adql.parse(to_text(tree), "ADQL") == tree, row["query"]
    assert count > 900


@pytest.mark.parametrize(
    "bomb",
    [
        "SELECT " + "(" * 100_000 + "1" + ")" * 100_000 + " FROM t",
        "SELECT " + "(-" * 5_000 + "1" + ")" * 5_000 + " FROM t",
        "SELECT " + "ABS(" * 5_000 + "1" + ")" * 5_000 + " FROM t",
        "SELECT a FROM t WHERE " + "NOT (" * 5_000 + "a=1" + ")" * 5_000,
        "SELECT a FROM " + "(SELECT a FROM " * 2_000 + "t" + ") AS x" * 2_000,
        "SELECT a FROM t" + " JOIN t USING (a)" * 5_000,
        "SELECT a FROM t" + " UNION SELECT a FROM t" * 5_000,
        "SELECT " + "CASE WHEN a=1 THEN " * 2_000 + "1" + " END" * 2_000 + " FROM t",
        "SELECT TOP " + "9" * 5_000 + " a FROM t",
        "SELECT a FROM t WHERE a = " + "9" * 100_000 + "e" + "9" * 100,
        "(" * 50_000,
        "'" * 100_001,
    ],
)
def test_no_bomb_ends_in_anything_but_an_error_or_a_tree(bomb: str) -> None:
    for version in ("2.1", "ADQL"):
        is_valid(bomb, version)  # type: ignore[arg-type]


def test_long_chains_and_lists_are_no_bombs() -> None:
    condition = " OR ".join(f"a = {i}" for i in range(5_000))
    assert is_valid(f"SELECT a FROM t WHERE {condition}", "2.1")
    items = ", ".join(str(i) for i in range(50_000))
    assert is_valid(f"SELECT a FROM t WHERE a IN ({items})", "2.1")
