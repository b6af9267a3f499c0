"""The tables of docs/adql-mistakes.md: the answers are those given, the remedies work."""

import re
from pathlib import Path

import pytest

import adql
from adql.catalogue import Table
from bench.mistakes import cause, counts, published
from schema.catalogue import TableCatalogue
from tests.adql.conftest import CATALOGUE, SKY

PAGE = (Path(__file__).parents[2] / "docs" / "adql-mistakes.md").read_text("utf-8")
UPLOADED = Table("TAP_UPLOAD", "targets", '"targets"', SKY.columns)
TABLES = TableCatalogue((*CATALOGUE.items, UPLOADED))


def rows(heading: str) -> list[list[str]]:
    """The cells of the table below a heading, without the marks of code."""
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")][1:]
    cells = [re.split(r"(?<!\\) \| ", line.removeprefix("| ").removesuffix(" |")) for line in lines]
    return [[cell.strip("`").replace("\\|", "|") for cell in row] for row in cells]


COMMON = rows("The twenty most common")
SEMANTIC = rows("What only the tables tell")
NOTED = rows("Accepted, with a note")


def refusal(query: str) -> adql.ADQLError:
    with pytest.raises(adql.ADQLError) as caught:
        adql.translate(query, TABLES, "ADQL")
    return caught.value


@pytest.mark.parametrize(
    ("query", "answer"), [row[:2] for row in (*(r[1:] for r in COMMON), *SEMANTIC)]
)
def test_a_mistake_gets_the_answer_of_the_table(query: str, answer: str) -> None:
    error = refusal(query)
    hint = f"; did you mean {error.suggestion}?" if error.suggestion else ""
    assert error.message + hint == answer


@pytest.mark.parametrize(("query", "answer"), [row[:2] for row in NOTED])
def test_a_dubious_query_gets_the_note_of_the_table(query: str, answer: str) -> None:
    assert [note.message for note in adql.translate(query, TABLES, "ADQL").notes] == [answer]


@pytest.mark.parametrize("query", [row[-1] for row in (*COMMON, *SEMANTIC, *NOTED)])
def test_what_to_write_instead_is_accepted_without_a_note(query: str) -> None:
    assert adql.translate(query, TABLES, "ADQL").notes == ()


def test_the_twenty_are_the_most_common_of_the_real_world(shared: Path) -> None:
    found = counts(published())
    parsed = found.pop("")
    told = {cause(refusal(row[1])): int(row[0]) for row in COMMON}
    assert len(told) == 20
    assert told == {name: found[name] for name in told}
    assert list(told.values()) == [number for _, number in found.most_common(20)]
    total = parsed + found.total()
    assert f"{total} queries" in PAGE
    assert f"{parsed} parse, {found.total()} do not" in PAGE
