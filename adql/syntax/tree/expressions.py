"""Values and conditions (ADQL 2.1 §2.2, §4)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from adql.syntax.tree.nodes import Identifier, Node

if TYPE_CHECKING:
    from adql.syntax.tree.queries import Query


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
