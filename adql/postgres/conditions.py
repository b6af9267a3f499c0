"""Conditions: comparisons, BETWEEN, IN, LIKE."""

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from adql.semantics.literals import NUMBER
from adql.sky import constants
from adql.sky.indexing import ANYWHERE
from adql.sql import Sql, joined
from adql.syntax import complaints, tree
from adql.syntax.checks import unwrapped
from adql.syntax.tree import Expression
from adql.translation import Parameter

if TYPE_CHECKING:
    from adql.postgres.expressions import Expressions


def logical(e: "Expressions", node: tree.Logical) -> Sql:
    return ("(", joined(f" {node.operator} ", [e.emit(o) for o in node.operands]), ")")


def comparison(e: "Expressions", node: tree.Comparison) -> Sql:
    for call, other, operator in (
        (node.left, node.right, node.operator),
        (node.right, node.left, node.operator.translate(str.maketrans("<>", "><"))),
    ):
        inner = unwrapped(call)
        if e.is_predicate(inner):
            wanted = constants.number(other)
            if node.operator == "=" and wanted in (0, 1):
                return e.truth(inner, wanted == 1)
            if node.operator == "<>" and wanted in (0, 1):
                return e.truth(inner, wanted == 0)
        if isinstance(inner, tree.Call) and inner.name == "DISTANCE" and operator in ("<", "<="):
            exact: Sql = (e.emit(inner), f" {operator} ", e.number(other))
            return indexed(e.sky.indexes.within(inner, other), exact)
    operator = "<>" if node.operator == "<>" else node.operator
    kind = e.typing.compared(node.left, node.right, node)
    return ("(", e.as_kind(node.left, kind), f" {operator} ", e.as_kind(node.right, kind), ")")


_OPPOSITE = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


def negated(e: "Expressions", node: Expression) -> Sql:
    """NOT, brought down to the comparisons: below it no index would serve, and what is made for an
    index may be FALSE where the exact test is NULL."""
    inner = unwrapped(node)
    if isinstance(inner, tree.Not):
        return e.emit(inner.operand)
    if isinstance(inner, tree.Logical):
        operator = "OR" if inner.operator == "AND" else "AND"
        return ("(", joined(f" {operator} ", [negated(e, o) for o in inner.operands]), ")")
    if isinstance(inner, tree.Comparison):
        return comparison(e, replace(inner, operator=_OPPOSITE[inner.operator]))
    if isinstance(inner, tree.Between):
        return between(e, replace(inner, negated=not inner.negated))
    return ("(NOT ", e.emit(node), ")")


def indexed(index: Sql, exact: Sql) -> Sql:
    """A condition beside what an index can use of it."""
    return ("(", exact, ")") if index == ANYWHERE else ("(", index, " AND (", exact, "))")


def between(e: "Expressions", node: tree.Between) -> Sql:
    low = e.typing.compared(node.value, node.low, node)
    high = e.typing.compared(node.value, node.high, node)
    kind = low if low != "null" else high
    if len({low, high} - {"null"}) == 2:
        message = "BETWEEN compares a value with a number and with a text"
        raise complaints.about(e.text, node, message)
    value = e.as_kind(node.value, kind)
    word = " NOT BETWEEN " if node.negated else " BETWEEN "
    exact: Sql = (value, word, e.as_kind(node.low, low), " AND ", e.as_kind(node.high, high))
    inner = unwrapped(node.value)
    if isinstance(inner, tree.Call) and inner.name == "DISTANCE" and not node.negated:
        return indexed(e.sky.indexes.within(inner, node.high), exact)
    return ("(", exact, ")")


def in_list(e: "Expressions", node: tree.InList) -> Sql:
    kinds = {e.typing.compared(node.value, item, item) for item in node.items} - {"null"}
    if len(kinds) > 1:
        raise complaints.about(e.text, node, "the list of IN has values of several kinds")
    kind = kinds.pop() if kinds else "null"
    items = joined(", ", [e.as_kind(item, kind) for item in node.items])
    word = " NOT IN (" if node.negated else " IN ("
    return ("(", e.as_kind(node.value, kind), word, items, "))")


def in_literals(e: "Expressions", node: tree.InLiterals) -> Sql:
    value = e.typing.of(node.value)
    kind = value.kind if value.kind != "null" else "text" if node.kind == "strings" else "number"
    if isinstance(unwrapped(node.value), tree.String) and node.kind == "numbers":
        kind = "number"
    operand = e.as_kind(node.value, kind)
    word = " <> ALL (" if node.negated else " = ANY ("
    if kind == "text":
        return ("(", operand, word, Parameter(node.texts, "text[]"), "))")
    if kind == "timestamp":
        items = joined(", ", [e.timestamp_text(t, node) for t in node.texts])
        return ("(", operand, word, "ARRAY[", items, "]))")
    return ("(", operand, word, _number_array(e, node, value.is_integer), "))")


def _number_array(e: "Expressions", node: tree.InLiterals, integers: bool) -> Parameter:
    for text, is_string in zip(node.texts, node.are_strings, strict=True):
        if is_string and not NUMBER.match(text):
            message = f"a number is compared with the text '{text[:40]}'"
            raise complaints.about(e.text, node, message)
    if integers and max(map(len, node.texts)) <= 20:
        with suppress(ValueError):  # not all are whole: compared as double precision
            whole = tuple(map(int, node.texts))
            largest = max(map(abs, whole))
            if largest < 2**63:
                return Parameter(whole, "integer[]" if largest < 2**31 else "bigint[]")
    return Parameter(tuple(map(float, node.texts)), "double precision[]")


def in_query(e: "Expressions", node: tree.InQuery) -> Sql:
    word = " NOT IN (" if node.negated else " IN ("
    value, (output,) = e.typing.of(node.value), e.typing.of_outputs(node.query)
    operand = e.as_kind(node.value, output.kind)
    wanted = (value,) if output.kind == "null" else ()
    return ("(", operand, word, e.subquery(node.query, values=wanted), "))")


def like(e: "Expressions", node: tree.Like) -> Sql:
    word = ("NOT " if node.negated else "") + ("ILIKE" if node.ignore_case else "LIKE")
    # ADQL has no escape character; PostgreSQL's default is the backslash.
    return ("(", e.as_text(node.value), f" {word} ", e.as_text(node.pattern), " ESCAPE '')")


def is_null(e: "Expressions", node: tree.IsNull) -> Sql:
    return ("(", e.emit(node.value), " IS NOT NULL)" if node.negated else " IS NULL)")
