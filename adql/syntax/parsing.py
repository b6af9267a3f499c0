"""Text to tree: one compiled grammar per reserved-word list, errors with their place.

lark is imported at the first use: it takes a third of the time of `import adql`.
"""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from adql.errors import ADQLError
from adql.garbage import left_alone
from adql.syntax import complaints
from adql.syntax.checks import check
from adql.syntax.tree import Query
from adql.syntax.words import VERSIONS, Version, terminals

if TYPE_CHECKING:
    from lark import Lark, Token

MAX_LENGTH = 8_000_000
"""Characters of a query."""


class _NamesEverywhere:
    """Lets the contextual lexer read a name in every state: a keyword starts as one."""

    always_accept = ("NAME",)

    def process(self, stream: "Iterator[Token]") -> "Iterator[Token]":
        return stream


def _keywords(version: Version) -> "Callable[[Token], Token]":
    table = terminals(version)

    def keyword(token: "Token") -> "Token":
        terminal = table.get(token.upper())
        if terminal:
            token.type = terminal
        return token

    return keyword


@cache
def grammar(version: Version) -> "Lark":
    """The compiled parser; 2.1 and plain ADQL have the same words and share one."""
    if version == "ADQL":
        return grammar("2.1")
    from lark import Lark

    from adql.syntax.builder import TreeBuilder

    return Lark(
        Path(__file__).with_name("grammar.lark").read_text("ascii"),
        parser="lalr",
        lexer="contextual",
        postlex=_NamesEverywhere(),
        lexer_callbacks={"NAME": _keywords(version)},
        transformer=TreeBuilder(),
        maybe_placeholders=True,
    )


def parse(text: str, version: Version = "2.1") -> Query:
    """The tree of an ADQL query.

    `version`: "2.1", "2.0", or "ADQL" (2.1 with this package's extensions).  Raises ADQLError
    with line, column and length.
    """
    if version not in VERSIONS:
        raise ADQLError(f"language version {version!r} is none of {', '.join(VERSIONS)}")
    if len(text) > MAX_LENGTH:
        raise ADQLError(f"the query has {len(text)} characters, more than {MAX_LENGTH}")
    if "\0" in text:
        raise complaints.at(text, text.index("\0"), 1, "NUL character in the query")
    with left_alone(text):
        query = _tree(text, version)
        check(query, text, version)
    return query


def _tree(text: str, version: Version) -> Query:
    from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

    try:
        query: object = grammar(version).parse(text)
    except UnexpectedToken as unexpected:
        raise complaints.unexpected_token(text, unexpected) from None
    except UnexpectedCharacters as unexpected:
        raise complaints.unexpected_character(text, unexpected) from None
    except UnexpectedInput:
        raise complaints.at(text, len(text), 0, "the query ends too early") from None
    assert isinstance(query, Query)  # what the transformer makes of `start`
    return query
