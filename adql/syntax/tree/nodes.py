"""What every node of the tree has: a place in the text."""

from dataclasses import dataclass, field
from typing import NamedTuple


class Span(NamedTuple):
    """Offsets into the text, end exclusive."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Node:
    """Anything with a place in the text."""

    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Identifier(Node):
    """A name; `delimited` when written in double quotes (ADQL 2.1 §2.1.3)."""

    name: str
    delimited: bool = False
