"""Types of columns, arithmetic, conditions and CASE."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from adql import values
from adql.semantics import units
from adql.semantics.literals import is_constant
from adql.syntax import tree
from adql.syntax.tree import Expression
from adql.values import BOOLEAN, KIND_NAMES, Value, of_sql_type

if TYPE_CHECKING:
    from adql.semantics.types import Typing

_DOUBLE = "double precision"
BIGGEST = 2**63 - 1
"""What bigint holds."""


def column(t: "Typing", node: tree.ColumnReference) -> Value:
    return t.of_visible(t.resolution.columns[id(node)])


def signed(t: "Typing", node: tree.Signed) -> Value:
    value = t.number(node.operand, node.sign)
    meta = values.without_identity(value).meta
    if not value.is_integer:
        return of_sql_type(_DOUBLE, meta.unit, meta.ucd)
    # The magnitude of -32768 is no smallint any more.
    fits = isinstance(node.operand, tree.Number)
    found = of_sql_type(value.sql_type if fits else "bigint", meta.unit, meta.ucd)
    return replace(found, at_most=min(value.magnitude, BIGGEST))


def step(left: Value, operator: str, right: Value) -> int:
    """The largest magnitude of a step of whole-number arithmetic."""
    if operator == "*":
        return left.magnitude * right.magnitude
    if operator == "/":
        return left.magnitude
    return left.magnitude + right.magnitude


def arithmetic(t: "Typing", node: tree.Arithmetic) -> Value:
    """Whole numbers give a bigint, all others double precision: real alone overflows early."""
    found = t.number(node.first, node.operators[0])
    constant = is_constant(node.first)
    for operator, operand in zip(node.operators, node.rest, strict=True):
        right = t.number(operand, operator)
        also = is_constant(operand)
        unit = _unit(operator, found, constant, right, also)
        if found.is_integer and right.is_integer:
            size = min(step(found, operator, right), BIGGEST + 1)
            found = replace(of_sql_type("bigint", unit), at_most=size)
        else:
            found = of_sql_type(_DOUBLE, unit)
        constant = constant and also
    return found


def _unit(operator: str, a: Value, a_constant: bool, b: Value, b_constant: bool) -> str | None:
    """A constant has whatever unit the sum needs; in a product it has none.  A column without a
    unit may have any, so that its product has an unknown one."""
    first, second = a.meta.unit, b.meta.unit
    if operator in "+-":
        if a_constant or b_constant:
            return first or second
        return first if first == second else None
    if (first is None and not a_constant) or (second is None and not b_constant):
        return None
    return units.product(first, second, operator)


def concatenation(t: "Typing", node: tree.Concatenation) -> Value:
    operands = [t.text_value(operand, "||") for operand in node.operands]
    return values.text(any(v.meta.datatype == "unicodeChar" for v in operands))


def logical(t: "Typing", node: tree.Logical) -> Value:
    for operand in node.operands:
        t.of(operand)
    return BOOLEAN


def negation(t: "Typing", node: tree.Not) -> Value:
    return t.of(node.operand)


def comparison(t: "Typing", node: tree.Comparison) -> Value:
    t.compared(node.left, node.right, node)
    return BOOLEAN


def between(t: "Typing", node: tree.Between) -> Value:
    t.compared(node.value, node.low, node)
    t.compared(node.value, node.high, node)
    return BOOLEAN


def in_list(t: "Typing", node: tree.InList) -> Value:
    for item in node.items:
        t.compared(node.value, item, item)
    return BOOLEAN


def in_literals(t: "Typing", node: tree.InLiterals) -> Value:
    kind = t.of(node.value).kind
    if kind not in ("number", "text", "timestamp", "null"):
        raise t.fail(node, f"{KIND_NAMES[kind]} is compared with a list")
    if kind == "text" and node.kind != "strings":
        name = t.text[slice(*node.value.span)]
        raise t.fail(node, f"{name} is a text: write the values between single quotes")
    if kind == "timestamp" and node.kind != "strings":
        name = t.text[slice(*node.value.span)]
        raise t.fail(node, f"{name} is a timestamp: write '2026-01-31T00:00:00' for the values")
    return BOOLEAN


def in_query(t: "Typing", node: tree.InQuery) -> Value:
    outputs = t.of_outputs(node.query)
    if len(outputs) != 1:
        raise t.fail(node.query, f"IN needs a query of one column, not {len(outputs)}")
    t.alike(t.of(node.value), outputs[0], node)
    return BOOLEAN


def like(t: "Typing", node: tree.Like) -> Value:
    for operand in (node.value, node.pattern):
        kind = t.of(operand).kind
        if kind not in ("text", "null"):
            remedy = f"write CAST({t.text[slice(*operand.span)]} AS VARCHAR)"
            raise t.fail(operand, f"LIKE compares texts, not {KIND_NAMES[kind]}: {remedy}")
    return BOOLEAN


def is_null(t: "Typing", node: tree.IsNull) -> Value:
    t.of(node.value)
    return BOOLEAN


def exists(t: "Typing", node: tree.Exists) -> Value:
    t.of_outputs(node.query)
    return BOOLEAN


def scalar_query(t: "Typing", node: tree.ScalarQuery) -> Value:
    outputs = t.of_outputs(node.query)
    if len(outputs) != 1:
        raise t.fail(node, f"a query as a value has one column, not {len(outputs)}")
    return outputs[0]


def case(t: "Typing", node: tree.Case) -> Value:
    for branch in node.branches:
        if node.subject is not None:
            t.compared(node.subject, branch.condition, branch)
        else:
            t.of(branch.condition)
    results = [b.value for b in node.branches]
    return one_of(t, [*results, node.otherwise] if node.otherwise else results)


def one_of(t: "Typing", expressions: Iterable[Expression]) -> Value:
    """A value that is one of several; a constant takes the unit of the others."""
    found: Value | None = None
    for expression in expressions:
        value = t.of(expression)
        if found is None:
            found = value
            continue
        units_of = {found.meta.unit, value.meta.unit} - {None}
        found = t.common_value(found, value, expression)
        if len(units_of) == 1 and is_constant(expression):
            found = replace(found, meta=replace(found.meta, unit=units_of.pop()))
    assert found is not None
    return found
