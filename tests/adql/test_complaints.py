"""What users are told: the word, its place, the remedy; complaints.tsv has a line a mistake."""

from pathlib import Path

import pytest

import adql

LINES = (Path(__file__).parent / "complaints.tsv").read_text("utf-8").splitlines()
ROWS = [line.split("\t") for line in LINES[1:]]


def refusal(query: str, version: str = "ADQL") -> adql.ADQLError:
    with pytest.raises(adql.ADQLError) as caught:
        adql.parse(query, version)  # type: ignore[arg-type]  # "2.0", "2.1" or "ADQL"
    return caught.value


@pytest.mark.parametrize(("query", "words", "message"), ROWS)
def test_a_mistake_gets_its_message_at_its_place(query: str, words: str, message: str) -> None:
    error = refusal(query)
    hint = f" [{error.suggestion}]" if error.suggestion else ""
    assert error.message + hint == message
    assert error.line == 1
    assert query[error.column - 1 :][: error.length] == words


@pytest.mark.parametrize(
    ("query", "character"),
    [("SELECT a\u200b FROM t", "U+200B"), ("\ufeffSELECT a FROM t", "U+FEFF")],
)
def test_an_invisible_character_is_named(query: str, character: str) -> None:
    error = refusal(query)
    assert error.message.startswith(f"an invisible character ({character}, zero width")
    assert error.length == 1


def test_the_place_is_right_on_later_lines() -> None:
    error = refusal("SELECT a -- first ' line\nFROM t\n  WHERE a == 1")
    assert (error.line, error.column, error.length) == (3, 11, 2)


def test_what_2_1_added_is_named_in_2_0() -> None:
    assert refusal("SELECT a FROM t ORDER BY a OFFSET 10", "2.0").message == (
        "OFFSET is not in ADQL 2.0: ask for LANG=ADQL-2.1"
    )


def test_one_semicolon_is_ignored_and_a_second_query_is_not() -> None:
    assert adql.parse("SELECT a FROM t ; -- the end") == adql.parse("SELECT a FROM t")
    assert refusal("SELECT a FROM t;;").message == "one query at a time: nothing may follow ';'"
