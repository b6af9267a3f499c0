"""What is said to a user whose query does not parse: the place, the word, the ADQL way.

A complaint is found by asking rules in turn, from the most particular to the most general.
"""

from typing import TYPE_CHECKING

from adql.errors import ADQLError
from adql.syntax.complaints import expectations, order, signs, words
from adql.syntax.complaints.context import context
from adql.syntax.complaints.names import (
    foreign_column,
    nearest,
    type_of_adql,
    unknown_function,
)
from adql.syntax.complaints.places import about, at, position
from adql.syntax.complaints.signs import number_with_letters

if TYPE_CHECKING:
    from lark.exceptions import UnexpectedCharacters, UnexpectedToken

__all__ = [
    "about",
    "at",
    "foreign_column",
    "nearest",
    "number_with_letters",
    "position",
    "type_of_adql",
    "unexpected_character",
    "unexpected_token",
    "unknown_function",
]

_RULES = (
    order.ending,
    words.first_word,
    signs.sign,
    words.no_beginning,
    words.foreign_word,
    expectations.statements,
    words.function_of_others,
    words.added_in_2_1,
    words.unit,
    words.text_prefix,
    signs.odd_name,
    expectations.names_of_join,
    order.missing_from,
    expectations.tables,
    expectations.types,
    order.clause_order,
    order.parentheses,
    order.second_name,
    order.missing_where,
    order.missing_value,
    order.comparisons,
    expectations.between,
    expectations.follower,
    words.misspelt,
    order.commas,
    words.reserved,
)


def _complaint(text: str, offset: int, expected: set[str], is_name: bool = False) -> ADQLError:
    place = context(text, offset, frozenset(expected), is_name)
    for rule in _RULES:
        found = rule(place)
        if found is not None:
            return at(text, *found)
    return at(text, *expectations.whatever(place))


def unexpected_token(text: str, error: "UnexpectedToken") -> ADQLError:
    """The parser met a word or sign that cannot stand there, or the end."""
    token = error.token
    offset = len(text) if token.type == "$END" else token.start_pos or 0
    return _complaint(text, offset, set(error.accepts or error.expected), token.type == "NAME")


def unexpected_character(text: str, error: "UnexpectedCharacters") -> ADQLError:
    """The lexer met a character that starts no token."""
    return _complaint(text, error.pos_in_stream or 0, set(error.allowed or ()))
