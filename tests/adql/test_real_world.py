"""Queries that people published or typed: each parses, or its refusal says what to change."""

import re
from pathlib import Path

import pytest

import adql
from adql.syntax.words import RESERVED
from bench.mistakes import cause, counts, published, refusal

REMEDY = re.compile(r"\b(write|leave|compare|use|starts with SELECT)\b")
# What must be true of the text where a refusal tells of a cause: its words at the place, or
# (behind `...`) what follows them.
WORDS = {
    "a reserved word as a name": "|".join(RESERVED),
    "the query ends too early": r"(,|=|<|>|\(|\)|IN|FROM|WHERE|AND)\s*\Z",
    "operators of PostgreSQL on regions": r"!?(<@|@>|&&)",
    "comments between /* and */": r"/\*",
    "LIMIT": r"LIMIT\s+\d",
    "database..table": r"\.\.\w",
    "tables of a server's own space": r"#\w|\w+://",
    "% for the remainder": r"%\s*\d",
    "comments after #": "#",
    "LATERAL": "LATERAL",
    "functions of other servers": r"[\w.]+\s*\(",
    "patterns with ~": "~",
}


@pytest.fixture(scope="module")
def refused(shared: Path) -> list[tuple[str, adql.ADQLError]]:
    """The queries that are no ADQL, and why."""
    return [(query, error) for query in published() if (error := refusal(query)) is not None]


def place(query: str, error: adql.ADQLError) -> int:
    """The offset of an error."""
    lines = query.split("\n")
    return sum(len(line) + 1 for line in lines[: error.line - 1]) + error.column - 1


def test_every_refusal_names_words_of_the_text_and_a_remedy(
    refused: list[tuple[str, adql.ADQLError]],
) -> None:
    for query, error in refused:
        offset = place(query, error)
        words = query[offset : offset + error.length]
        assert REMEDY.search(error.message), error.message
        if words:
            assert words == words.strip(), error.message
        else:
            assert offset == len(query), error.message
        assert "unexpected" not in error.message


def test_every_refusal_is_of_a_known_cause_that_the_text_bears_out(
    refused: list[tuple[str, adql.ADQLError]],
) -> None:
    for query, error in refused:
        found = cause(error)
        assert found is not None, error.message
        pattern = WORDS.get(found)
        if pattern is not None:
            assert re.compile(pattern, re.IGNORECASE).match(query, place(query, error)), query


def test_only_what_is_no_adql_is_refused(shared: Path) -> None:
    """Most are; the log of SQL Server gives the most of the others, one habit the most of those."""
    found = counts(published())
    print("\n".join(f"{number:5}  {name or 'parsed'}" for name, number in found.most_common()))
    assert found[""] > 0.6 * found.total()
    assert found.most_common(2)[1][0] == "a reserved word as a name"
