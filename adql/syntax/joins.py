"""A chain of joins as it is written, and the tree that it means (ADQL 2.1 §2.2.2).

The grammar takes table, JOIN table, ON, USING in a row.  A condition belongs to the nearest JOIN
before it that has none yet, so `a JOIN b JOIN c ON x ON y` is a JOIN (b JOIN c ON x) ON y.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from lark import Token

from adql.errors import ADQLError
from adql.syntax.tree import Expression, Identifier, Join, JoinKind, Span, TableReference


@dataclass(frozen=True, slots=True)
class Link:
    """[NATURAL] [INNER | LEFT | ...] JOIN table."""

    natural: bool
    kind: JoinKind
    table: TableReference

    @property
    def is_complete(self) -> bool:
        """Whether it takes no condition."""
        return self.natural or self.kind == "CROSS"


@dataclass(frozen=True, slots=True)
class Condition:
    """ON expression, or USING (columns); `end` is the offset of its end."""

    word: Token
    end: int
    on: Expression | None = None
    using: tuple[Identifier, ...] = ()


def _join(left: TableReference, link: Link, condition: Condition | None = None) -> Join:
    right = link.table
    end = condition.end if condition else right.span.end
    span = Span(left.span.start, end)
    if condition is None:
        return Join(span, left, right, link.kind, link.natural)
    return Join(span, left, right, link.kind, link.natural, condition.on, condition.using)


def chain(first: TableReference, parts: Sequence[Link | Condition]) -> TableReference:
    """The tree of `first` and what follows it."""
    tables = [first]
    waiting: list[Link] = []
    for part in parts:
        if isinstance(part, Link):
            if part.is_complete:
                tables[-1] = _join(tables[-1], part)
            else:
                tables.append(part.table)
                waiting.append(part)
        elif waiting:
            link, right = waiting.pop(), tables.pop()
            tables[-1] = _join(tables[-1], Link(link.natural, link.kind, right), part)
        else:
            raise _without_join(part)
    result = tables[0]
    for link, right in zip(waiting, tables[1:], strict=True):
        result = _join(result, Link(link.natural, link.kind, right))
    return result


def _without_join(condition: Condition) -> ADQLError:
    word = condition.word
    message = f"{word.upper()} without a JOIN that needs it: NATURAL and CROSS joins take none"
    return ADQLError(message, word.line or 1, word.column or 1, len(word))
