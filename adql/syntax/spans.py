"""From lark's children to the place of a node in the text."""

from collections.abc import Iterable
from typing import Any

from lark import Token

from adql.syntax.tree import Span

Children = list[Any]
"""What lark hands to a rule: tokens, nodes, and None where an optional part is absent."""


def _start(item: Any) -> int:
    if isinstance(item, tuple | list):
        return _start(item[0])
    if isinstance(item, Token):
        return item.start_pos or 0
    start: int = item.span.start
    return start


def _end(item: Any) -> int:
    if isinstance(item, tuple | list):
        return _end(item[-1])
    if isinstance(item, Token):
        return item.end_pos or 0
    end: int = item.span.end
    return end


def span_of(items: Iterable[Any]) -> Span:
    """From the first child that is there to the last."""
    present = [item for item in items if item is not None and item != ()]
    return Span(_start(present[0]), _end(present[-1]))


def nodes_in(items: Children) -> Children:
    """The children that are neither absent nor tokens."""
    return [i for i in items if i is not None and not isinstance(i, Token)]


def has(items: Children, terminal: str) -> bool:
    """Whether a token of this terminal is among the children."""
    return any(isinstance(i, Token) and i.type == terminal for i in items)
