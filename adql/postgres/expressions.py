"""Expressions as PostgreSQL, from a tree whose names and types are known."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol, TypeGuard

from adql.postgres import arithmetic, calls, conditions
from adql.postgres.bounds import cast_number
from adql.semantics.literals import numeric_text
from adql.semantics.scopes import Resolution, SourceColumn, Visible
from adql.semantics.types import Typing
from adql.semantics.user_calls import user_form
from adql.sky import constants
from adql.sky.geometry import Sky
from adql.sky.indexing import ANYWHERE
from adql.sql import Sql, double, joined
from adql.syntax import complaints, tree
from adql.syntax.checks import unwrapped
from adql.syntax.tree import Expression
from adql.translation import Parameter
from adql.values import Value, ValueKind

_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)?Z?\Z", re.A)
_NULL_TYPES = {
    "number": "double precision",
    "text": "text",
    "timestamp": "timestamp",
    "boolean": "boolean",
    "geometry": "double precision[]",
}
_PREDICATES = ("CONTAINS", "INTERSECTS")


class WriteQuery(Protocol):
    """Writes a query; `values` are what its columns are to be where they are to be alike."""

    def __call__(self, query: tree.Query, *, values: tuple[Value, ...] = ()) -> Sql: ...


class Expressions:
    """Writes the expressions of one query; `subquery` writes a query within them."""

    def __init__(
        self,
        text: str,
        typing: Typing,
        resolution: Resolution,
        subquery: WriteQuery,
    ) -> None:
        self.text = text
        self.typing = typing
        self.resolution = resolution
        self.subquery = subquery
        self.sky = Sky(text, typing, resolution, self.double, self.emit)
        self._written: dict[int, tuple[Expression, Sql]] = {}

    def emit(self, node: Expression) -> Sql:
        """An expression of any kind; written once, or what asks twice doubles at every level."""
        known = self._written.get(id(node))
        if known is None:
            known = self._written[id(node)] = node, _EMITTERS[type(node)](self, node)
        return known[1]

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
            return self.null(node, "double precision")
        if kind == "text":
            value = numeric_text(node)
            if value is None:
                raise complaints.about(self.text, node, "a number is needed")
            return double(value)
        return self.emit(node)

    def null(self, node: Expression, sql_type: str) -> Sql:
        """What is always NULL as a type: written out where it may be an aggregate."""
        if isinstance(unwrapped(node), tree.Null):
            return f"NULL::{sql_type}"
        return ("(", self.emit(node), f")::{sql_type}")

    def as_text(self, node: Expression) -> Sql:
        """A text; numbers and timestamps are written out."""
        kind = self.typing.of(node).kind
        if kind == "timestamp":
            return ("to_char(", self.emit(node), """, 'YYYY-MM-DD"T"HH24:MI:SS.MS')""")
        return self.emit(node) if kind == "text" else ("(", self.emit(node), ")::text")

    def as_kind(self, node: Expression, kind: str | ValueKind) -> Sql:
        """An operand of a comparison of this kind."""
        if self.typing.of(node).kind == "null":
            return self.null(node, _NULL_TYPES[kind]) if kind in _NULL_TYPES else "NULL"
        if kind == "number" and self.typing.of(node).kind == "text":
            return self.number(node)
        if kind == "timestamp" and self.typing.of(node).kind == "text":
            return self.timestamp(node)
        return self.emit(node)

    def as_value(self, node: Expression, value: Value) -> Sql:
        """One of several expressions that make up a value: of its type, whatever its own."""
        own = self.typing.of(node)
        if own.kind == "null" and value.kind != "null":
            return self.null(node, value.sql_type)
        written = self.sky.geometry(node) if own.kind == "geometry" else self.emit(node)
        return cast_number(written, own, value.sql_type) if own.kind == "number" else written

    def timestamp(self, node: Expression) -> Sql:
        inner = unwrapped(node)
        if isinstance(inner, tree.String):
            return self.timestamp_text(inner.value, inner)
        kind = self.typing.of(node).kind
        if kind == "text":
            return ("starhaul.to_timestamp(", self.emit(node), ")")
        return self.null(node, "timestamp") if kind == "null" else self.emit(node)

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
        if len(visible.parts) == 1:
            return self.column(visible.parts[0])
        value = self.typing.of_visible(visible)
        parts: list[Sql] = []
        for part in visible.parts:
            own = self.typing.of_source_column(part)
            written: Sql = self.column(part)
            parts.append(
                cast_number(written, own, value.sql_type) if own.kind == "number" else written
            )
        return ("coalesce(", joined(", ", parts), ")")

    def is_predicate(self, node: Expression) -> TypeGuard[tree.Call | tree.UserCall]:
        """Whether it is a function that gives 1 where a condition is true, else 0."""
        if isinstance(node, tree.UserCall):
            return user_form(self.typing, node).condition
        return isinstance(node, tree.Call) and node.name in _PREDICATES

    def truth(self, call: tree.Call | tree.UserCall, wanted: bool) -> Sql:
        """A predicate compared with 1 or 0: the condition itself, which may have an index."""
        index, exact = (
            (ANYWHERE, calls.predicate(self, call))
            if isinstance(call, tree.UserCall)
            else self.sky.predicate(call)
        )
        if not wanted:
            return ("(NOT (", exact, "))")
        return conditions.indexed(index, exact)


def _concatenation(e: Expressions, node: tree.Concatenation) -> Sql:
    return ("(", joined(" || ", [e.as_text(o) for o in node.operands]), ")")


_EMITTERS: dict[type[tree.Node], Callable[[Expressions, Any], Sql]] = {
    tree.Number: arithmetic.number,
    tree.String: lambda e, n: Parameter(n.value, "text"),
    tree.Null: lambda e, n: "NULL",
    # A bare TRUE would be no expression to ORDER BY and GROUP BY.
    tree.Boolean: lambda e, n: "TRUE::boolean" if n.value else "FALSE::boolean",
    tree.ColumnReference: lambda e, n: e.visible(e.resolution.columns[id(n)]),
    tree.Parens: lambda e, n: e.emit(n.operand),
    tree.Signed: arithmetic.signed,
    tree.Arithmetic: arithmetic.arithmetic,
    tree.Concatenation: _concatenation,
    tree.Logical: conditions.logical,
    tree.Not: lambda e, n: conditions.negated(e, n.operand),
    tree.Comparison: conditions.comparison,
    tree.Between: conditions.between,
    tree.InList: conditions.in_list,
    tree.InLiterals: conditions.in_literals,
    tree.InQuery: conditions.in_query,
    tree.Like: conditions.like,
    tree.IsNull: conditions.is_null,
    tree.Exists: lambda e, n: ("EXISTS (", e.subquery(n.query), ")"),
    tree.ScalarQuery: lambda e, n: ("(", e.subquery(n.query), ")"),
    tree.Aggregate: calls.aggregate,
    tree.Cast: calls.cast,
    tree.Call: calls.call,
    tree.UserCall: calls.user_call,
    tree.Case: calls.case,
}
