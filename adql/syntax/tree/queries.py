"""Queries: SELECT, FROM, set operations, ORDER BY (ADQL 2.1 §2.2, §4.4, §4.5)."""

from dataclasses import dataclass
from typing import Literal

from adql.syntax.tree.expressions import Expression
from adql.syntax.tree.nodes import Identifier, Node


@dataclass(frozen=True, slots=True)
class Star(Node):
    """`*`, or `t.*` with the parts of t."""

    qualifier: tuple[Identifier, ...] = ()


@dataclass(frozen=True, slots=True)
class SelectItem(Node):
    """A column of the result."""

    expression: Expression
    alias: Identifier | None = None


JoinKind = Literal["INNER", "LEFT", "RIGHT", "FULL", "CROSS"]


class TableReference(Node):
    """An element of FROM."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class TableName(TableReference):
    """[[catalogue.]schema.]table [AS alias]."""

    parts: tuple[Identifier, ...]
    alias: Identifier | None = None


@dataclass(frozen=True, slots=True)
class DerivedTable(TableReference):
    """(SELECT ...) AS alias."""

    query: "Query"
    alias: Identifier


@dataclass(frozen=True, slots=True)
class Join(TableReference):
    """left JOIN right; at most one of natural, on, using."""

    left: TableReference
    right: TableReference
    kind: JoinKind
    natural: bool = False
    on: Expression | None = None
    using: tuple[Identifier, ...] = ()


@dataclass(frozen=True, slots=True)
class ParensTable(TableReference):
    """A join in parentheses."""

    operand: TableReference


@dataclass(frozen=True, slots=True)
class Select(Node):
    """SELECT ... FROM ... HAVING; `best_of` is the list of DISTINCT ON, an extension."""

    quantifier: str | None
    top: int | None
    items: tuple[Star | SelectItem, ...]
    tables: tuple[TableReference, ...]
    where: Expression | None = None
    group_by: tuple[Expression, ...] = ()
    having: Expression | None = None
    best_of: tuple[Expression, ...] = ()


@dataclass(frozen=True, slots=True)
class SetOperation(Node):
    """first UNION x EXCEPT y ...: operators of one precedence, from left to right."""

    first: "Select | SetOperation | Query"
    operators: tuple[str, ...]
    rest: tuple["Select | SetOperation | Query", ...]


@dataclass(frozen=True, slots=True)
class OrderTerm(Node):
    """An expression, output name or ordinal to sort by."""

    expression: Expression
    descending: bool = False


@dataclass(frozen=True, slots=True)
class CommonTable(Node):
    """name AS (SELECT ...) of a WITH clause."""

    name: Identifier
    query: "Query"


@dataclass(frozen=True, slots=True)
class Query(Node):
    """A query expression; `with_tables` only at the top (ADQL 2.1 §4.5.1)."""

    body: "Select | SetOperation | Query"
    order_by: tuple[OrderTerm, ...] = ()
    offset: int | None = None
    with_tables: tuple[CommonTable, ...] = ()
