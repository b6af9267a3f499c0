"""What the grammar leaves open: conditions and values in their places, arguments, versions, depth.

The grammar of the standard tells numbers, texts, geometries and conditions apart by rule; here it
is one pass over the tree, so that the message can say what was meant.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

from adql.functions.user_functions import USER_FUNCTIONS
from adql.syntax import complaints, tree
from adql.syntax.signatures import SIGNATURES, Kind, Signature
from adql.syntax.tree import Expression, Node
from adql.syntax.words import Version

MAX_DEPTH = 150
"""Levels of nesting of a tree; each costs the translator two stack frames."""
MAX_JOINS = 64
MAX_SET_OPERANDS = 500

_KIND_OF_TYPE: dict[str, Kind] = {
    "SMALLINT": "number",
    "INTEGER": "number",
    "BIGINT": "number",
    "REAL": "number",
    "DOUBLE PRECISION": "number",
    "POINT": "geometry",
    "CIRCLE": "geometry",
    "POLYGON": "geometry",
}
_CAST_TYPES = {*_KIND_OF_TYPE, "CHAR", "VARCHAR", "TIMESTAMP"}
_ONLY_2_1 = frozenset({"IN_UNIT", "COALESCE", "COT"})
_KINDS = {"number": "a number", "text": "a text", "geometry": "a geometry"}
_INTEGER = re.compile(r"[0-9]+\Z")


def unwrapped(expression: Expression) -> Expression:
    """The expression within parentheses."""
    while isinstance(expression, tree.Parens):
        expression = expression.operand
    return expression


def is_condition(expression: Expression) -> bool:
    """Whether it is true or false, rather than a value."""
    return isinstance(unwrapped(expression), tree.CONDITIONS)


def kind(expression: Expression) -> Kind:
    """The kind that the form of an expression fixes; literals, columns, parentheses fix none."""
    if isinstance(expression, tree.Arithmetic | tree.Signed):
        return "number"
    if isinstance(expression, tree.Concatenation):
        return "text"
    if isinstance(expression, tree.Call) and expression.name in SIGNATURES:
        return SIGNATURES[expression.name].result
    if isinstance(expression, tree.Cast):
        return _KIND_OF_TYPE.get(expression.target.name, "any")
    return "any"


def _is_literal(expression: Expression) -> bool:
    return isinstance(expression, tree.Number | tree.String | tree.Null)


class Checker:
    """One pass over one tree."""

    def __init__(self, text: str, version: Version) -> None:
        self.text = text
        self.version = version
        self.joins = 0

    def fail(self, node: Node, message: str, suggestion: str | None = None) -> None:
        raise complaints.about(self.text, node, message, suggestion)

    def value(self, expression: Expression) -> None:
        if is_condition(expression):
            self.fail(expression, "a condition stands where a value is needed")

    def condition(self, expression: Expression) -> None:
        inner = unwrapped(expression)
        if is_condition(inner) or (isinstance(inner, tree.Boolean) and self.version == "ADQL"):
            return
        if isinstance(inner, tree.Call) and inner.name in ("CONTAINS", "INTERSECTS"):
            self.fail(inner, f"{inner.name} gives 1 or 0: write 1 = {inner.name}(...)")
        self.fail(inner, "a value stands where a condition is needed: compare it with something")

    def expects(self, expression: Expression, wanted: Kind, where: str) -> None:
        self.value(expression)
        if wanted == "point" and _is_literal(expression):
            self.fail(expression, f"{where} takes a point here, not a literal")
        wanted = "geometry" if wanted == "point" else wanted
        found = kind(expression)
        if "any" not in (found, wanted) and found != wanted:
            self.fail(expression, f"{where} takes {_KINDS[wanted]}, not {_KINDS[found]}")

    def needs_2_1(self, node: Node, what: str) -> None:
        if self.version == "2.0":
            self.fail(node, f"{what} is not in ADQL 2.0: ask for LANG=ADQL-2.1")

    def extension(self, node: Node, what: str) -> None:
        if self.version != "ADQL":
            self.fail(node, f"{what} is not in ADQL {self.version}: ask for LANG=ADQL")


def _select(c: Checker, node: tree.Select) -> None:
    for item in node.items:
        if isinstance(item, tree.SelectItem):
            c.value(item.expression)
        elif not item.qualifier and len(node.items) > 1 and c.version == "2.0":
            c.fail(item, "in ADQL 2.0 nothing stands beside *: name the columns")
    if node.where is not None:
        c.condition(node.where)
    if node.having is not None:
        c.condition(node.having)
    for term in node.group_by:
        c.value(term)
        if c.version == "2.0" and not isinstance(unwrapped(term), tree.ColumnReference):
            c.fail(term, "ADQL 2.0 groups by columns only: ask for LANG=ADQL-2.1")


def _query(c: Checker, node: tree.Query) -> None:
    if node.with_tables:
        c.needs_2_1(node.with_tables[0], "WITH")
    for term in node.order_by:
        c.value(term.expression)
        plain = isinstance(term.expression, tree.ColumnReference | tree.Number)
        if c.version == "2.0" and not plain:
            c.fail(term, "ADQL 2.0 sorts by columns and ordinals only: ask for LANG=ADQL-2.1")


def _set_operation(c: Checker, node: tree.SetOperation) -> None:
    c.needs_2_1(node, node.operators[0])
    if len(node.rest) >= MAX_SET_OPERANDS:
        c.fail(node, f"more than {MAX_SET_OPERANDS} queries are combined")


def _join(c: Checker, node: tree.Join) -> None:
    c.joins += 1
    if c.joins > MAX_JOINS:
        c.fail(node, f"more than {MAX_JOINS} joins")
    if node.kind == "CROSS":
        c.extension(node, "CROSS JOIN")
    if node.on is not None:
        c.condition(node.on)


def _arithmetic(c: Checker, node: tree.Arithmetic) -> None:
    for operand in (node.first, *node.rest):
        c.expects(operand, "number", node.operators[0])


def _concatenation(c: Checker, node: tree.Concatenation) -> None:
    for operand in node.operands:
        c.expects(operand, "text", "||")


def _logical(c: Checker, node: tree.Logical) -> None:
    for operand in node.operands:
        c.condition(operand)


def _comparison(c: Checker, node: tree.Comparison) -> None:
    c.value(node.left)
    c.value(node.right)


def _between(c: Checker, node: tree.Between) -> None:
    for operand in (node.value, node.low, node.high):
        c.value(operand)


def _in(c: Checker, node: tree.InList | tree.InLiterals | tree.InQuery) -> None:
    c.value(node.value)
    if isinstance(node, tree.InList):
        for item in node.items:
            c.value(item)


def _like(c: Checker, node: tree.Like) -> None:
    if node.ignore_case:
        c.needs_2_1(node, "ILIKE")
    c.expects(node.value, "text", "LIKE")
    c.expects(node.pattern, "text", "LIKE")


def _aggregate(c: Checker, node: tree.Aggregate) -> None:
    if node.argument is None:
        if node.name != "COUNT":
            c.fail(node, f"{node.name}(*): only COUNT takes *")
        return
    c.value(node.argument)
    if isinstance(unwrapped(node.argument), tree.Aggregate):
        c.fail(node.argument, "an aggregate within an aggregate: use a subquery")


def _cast(c: Checker, node: tree.Cast) -> None:
    c.needs_2_1(node, "CAST")
    c.value(node.operand)
    if node.target.name not in _CAST_TYPES:
        c.fail(
            node.target, f"no type {node.target.name}: CAST knows {', '.join(sorted(_CAST_TYPES))}"
        )
    if node.target.length is not None and not (
        node.target.name in ("CHAR", "VARCHAR") and 0 < node.target.length <= 10_000_000
    ):
        c.fail(node.target, "only CHAR and VARCHAR have a length, from 1 to 10000000")


def _forms(signature: Signature, count: int) -> list[tuple[Kind, ...]]:
    """The forms that take `count` arguments."""
    if not signature.repeats:
        return [form for form in signature.forms if len(form) == count]
    result = []
    for form in signature.forms:
        step = 2 if form[:2] == ("number", "number") else 1
        if count >= len(form) and (count - len(form)) % step == 0:
            result.append((form[0],) * count)
    return result


def without_frame(node: tree.Call) -> tuple[Expression, ...]:
    """The arguments without the deprecated coordinate-system one (ADQL 2.1 §4.2.4)."""
    arguments = node.arguments
    if SIGNATURES[node.name].optional_frame and arguments:
        first = unwrapped(arguments[0])
        if isinstance(first, tree.String | tree.Null | tree.Concatenation):
            return arguments[1:]
    return arguments


def _fits(arguments: Sequence[Expression], form: tuple[Kind, ...]) -> bool:
    return all(
        (wanted == "any" or kind(a) in ("any", "geometry" if wanted == "point" else wanted))
        and not (wanted == "point" and _is_literal(a))
        for a, wanted in zip(arguments, form, strict=True)
    )


def _call(c: Checker, node: tree.Call) -> None:
    signature = SIGNATURES[node.name]
    if node.name in _ONLY_2_1:
        c.needs_2_1(node, node.name)
    arguments = without_frame(node)
    if c.version == "2.0" and signature.optional_frame and arguments == node.arguments:
        c.fail(node, f"in ADQL 2.0 {node.name} starts with a coordinate system: write ''")
    forms = _forms(signature, len(arguments))
    if c.version == "2.0" and len(arguments) == 4 and node.name == "DISTANCE":
        forms = []
    if not forms:
        c.fail(node, f"{node.name} does not take {len(node.arguments)} arguments")
    form = next((form for form in forms if _fits(arguments, form)), forms[0])
    for argument, wanted in zip(arguments, form, strict=True):
        c.expects(argument, wanted, node.name)
    _literal_arguments(c, node)


def _literal_arguments(c: Checker, node: tree.Call) -> None:
    if node.name == "IN_UNIT" and not isinstance(node.arguments[1], tree.String):
        c.fail(node.arguments[1], "IN_UNIT takes the unit as a string: 'deg'")
    if (
        node.name == "REGION"
        and c.version != "2.0"
        and not isinstance(node.arguments[0], tree.String)
    ):
        c.fail(node.arguments[0], "REGION takes a string literal")
    if node.name in ("ROUND", "TRUNCATE") and len(node.arguments) == 2:
        digits = node.arguments[1]
        number = digits.operand if isinstance(digits, tree.Signed) else digits
        if not (isinstance(number, tree.Number) and _INTEGER.match(number.text)):
            c.fail(digits, f"{node.name} takes the number of digits as a whole number")


def _user_call(c: Checker, node: tree.UserCall) -> None:
    name = node.name.name
    if "_" not in name and name.lower() not in USER_FUNCTIONS:
        near = complaints.nearest(name, [*SIGNATURES, *USER_FUNCTIONS])
        c.fail(node.name, f"no function '{name}'", near)
    for argument in node.arguments:
        c.value(argument)


def _case(c: Checker, node: tree.Case) -> None:
    c.extension(node, "CASE")
    for branch in node.branches:
        (c.condition if node.subject is None else c.value)(branch.condition)
        c.value(branch.value)
    if node.otherwise is not None:
        c.value(node.otherwise)


def _column(c: Checker, node: tree.ColumnReference) -> None:
    if len(node.parts) > 4:
        c.fail(node, "a column name has at most four parts: catalogue.schema.table.column")


def _table(c: Checker, node: tree.TableName) -> None:
    if len(node.parts) > 3:
        c.fail(node, "a table name has at most three parts: catalogue.schema.table")


_CHECKS: dict[type[Node], Callable[[Checker, Any], None]] = {
    tree.Select: _select,
    tree.Query: _query,
    tree.SetOperation: _set_operation,
    tree.Join: _join,
    tree.Arithmetic: _arithmetic,
    tree.Signed: lambda c, n: c.expects(n.operand, "number", n.sign),
    tree.Concatenation: _concatenation,
    tree.Logical: _logical,
    tree.Not: lambda c, n: c.condition(n.operand),
    tree.Comparison: _comparison,
    tree.Between: _between,
    tree.InList: _in,
    tree.InLiterals: _in,
    tree.InQuery: _in,
    tree.Like: _like,
    tree.IsNull: lambda c, n: c.value(n.value),
    tree.Aggregate: _aggregate,
    tree.Cast: _cast,
    tree.Call: _call,
    tree.UserCall: _user_call,
    tree.Case: _case,
    tree.ColumnReference: _column,
    tree.TableName: _table,
    tree.Boolean: lambda c, n: c.extension(n, "TRUE and FALSE"),
}


def check(query: tree.Query, text: str, version: Version) -> None:
    """Raise ADQLError at the first thing that the grammar takes but the language does not."""
    checker = Checker(text, version)
    for node, depth in tree.walk(query):
        if depth > MAX_DEPTH:
            checker.fail(node, f"the query is nested deeper than {MAX_DEPTH} levels")
        function = _CHECKS.get(type(node))
        if function is not None:
            function(checker, node)
