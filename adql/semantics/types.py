"""Types of expressions, bottom up, with their metadata; what does not fit is refused here."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from adql import values
from adql.semantics import calls, operators
from adql.semantics.literals import number_type, numeric_text
from adql.semantics.mismatches import mismatch
from adql.semantics.scopes import Output, Resolution, SourceColumn, Visible
from adql.semantics.user_calls import user_value
from adql.syntax import complaints, tree
from adql.syntax.checks import unwrapped
from adql.syntax.tree import Expression, Node
from adql.values import BOOLEAN, KIND_NAMES, NULL, Value, of_sql_type


class Typing:
    """The types of one resolved query; each node is typed once."""

    def __init__(self, text: str, resolution: Resolution) -> None:
        self.text = text
        self.resolution = resolution
        self._known: dict[int, Value] = {}
        self._outputs: dict[int, tuple[Value, ...]] = {}

    def forget(self) -> None:
        """Let go of what is known: those who hold this hold each other, until a collection."""
        self._known.clear()
        self._outputs.clear()

    def fail(self, node: Node, message: str, suggestion: str | None = None) -> Exception:
        return complaints.about(self.text, node, message, suggestion)

    def of(self, node: Expression) -> Value:
        """The value of an expression."""
        known = self._known.get(id(node))
        if known is None:
            known = self._known[id(node)] = _RULES[type(node)](self, node)
        return known

    def of_outputs(self, query: tree.Query | tree.Select | tree.SetOperation) -> tuple[Value, ...]:
        """The values of the columns that a query gives."""
        if isinstance(query, tree.Query):
            return self.of_outputs(query.body)
        known = self._outputs.get(id(query))
        if known is None:
            if isinstance(query, tree.SetOperation):
                known = self._combined(query)
            else:
                known = tuple(self.of_output(o) for o in self.resolution.outputs[id(query)])
            self._outputs[id(query)] = known
        return known

    def of_output(self, output: Output) -> Value:
        if output.expression is not None:
            return self.of(output.expression)
        assert output.visible is not None
        return self.of_visible(output.visible)

    def of_visible(self, visible: Visible) -> Value:
        found = self.of_source_column(visible.parts[0])
        for part in visible.parts[1:]:
            found = self.merged(found, self.of_source_column(part))
        return found

    def of_source_column(self, column: SourceColumn) -> Value:
        if column.column is not None:
            return values.of_column(column.column.meta, column.column.sql_type)
        source = column.source
        query = source.query
        if source.common is not None:
            query = source.common.query
        assert query is not None
        return self.of_outputs(query)[column.index]

    def _combined(self, node: tree.SetOperation) -> tuple[Value, ...]:
        known = list(self.of_outputs(node.first))
        for operand in node.rest:
            for index, other in enumerate(self.of_outputs(operand)):
                known[index] = self.common_value(known[index], other, operand)
        return tuple(known)

    def common_value(self, a: Value, b: Value, node: Node) -> Value:
        """The type of a column that is one of two values; the first gives the metadata."""
        if b.kind == "null" or a == b:
            return a
        if a.kind == "null":
            return b
        if a.kind != b.kind or (a.kind == "other" and a.sql_type != b.sql_type):
            message = f"{KIND_NAMES[a.kind]} and {KIND_NAMES[b.kind]} in one column"
            raise self.fail(node, message)
        return self.merged(a, b)

    def merged(self, a: Value, b: Value) -> Value:
        """The value of a column that is one of two of a kind."""
        unit = a.meta.unit if a.meta.unit == b.meta.unit else None
        meta = replace(a.meta, unit=unit)
        if a.kind == "number":
            wide = of_sql_type(values.wider([a.sql_type, b.sql_type]))
            meta = replace(meta, datatype=wide.meta.datatype)
            size = max(a.magnitude, b.magnitude) if wide.is_integer else None
            return Value("number", wide.sql_type, meta, size)
        if a.kind == "geometry" and a.shape != b.shape:
            return values.geometry("region")
        if a.kind == "text":
            unicode = "unicodeChar" in (a.meta.datatype, b.meta.datatype)
            size_of = a.meta.arraysize if a.meta.arraysize == b.meta.arraysize else "*"
            datatype = "unicodeChar" if unicode else a.meta.datatype
            xtype = a.meta.xtype if a.meta.xtype == b.meta.xtype else None
            meta = replace(meta, datatype=datatype, arraysize=size_of, xtype=xtype)
        return Value(a.kind, a.sql_type, meta)

    def comparable(self, a: Value, b: Value) -> bool:
        """Whether two values are of one kind, or NULL."""
        same = a.kind == b.kind and (a.kind != "other" or a.sql_type == b.sql_type)
        return same or "null" in (a.kind, b.kind)

    def alike(self, a: Value, b: Value, node: Node) -> None:
        """Raise unless two values can be compared."""
        if not self.comparable(a, b):
            raise self.fail(node, f"{KIND_NAMES[a.kind]} is compared with {KIND_NAMES[b.kind]}")

    def kind_name(self, node: Expression) -> str:
        """What an expression is, in words."""
        value = self.of(node)
        if value.is_integer:
            return "a whole number"
        return f"a {value.shape}" if value.shape else KIND_NAMES[value.kind]

    # -- what places ask for

    def number(self, node: Expression, where: str) -> Value:
        value = self.of(node)
        if value.kind in ("number", "null"):
            return value
        number = numeric_text(node)
        if number is not None:
            return of_sql_type("double precision")
        hint = ": write || to join texts" if where == "+" and value.kind == "text" else ""
        raise self.fail(node, f"{where} takes a number, not {KIND_NAMES[value.kind]}{hint}")

    def text_value(self, node: Expression, where: str) -> Value:
        value = self.of(node)
        if value.kind not in ("text", "null", "number", "timestamp"):
            raise self.fail(node, f"{where} takes a text, not {KIND_NAMES[value.kind]}")
        return value

    def geometry_value(self, node: Expression, where: str) -> Value:
        value = self.of(node)
        if not (value.is_geometry or value.kind == "null"):
            raise self.fail(node, f"{where} takes a geometry, not {KIND_NAMES[value.kind]}")
        return value

    def compared(self, left: Expression, right: Expression, node: Node) -> str:
        """The kind as which two expressions are compared."""
        a, b = self.of(left), self.of(right)
        if a.kind == "null" or b.kind == "null":
            return a.kind if b.kind == "null" else b.kind
        kinds = {a.kind, b.kind}
        for expression, value in ((left, a), (right, b)):
            if value.kind == "text" and isinstance(unwrapped(expression), tree.String):
                if kinds == {"number", "text"} and numeric_text(expression) is not None:
                    return "number"
                if kinds == {"timestamp", "text"}:
                    return "timestamp"
        if not self.comparable(a, b):
            raise self.fail(node, mismatch(self.text, (left, a), (right, b)))
        return a.kind


def _number(t: Typing, node: tree.Number) -> Value:
    value = of_sql_type(number_type(node.text))
    return replace(value, at_most=int(node.text)) if value.is_integer else value


_RULES: dict[type[Node], Callable[[Typing, Any], Value]] = {
    tree.Number: _number,
    tree.String: lambda t, n: values.text(not n.value.isascii()),
    tree.Null: lambda t, n: NULL,
    tree.Boolean: lambda t, n: BOOLEAN,
    tree.Parens: lambda t, n: t.of(n.operand),
    tree.ColumnReference: operators.column,
    tree.Signed: operators.signed,
    tree.Arithmetic: operators.arithmetic,
    tree.Concatenation: operators.concatenation,
    tree.Logical: operators.logical,
    tree.Not: operators.negation,
    tree.Comparison: operators.comparison,
    tree.Between: operators.between,
    tree.InList: operators.in_list,
    tree.InLiterals: operators.in_literals,
    tree.InQuery: operators.in_query,
    tree.Like: operators.like,
    tree.IsNull: operators.is_null,
    tree.Exists: operators.exists,
    tree.ScalarQuery: operators.scalar_query,
    tree.Aggregate: calls.aggregate,
    tree.Cast: calls.cast,
    tree.Call: calls.call,
    tree.UserCall: user_value,
    tree.Case: operators.case,
}
