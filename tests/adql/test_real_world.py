"""Queries that people published or typed: each parses, or its refusal says what to change."""

import random
import re
from pathlib import Path

import pytest

import adql
from adql.syntax.words import RESERVED
from bench.mistakes import cause, counts, published, refusal
from tests.conftest import CI

REMEDY = re.compile(r"\b(write|leave|compare|use|list|join|starts with SELECT)\b")
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


TOKEN = re.compile(r"\s+|\d+\.?\d*|\w+|'[^']*'|\"[^\"]*\"|<>|<=|>=|\|\||\S")
DAMAGED = 3_000 if CI else 300


def damaged(queries: list[str], seed: int) -> str:
    """A query with one token left out, doubled, or put elsewhere; or cut off."""
    rng = random.Random(seed)
    tokens = TOKEN.findall(rng.choice(queries))
    at, other = rng.randrange(len(tokens)), rng.randrange(len(tokens))
    kind = rng.choice(["out", "double", "swap", "cut"])
    if kind == "out":
        del tokens[at]
    elif kind == "double":
        tokens.insert(at, tokens[at])
    elif kind == "swap":
        tokens[at], tokens[other] = tokens[other], tokens[at]
    else:
        del tokens[at:]
    return "".join(tokens)


def test_damaged_queries_too_are_refused_with_words_and_a_remedy(shared: Path) -> None:
    queries = [query for query in published() if len(query) < 2_000]
    refused = general = 0
    for seed in range(DAMAGED):
        query = damaged(queries, seed)
        error = refusal(query)
        if error is None:
            continue
        refused += 1
        general += "cannot follow" in error.message
        assert REMEDY.search(error.message) or error.suggestion, (error.message, query)
        offset = place(query, error)
        assert 0 <= offset <= offset + error.length <= len(query), (error.message, query)
        assert error.length or offset == len(query), (error.message, query)
    assert refused > DAMAGED / 2
    assert general < refused / 10  # what fits no rule: "X cannot follow Y: write Z"
