"""Expressions as PostgreSQL, from a tree whose names and types are known."""

import math
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeGuard

from adql.functions.declaration import BadArgument
from adql.postgres.scalar_functions import math_function
from adql.semantics import units
from adql.semantics.literals import number_type, numeric_text
from adql.semantics.resolve import Resolution, SourceColumn, Visible
from adql.semantics.types import Typing
from adql.semantics.user_calls import user_form
from adql.sky import constants
from adql.sky.geometry import Sky, double
from adql.sql import Sql, joined
from adql.syntax import complaints, tree
from adql.syntax.checks import unwrapped, without_frame
from adql.syntax.tree import Expression
from adql.translation import Parameter
from adql.values import Value, ValueKind

_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)?Z?\Z")
_NULL_TYPES = {"number": "double precision", "text": "text", "timestamp": "timestamp"}
_PREDICATES = ("CONTAINS", "INTERSECTS")


class Expressions:
    """Writes the expressions of one query; `subquery` writes a query within them."""

    def __init__(
        self,
        text: str,
        typing: Typing,
        resolution: Resolution,
        subquery: Callable[[tree.Query], Sql],
    ) -> None:
        self.text = text
        self.typing = typing
        self.resolution = resolution
        self.subquery = subquery
        self.sky = Sky(text, typing, resolution, self.double, self.emit)

    def emit(self, node: Expression) -> Sql:
        """An expression of any kind."""
        return _EMITTERS[type(node)](self, node)

    def double(self, node: Expression) -> Sql:
        """A number as double precision, which PostgreSQL's mathematics is exact in."""
        value = self.typing.of(node)
        constant = constants.number(node)
        if constant is not None and isinstance(unwrapped(node), tree.Number | tree.Signed):
            return double(constant)
        written = self.number(node)
        if value.sql_type == "double precision" or value.kind == "text":
            return written
        return ("(", written, ")::double precision")

    def number(self, node: Expression) -> Sql:
        """A number: '30' is one where a number is asked for, NULL has its type."""
        kind = self.typing.of(node).kind
        if kind == "null":
            return "NULL::double precision"
        if kind == "text":
            value = numeric_text(node)
            if value is None:
                raise complaints.about(self.text, node, "a number is needed")
            return double(value)
        return self.emit(node)

    def as_text(self, node: Expression) -> Sql:
        """A text; numbers and timestamps are written out."""
        kind = self.typing.of(node).kind
        if kind == "timestamp":
            return ("to_char(", self.emit(node), """, 'YYYY-MM-DD"T"HH24:MI:SS.MS')""")
        return self.emit(node) if kind == "text" else ("(", self.emit(node), ")::text")

    def as_kind(self, node: Expression, kind: str | ValueKind) -> Sql:
        """An operand of a comparison of this kind."""
        if self.typing.of(node).kind == "null" and kind in _NULL_TYPES:
            return f"NULL::{_NULL_TYPES[kind]}"
        if kind == "number" and self.typing.of(node).kind == "text":
            return self.number(node)
        if kind == "timestamp" and self.typing.of(node).kind == "text":
            return self.timestamp(node)
        return self.emit(node)

    def timestamp(self, node: Expression) -> Sql:
        inner = unwrapped(node)
        if not isinstance(inner, tree.String):
            return ("(", self.emit(node), ")::timestamp")
        return self.timestamp_text(inner.value, inner)

    def timestamp_text(self, text: str, node: tree.Node) -> Sql:
        """A literal in DALI's form (DALI 1.1 §3.1.2), checked before the database sees it."""
        try:
            if not _TIMESTAMP.match(text):
                raise ValueError
            datetime.fromisoformat(text.removesuffix("Z"))
        except ValueError:
            message = f"'{text[:40]}' is no timestamp: write YYYY-MM-DDThh:mm:ss"
            raise complaints.about(self.text, node, message) from None
        return (Parameter(text.removesuffix("Z"), "text"), "::timestamp")

    def column(self, column: SourceColumn) -> Sql:
        if column.column is not None:
            return f"{column.source.sql}.{column.column.sql_name}"
        return f"{column.source.sql}.c{column.index + 1}"

    def visible(self, visible: Visible) -> Sql:
        parts = [self.column(part) for part in visible.parts]
        return ("coalesce(", joined(", ", parts), ")") if len(parts) > 1 else parts[0]

    def is_predicate(self, node: Expression) -> TypeGuard[tree.Call | tree.UserCall]:
        """Whether it is a function that gives 1 where a condition is true, else 0."""
        if isinstance(node, tree.UserCall):
            return user_form(self.typing, node).condition
        return isinstance(node, tree.Call) and node.name in _PREDICATES

    def truth(self, call: tree.Call | tree.UserCall, wanted: bool) -> Sql:
        """A predicate compared with 1 or 0: the condition itself, which may have an index."""
        index, exact = (
            ("TRUE", _written(self, call))
            if isinstance(call, tree.UserCall)
            else self.sky.predicate(call)
        )
        if not wanted:
            return ("(NOT (", exact, "))")
        return ("(", exact, ")") if index == "TRUE" else ("(", index, " AND (", exact, "))")


def _number(e: Expressions, node: tree.Number) -> Sql:
    sql_type = number_type(node.text)
    if sql_type != "double precision":
        return Parameter(int(node.text), sql_type)
    value = float(node.text)
    if math.isinf(value):
        raise complaints.about(e.text, node, "the number is too large")
    return double(value)


def _signed(e: Expressions, node: tree.Signed) -> Sql:
    return (f"({node.sign} ", e.number(node.operand), ")")


def _arithmetic(e: Expressions, node: tree.Arithmetic) -> Sql:
    pieces: list[Sql] = ["(", e.number(node.first)]
    for operator, operand in zip(node.operators, node.rest, strict=True):
        pieces += (f" {operator} ", e.number(operand))
    return (*pieces, ")")


def _concatenation(e: Expressions, node: tree.Concatenation) -> Sql:
    return ("(", joined(" || ", [e.as_text(o) for o in node.operands]), ")")


def _logical(e: Expressions, node: tree.Logical) -> Sql:
    return ("(", joined(f" {node.operator} ", [e.emit(o) for o in node.operands]), ")")


def _comparison(e: Expressions, node: tree.Comparison) -> Sql:
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
            index = e.sky.distance_filter(inner, other)
            exact: Sql = (e.emit(inner), f" {operator} ", e.number(other))
            return ("(", exact, ")") if index == "TRUE" else ("(", index, " AND ", exact, ")")
    operator = "<>" if node.operator == "<>" else node.operator
    kind = e.typing.compared(node.left, node.right, node)
    return ("(", e.as_kind(node.left, kind), f" {operator} ", e.as_kind(node.right, kind), ")")


def _between(e: Expressions, node: tree.Between) -> Sql:
    low = e.typing.compared(node.value, node.low, node)
    high = e.typing.compared(node.value, node.high, node)
    kind = low if low != "null" else high
    value = e.as_kind(node.value, kind)
    word = " NOT BETWEEN " if node.negated else " BETWEEN "
    return ("(", value, word, e.as_kind(node.low, low), " AND ", e.as_kind(node.high, high), ")")


def _in_list(e: Expressions, node: tree.InList) -> Sql:
    kinds = {e.typing.compared(node.value, item, item) for item in node.items} - {"null"}
    kind = kinds.pop() if len(kinds) == 1 else "null"
    items = joined(", ", [e.as_kind(item, kind) for item in node.items])
    word = " NOT IN (" if node.negated else " IN ("
    return ("(", e.as_kind(node.value, kind), word, items, "))")


def _in_literals(e: Expressions, node: tree.InLiterals) -> Sql:
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


def _number_array(e: Expressions, node: tree.InLiterals, integers: bool) -> Parameter:
    try:
        if integers and max(map(len, node.texts)) < 19:
            with suppress(ValueError):  # not all are whole: compared as double precision
                whole = tuple(map(int, node.texts))
                small = max(map(abs, whole)) < 2**31
                return Parameter(whole, "integer[]" if small else "bigint[]")
        return Parameter(tuple(map(float, node.texts)), "double precision[]")
    except ValueError:
        bad = next(t for t, s in zip(node.texts, node.are_strings, strict=True) if s)
        message = f"a number is compared with the text '{bad[:40]}'"
        raise complaints.about(e.text, node, message) from None


def _in_query(e: Expressions, node: tree.InQuery) -> Sql:
    word = " NOT IN (" if node.negated else " IN ("
    return ("(", e.emit(node.value), word, e.subquery(node.query), "))")


def _like(e: Expressions, node: tree.Like) -> Sql:
    word = ("NOT " if node.negated else "") + ("ILIKE" if node.ignore_case else "LIKE")
    # ADQL has no escape character; PostgreSQL's default is the backslash.
    return ("(", e.as_text(node.value), f" {word} ", e.as_text(node.pattern), " ESCAPE '')")


def _is_null(e: Expressions, node: tree.IsNull) -> Sql:
    return ("(", e.emit(node.value), " IS NOT NULL)" if node.negated else " IS NULL)")


def _aggregate(e: Expressions, node: tree.Aggregate) -> Sql:
    if node.argument is None:
        return "count(*)"
    distinct = "DISTINCT " if node.quantifier == "DISTINCT" else ""
    result = e.typing.of(node)
    if node.name == "COUNT":
        return (f"count({distinct}", e.emit(node.argument), ")")
    if node.name in ("MIN", "MAX"):
        return (f"{node.name.lower()}({distinct}", e.emit(node.argument), ")")
    if result.sql_type == "bigint":
        return (f"sum({distinct}", e.emit(node.argument), ")::bigint")
    return (f"{node.name.lower()}({distinct}", e.double(node.argument), ")")


def _cast(e: Expressions, node: tree.Cast) -> Sql:
    target = node.target
    if target.name in ("POINT", "CIRCLE", "POLYGON"):
        if e.sky.constant.shape(node) is not None:
            return e.sky.geometry(node)
        return (f"starhaul.region('{target.name} ' || ", e.emit(node.operand), ")")
    if target.name == "TIMESTAMP":
        return e.timestamp(node.operand)
    if target.name in ("CHAR", "VARCHAR"):
        length = f"({target.length})" if target.length else ""
        return ("(", e.as_text(node.operand), f")::varchar{length}::text")
    operand = node.operand
    text = unwrapped(operand)
    if isinstance(text, tree.String) and numeric_text(operand) is None:
        raise complaints.about(e.text, operand, f"'{text.value[:40]}' is no number")
    return ("(", e.emit(operand), f")::{target.name.lower()}")


def _call(e: Expressions, node: tree.Call) -> Sql:
    name, arguments = node.name, without_frame(node)
    if name in _PREDICATES:
        _, exact = e.sky.predicate(node)
        return ("(", exact, ")::integer")
    if name == "DISTANCE":
        return e.sky.distance(node)
    if name in ("POINT", "CIRCLE", "POLYGON", "BOX", "CENTROID", "REGION"):
        return e.sky.geometry(node)
    if name in ("COORD1", "COORD2"):
        return ("(", e.sky.geometry(arguments[0]), f")[{name[-1]}]")
    if name == "AREA":
        return ("starhaul.area(", e.sky.geometry(arguments[0]), ")")
    if name == "COORDSYS":
        return ("(CASE WHEN ", e.sky.geometry(arguments[0]), " IS NOT NULL THEN 'ICRS'::text END)")
    if name == "COALESCE":
        kind = e.typing.of(node).kind
        return ("coalesce(", joined(", ", [e.as_kind(a, kind) for a in arguments]), ")")
    if name in ("LOWER", "UPPER"):
        return (f"{name.lower()}(", e.as_text(arguments[0]), ")")
    if name == "IN_UNIT":
        return _in_unit(e, node)
    if name in ("ABS", "MOD"):
        return _exact(e, node)
    if name in ("ROUND", "TRUNCATE") and len(arguments) == 2:
        digits = constants.number(arguments[1])
        if digits is None or abs(digits) > 1000:
            raise complaints.about(e.text, arguments[1], f"{name} takes at most 1000 digits")
        return math_function(name, [e.double(arguments[0]), Parameter(int(digits), "integer")])
    return math_function(name, [e.double(a) for a in arguments])


def _exact(e: Expressions, node: tree.Call) -> Sql:
    """ABS and MOD: of integers, integers, so that no digit of a long identifier is lost."""
    if e.typing.of(node).is_integer:
        return (f"{node.name.lower()}(", joined(", ", [e.number(a) for a in node.arguments]), ")")
    function = "abs(" if node.name == "ABS" else "starhaul.remainder("
    return (function, joined(", ", [e.double(a) for a in node.arguments]), ")")


def _in_unit(e: Expressions, node: tree.Call) -> Sql:
    value, unit = node.arguments
    assert isinstance(unit, tree.String)
    try:
        factor = units.factor(e.typing.of(value).meta.unit, unit.value)
    except units.UnitError as error:
        raise complaints.about(e.text, node, f"IN_UNIT: {error}") from None
    return ("(", e.double(value), " * ", double(factor), ")")


def _user_call(e: Expressions, node: tree.UserCall) -> Sql:
    if user_form(e.typing, node).condition:
        return ("(", _written(e, node), ")::integer")
    return _written(e, node)


def _written(e: Expressions, node: tree.UserCall) -> Sql:
    """A call as its declaration writes it: a value or, of a predicate, the condition."""
    form = user_form(e.typing, node)
    arguments = [
        _argument(e, wanted, argument)
        for wanted, argument in zip(form.takes, node.arguments, strict=True)
    ]
    try:
        return form.sql(arguments)
    except BadArgument as error:
        place = node.arguments[error.index]
        message = f"{form.name}: {error.message}"
        raise complaints.about(e.text, place, message, error.suggestion) from None


def _argument(e: Expressions, wanted: Value, argument: Expression) -> Sql:
    if e.typing.of(argument).kind == "null":
        return f"NULL::{wanted.sql_type}"
    if wanted.kind == "geometry":
        return e.sky.geometry(argument)
    if wanted.sql_type == "double precision":
        return e.double(argument)
    if wanted.kind == "number":
        return ("(", e.number(argument), f")::{wanted.sql_type}")
    return e.as_kind(unwrapped(argument), wanted.kind)


def _case(e: Expressions, node: tree.Case) -> Sql:
    pieces: list[Sql] = ["(CASE"]
    kind = e.typing.of(node).kind
    for branch in node.branches:
        condition: Sql = e.emit(branch.condition)
        if node.subject is not None:
            as_kind = e.typing.compared(node.subject, branch.condition, branch)
            sides = (e.as_kind(node.subject, as_kind), e.as_kind(branch.condition, as_kind))
            condition = (sides[0], " = ", sides[1])
        pieces += (" WHEN ", condition, " THEN ", e.as_kind(branch.value, kind))
    if node.otherwise is not None:
        pieces += (" ELSE ", e.as_kind(node.otherwise, kind))
    return (*pieces, " END)")


_EMITTERS: dict[type[tree.Node], Callable[[Expressions, Any], Sql]] = {
    tree.Number: _number,
    tree.String: lambda e, n: Parameter(n.value, "text"),
    tree.Null: lambda e, n: "NULL",
    tree.Boolean: lambda e, n: "TRUE" if n.value else "FALSE",
    tree.ColumnReference: lambda e, n: e.visible(e.resolution.columns[id(n)]),
    tree.Parens: lambda e, n: e.emit(n.operand),
    tree.Signed: _signed,
    tree.Arithmetic: _arithmetic,
    tree.Concatenation: _concatenation,
    tree.Logical: _logical,
    tree.Not: lambda e, n: ("(NOT ", e.emit(n.operand), ")"),
    tree.Comparison: _comparison,
    tree.Between: _between,
    tree.InList: _in_list,
    tree.InLiterals: _in_literals,
    tree.InQuery: _in_query,
    tree.Like: _like,
    tree.IsNull: _is_null,
    tree.Exists: lambda e, n: ("EXISTS (", e.subquery(n.query), ")"),
    tree.ScalarQuery: lambda e, n: ("(", e.subquery(n.query), ")"),
    tree.Aggregate: _aggregate,
    tree.Cast: _cast,
    tree.Call: _call,
    tree.UserCall: _user_call,
    tree.Case: _case,
}
