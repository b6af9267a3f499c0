"""The judged suites, real-world queries, and trees printed and parsed again."""

import json
from pathlib import Path
from typing import Any

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
