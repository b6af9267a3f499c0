"""Errors at a place of the text."""

from adql.errors import ADQLError
from adql.syntax.tree import Node


def position(text: str, offset: int) -> tuple[int, int]:
    """Line and column, from 1, of an offset."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def at(
    text: str, offset: int, length: int, message: str, suggestion: str | None = None
) -> ADQLError:
    """An error at an offset of the text."""
    line, column = position(text, offset)
    return ADQLError(message, line, column, length, suggestion)


def about(text: str, node: Node, message: str, suggestion: str | None = None) -> ADQLError:
    """An error about a node of the tree."""
    return at(text, node.span.start, node.span.end - node.span.start, message, suggestion)
