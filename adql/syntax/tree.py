"""The syntax tree of a query: frozen dataclasses, each with its span in the text.

Spans take no part in equality, so parse(print(tree)) == tree.  Chains (a OR b OR c, a + b + c,
UNION after UNION) are flat: their length costs no stack.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Literal, NamedTuple


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


class Expression(Node):
    """A value or a condition."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Number(Expression):
    """An unsigned numeric literal, as written."""

    text: str


@dataclass(frozen=True, slots=True)
class String(Expression):
    """A string literal, unquoted."""

    value: str


@dataclass(frozen=True, slots=True)
class Null(Expression):
    """NULL."""


@dataclass(frozen=True, slots=True)
class Boolean(Expression):
    """TRUE or FALSE: an extension, in plain ADQL alone."""

    value: bool


@dataclass(frozen=True, slots=True)
class ColumnReference(Expression):
    """A column, qualified or not: up to catalogue, schema, table, column."""

    parts: tuple[Identifier, ...]


@dataclass(frozen=True, slots=True)
class Parens(Expression):
    """A compound expression in parentheses; around a primary they are dropped."""

    operand: Expression


@dataclass(frozen=True, slots=True)
class Signed(Expression):
    """+x or -x."""

    sign: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Arithmetic(Expression):
    """first op x op y ..., all of one precedence (+ - or * /), from left to right."""

    first: Expression
    operators: tuple[str, ...]
    rest: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Concatenation(Expression):
    """a || b || ..."""

    operands: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Logical(Expression):
    """a AND b AND ..., or a OR b OR ..."""

    operator: Literal["AND", "OR"]
    operands: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Not(Expression):
    """NOT a."""

    operand: Expression


@dataclass(frozen=True, slots=True)
class Comparison(Expression):
    """left op right; != is kept as <>."""

    left: Expression
    operator: str
    right: Expression


@dataclass(frozen=True, slots=True)
class Between(Expression):
    """value [NOT] BETWEEN low AND high."""

    value: Expression
    low: Expression
    high: Expression
    negated: bool


@dataclass(frozen=True, slots=True)
class InList(Expression):
    """value [NOT] IN (a, b, ...)."""

    value: Expression
    items: tuple[Expression, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class InLiterals(Expression):
    """value [NOT] IN (literals): numbers with their sign as written, strings unquoted."""

    value: Expression
    kind: Literal["numbers", "strings", "mixed"]
    texts: tuple[str, ...]
    are_strings: tuple[bool, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class InQuery(Expression):
    """value [NOT] IN (SELECT ...)."""

    value: Expression
    query: "Query"
    negated: bool


@dataclass(frozen=True, slots=True)
class Like(Expression):
    """value [NOT] LIKE pattern, or ILIKE."""

    value: Expression
    pattern: Expression
    negated: bool
    ignore_case: bool


@dataclass(frozen=True, slots=True)
class IsNull(Expression):
    """value IS [NOT] NULL."""

    value: Expression
    negated: bool


@dataclass(frozen=True, slots=True)
class Exists(Expression):
    """EXISTS (SELECT ...)."""

    query: "Query"


@dataclass(frozen=True, slots=True)
class Call(Expression):
    """A function of the language; `name` in upper case."""

    name: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class UserCall(Expression):
    """A user-defined function; its name is not case-sensitive."""

    name: Identifier
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Aggregate(Expression):
    """AVG, MIN, MAX, SUM or COUNT; the argument is None in COUNT(*)."""

    name: str
    argument: Expression | None
    quantifier: str | None = None


@dataclass(frozen=True, slots=True)
class CastType(Node):
    """The target of a CAST: name in upper case, length of CHAR(n) and VARCHAR(n)."""

    name: str
    length: int | None = None


@dataclass(frozen=True, slots=True)
class Cast(Expression):
    """CAST(operand AS target)."""

    operand: Expression
    target: CastType


@dataclass(frozen=True, slots=True)
class When(Node):
    """WHEN condition THEN value."""

    condition: Expression
    value: Expression


@dataclass(frozen=True, slots=True)
class Case(Expression):
    """CASE: an extension, in plain ADQL alone."""

    subject: Expression | None
    branches: tuple[When, ...]
    otherwise: Expression | None


@dataclass(frozen=True, slots=True)
class ScalarQuery(Expression):
    """A subquery as a value."""

    query: "Query"


@dataclass(frozen=True, slots=True)
class Star(Node):
    """`*`, or `t.*` with the parts of t."""

    qualifier: tuple[Identifier, ...] = ()


@dataclass(frozen=True, slots=True)
class SelectItem(Node):
    """A column of the result."""

    expression: Expression
    alias: Identifier | None = None


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
    kind: Literal["INNER", "LEFT", "RIGHT", "FULL", "CROSS"]
    natural: bool = False
    on: Expression | None = None
    using: tuple[Identifier, ...] = ()


@dataclass(frozen=True, slots=True)
class ParensTable(TableReference):
    """A join in parentheses."""

    operand: TableReference


@dataclass(frozen=True, slots=True)
class Select(Node):
    """SELECT ... FROM ... HAVING."""

    quantifier: str | None
    top: int | None
    items: tuple[Star | SelectItem, ...]
    tables: tuple[TableReference, ...]
    where: Expression | None = None
    group_by: tuple[Expression, ...] = ()
    having: Expression | None = None


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


def _child_fields(kind: type[Node]) -> tuple[str, ...]:
    plain = {"span", "name", "text", "texts", "are_strings", "operators", "operator"}
    if kind is CommonTable or kind is UserCall:
        plain = plain - {"name"}
    return tuple(f.name for f in fields(kind) if f.name not in plain)


_CHILD_FIELDS: dict[type[Node], tuple[str, ...]] = {}


def children(node: Node) -> Iterator[Node]:
    """The direct children of a node, in the order of the text."""
    kind = type(node)
    names = _CHILD_FIELDS.get(kind)
    if names is None:
        names = _CHILD_FIELDS[kind] = _child_fields(kind)
    for name in names:
        value = getattr(node, name)
        if isinstance(value, Node):
            yield value
        elif isinstance(value, tuple):
            for item in value:
                if isinstance(item, Node):
                    yield item


def walk(root: Node) -> Iterator[tuple[Node, int]]:
    """Every node below and with `root`, with its depth; in the order of the text."""
    pending = [(root, 1)]
    while pending:
        node, depth = pending.pop()
        yield node, depth
        below = [(child, depth + 1) for child in children(node)]
        pending.extend(reversed(below))


CONDITIONS = (
    Logical,
    Not,
    Comparison,
    Between,
    InList,
    InLiterals,
    InQuery,
    Like,
    IsNull,
    Exists,
)
"""The expressions that are true or false."""
