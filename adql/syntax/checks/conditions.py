"""What the grammar leaves open in operators and conditions: where a value or a condition stands."""

from adql.syntax import tree
from adql.syntax.checks.checker import Checker


def arithmetic(c: Checker, node: tree.Arithmetic) -> None:
    for operand in (node.first, *node.rest):
        c.expects(operand, "number", node.operators[0])


def concatenation(c: Checker, node: tree.Concatenation) -> None:
    for operand in node.operands:
        c.expects(operand, "text", "||")


def logical(c: Checker, node: tree.Logical) -> None:
    for operand in node.operands:
        c.condition(operand)


def comparison(c: Checker, node: tree.Comparison) -> None:
    c.value(node.left)
    c.value(node.right)


def between(c: Checker, node: tree.Between) -> None:
    for operand in (node.value, node.low, node.high):
        c.value(operand)


def membership(c: Checker, node: tree.InList | tree.InLiterals | tree.InQuery) -> None:
    c.value(node.value)
    if isinstance(node, tree.InList):
        for item in node.items:
            c.value(item)


def like(c: Checker, node: tree.Like) -> None:
    if node.ignore_case:
        c.needs_2_1(node, "ILIKE")
    c.expects(node.value, "text", "LIKE")
    c.expects(node.pattern, "text", "LIKE")


def case(c: Checker, node: tree.Case) -> None:
    c.extension(node, "CASE")
    for branch in node.branches:
        (c.condition if node.subject is None else c.value)(branch.condition)
        c.value(branch.value)
    if node.otherwise is not None:
        c.value(node.otherwise)


def is_null(c: Checker, node: tree.IsNull) -> None:
    c.value(node.value)
    if not isinstance(node.value, tree.ColumnReference):
        c.extension(node, "IS NULL of anything but a column")
