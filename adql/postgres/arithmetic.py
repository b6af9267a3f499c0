"""Numbers and arithmetic: whole numbers in bigint, all others in double precision.

A step that may leave bigint is computed in numeric and is NULL beyond bigint; a division by zero is
NULL.  What leaves double precision is an error when it happens (docs/decisions/0006).
"""

import math
from typing import TYPE_CHECKING

from adql.postgres.bounds import cast_number, whole
from adql.semantics.literals import number_type
from adql.semantics.operators import BIGGEST, step
from adql.sky import constants
from adql.sql import Sql, double
from adql.syntax import complaints, tree
from adql.syntax.checks import unwrapped
from adql.syntax.tree import Expression
from adql.translation import Parameter
from adql.values import Value, of_sql_type

if TYPE_CHECKING:
    from adql.postgres.expressions import Expressions


def number(e: "Expressions", node: tree.Number) -> Sql:
    sql_type = number_type(node.text)
    if sql_type != "double precision":
        return Parameter(int(node.text), sql_type)
    value = float(node.text)
    if math.isinf(value):
        raise complaints.about(e.text, node, "the number is too large")
    return double(value)


def as_bigint(e: "Expressions", node: Expression) -> Sql:
    """A whole number as bigint."""
    inner = unwrapped(node)
    if isinstance(inner, tree.Number):
        return Parameter(int(inner.text), "bigint")
    return cast_number(e.emit(node), e.typing.of(node), "bigint")


def signed(e: "Expressions", node: tree.Signed) -> Sql:
    value = e.typing.of(node.operand)
    if not value.is_integer:
        return (f"({node.sign} ", e.double(node.operand), ")")
    if isinstance(node.operand, tree.Number):
        return (f"({node.sign} ", e.number(node.operand), ")")
    return (f"({node.sign} ", negatable(e, node.operand), ")")


def negatable(e: "Expressions", node: Expression) -> Sql:
    """A whole number as bigint; NULL where its magnitude is no bigint."""
    written = as_bigint(e, node)
    if e.typing.of(node).magnitude <= BIGGEST:
        return written
    return ("nullif(", written, f", '{-BIGGEST - 1}'::bigint)")


def arithmetic(e: "Expressions", node: tree.Arithmetic) -> Sql:
    """From left to right; from the first operand on that is no whole number, in double."""
    steps = list(zip(node.operators, node.rest, strict=True))
    for operator, operand in steps:
        if operator == "/" and constants.number(operand) == 0:
            raise complaints.about(e.text, operand, "division by zero")
    _refuse_overflow(e, node)
    values = [e.typing.of(operand) for operand in (node.first, *node.rest)]
    count = 0
    while count < len(values) and values[count].is_integer:
        count += 1
    if count < 2:
        written: Sql = e.double(node.first)
        count = 1
    else:
        written = _whole_numbers(e, node.first, steps[: count - 1])
    if count == len(values):
        return written
    pieces: list[Sql] = ["(", written]
    for operator, operand in steps[count - 1 :]:
        pieces += (f" {operator} ", _operand(e, operator, operand, e.double(operand)))
    return (*pieces, ")")


def _refuse_overflow(e: "Expressions", node: tree.Arithmetic) -> None:
    """What constants alone amount to is known before any row is read."""
    value = constants.number(node)
    if value is not None and not math.isfinite(value):
        raise complaints.about(e.text, node, "the result of these numbers is too large")


def _operand(e: "Expressions", operator: str, node: Expression, written: Sql) -> Sql:
    if operator == "/" and constants.number(node) is None:
        return ("nullif(", written, ", 0)")
    return written


def _whole_numbers(e: "Expressions", first: Expression, steps: list[tuple[str, Expression]]) -> Sql:
    value, fits = e.typing.of(first), True
    for operator, operand in steps:
        right = e.typing.of(operand)
        size = step(value, operator, right)
        # The smallest bigint divided by -1 is none; by any other constant it is.
        by_constant = operator == "/" and (constants.number(operand) or 0) > 0
        fits = fits and (size <= BIGGEST or by_constant)
        value = _bounded(size)
    if not fits:
        return _in_numeric(e, first, steps)
    pieces: list[Sql] = ["(", as_bigint(e, first)]
    for operator, operand in steps:
        pieces += (f" {operator} ", _operand(e, operator, operand, e.number(operand)))
    return (*pieces, ")")


def _bounded(size: int) -> Value:
    found = of_sql_type("bigint")
    return Value(found.kind, found.sql_type, found.meta, min(size, BIGGEST + 1))


def _in_numeric(e: "Expressions", first: Expression, steps: list[tuple[str, Expression]]) -> Sql:
    written: Sql = ("(", e.number(first), ")::numeric")
    for operator, operand in steps:
        right: Sql = ("(", e.number(operand), ")::numeric")
        if operator == "/":
            written = ("div(", written, ", ", _operand(e, operator, operand, right), ")")
        else:
            written = ("(", written, f" {operator} ", right, ")")
    return whole(written, "bigint")
