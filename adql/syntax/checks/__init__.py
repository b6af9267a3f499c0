"""What the grammar leaves open, checked on the tree: places, arguments, versions, depth."""

from collections.abc import Callable
from typing import Any

from adql.syntax import tree
from adql.syntax.checks import conditions, functions, queries
from adql.syntax.checks.checker import Checker, is_condition, unwrapped
from adql.syntax.checks.functions import without_frame
from adql.syntax.tree import Node
from adql.syntax.words import Version

__all__ = ["MAX_DEPTH", "MAX_TERMS", "check", "is_condition", "unwrapped", "without_frame"]

MAX_DEPTH = 100
"""Levels of nesting of a tree; each costs the translator up to six of Python's 1,000 frames."""
MAX_TERMS = 3_000
"""Operands joined by + - * / or || within each other; each costs PostgreSQL a stack frame."""


_CHECKS: dict[type[Node], Callable[[Checker, Any], None]] = {
    tree.Select: queries.select,
    tree.Query: queries.query,
    tree.SetOperation: queries.set_operation,
    tree.Join: queries.join,
    tree.Arithmetic: conditions.arithmetic,
    tree.Signed: lambda c, n: c.expects(n.operand, "number", n.sign),
    tree.Concatenation: conditions.concatenation,
    tree.Logical: conditions.logical,
    tree.Not: lambda c, n: c.condition(n.operand),
    tree.Comparison: conditions.comparison,
    tree.Between: conditions.between,
    tree.InList: conditions.membership,
    tree.InLiterals: conditions.membership,
    tree.InQuery: conditions.membership,
    tree.Like: conditions.like,
    tree.IsNull: conditions.is_null,
    tree.Aggregate: functions.aggregate,
    tree.Cast: functions.cast,
    tree.Call: functions.call,
    tree.UserCall: functions.user_call,
    tree.Case: conditions.case,
    tree.ColumnReference: queries.column,
    tree.TableName: queries.table,
    tree.Boolean: lambda c, n: c.extension(n, "TRUE and FALSE"),
}


def check(query: tree.Query, text: str, version: Version) -> None:
    """Raise ADQLError at the first thing that the grammar takes but the language does not."""
    checker = Checker(text, version)
    pending: list[tuple[Node, int, int]] = [(query, 1, 0)]
    while pending:
        node, depth, terms = pending.pop()
        if depth > MAX_DEPTH:
            checker.fail(node, f"the query is nested deeper than {MAX_DEPTH} levels")
        if isinstance(node, tree.Arithmetic):
            terms += len(node.rest)
        elif isinstance(node, tree.Concatenation):
            terms += len(node.operands)
        if terms > MAX_TERMS:
            checker.fail(node, f"an expression of more than {MAX_TERMS} terms")
        function = _CHECKS.get(type(node))
        if function is not None:
            function(checker, node)
        below = [(child, depth + 1, terms) for child in tree.children(node)]
        pending.extend(reversed(below))
