"""GROUP BY: what may stand beside aggregates, and when two expressions are the same."""

from collections.abc import Hashable
from dataclasses import fields
from typing import TypeGuard

from adql.functions.user_functions import USER_FUNCTIONS
from adql.semantics.scopes import (
    Output,
    Resolution,
    Visible,
    columns_within,
    sources_within,
)
from adql.syntax import complaints, tree
from adql.syntax.tree import Expression, Node, Select


def _is_aggregate(node: Node) -> TypeGuard[tree.Aggregate | tree.UserCall]:
    if isinstance(node, tree.UserCall):
        forms = USER_FUNCTIONS.get(node.name.name.lower(), ())
        return any(f.aggregate for f in forms)
    return isinstance(node, tree.Aggregate)


def aggregate_in(root: Expression) -> Expression | None:
    """An aggregate of this query level within an expression."""
    pending: list[Node] = [root]
    while pending:
        node = pending.pop()
        if _is_aggregate(node):
            return node
        if not isinstance(node, tree.Query):
            pending.extend(tree.children(node))
    return None


class Grouping:
    """The grouping of one SELECT."""

    def __init__(self, text: str, resolution: Resolution, select: Select) -> None:
        self.text = text
        self.resolution = resolution
        self.select = select
        self.sources = sources_within(resolution, select.tables)
        self.keys = {self.key(self.term(t)) for t in select.group_by}

    def term(self, expression: Expression) -> Expression | Visible:
        """What a term of GROUP BY or ORDER BY stands for: itself, or an output it names."""
        index = self.resolution.aliases.get(id(expression))
        if index is None and isinstance(expression, tree.Number):
            index = int(expression.text) - 1
        if index is None:
            return expression
        output = self.resolution.outputs[id(self.select)][index]
        if output.expression is not None:
            return output.expression
        assert output.visible is not None
        return output.visible

    def key(self, item: object) -> Hashable:
        """Equal for expressions that are the same whatever their spelling."""
        while isinstance(item, tree.Parens):
            item = item.operand
        if isinstance(item, tree.ColumnReference) and id(item) in self.resolution.columns:
            item = self.resolution.columns[id(item)]
        if isinstance(item, Visible):
            return ("column", *(id(part) for part in item.parts))
        if isinstance(item, tree.Query):
            return id(item)
        if isinstance(item, tuple) and not hasattr(item, "_fields"):
            return tuple(self.key(i) for i in item)
        if isinstance(item, Node):
            names = (f.name for f in fields(item) if f.name != "span")
            return (type(item).__name__, *(self.key(getattr(item, n)) for n in names))
        return item

    def is_grouped(self, outputs: tuple[Output, ...], order_by: tuple[tree.OrderTerm, ...]) -> bool:
        """Whether the SELECT gives one row a group."""
        select = self.select
        expressions = [o.expression for o in outputs] + [t.expression for t in order_by]
        return bool(select.group_by or select.having is not None) or any(
            e is not None and aggregate_in(e) is not None for e in expressions
        )

    def remedy(self, place: Node, column: Visible) -> str:
        """GROUP BY with the column that it forgets, or an aggregate of it."""
        is_named = isinstance(place, tree.ColumnReference)
        written = self.text[slice(*place.span)] if is_named else column.name
        if self.select.having is not None and not self.select.group_by:
            return f"write WHERE in place of HAVING, or GROUP BY {written}"
        terms = [self.text[slice(*term.span)] for term in self.select.group_by]
        return f"write GROUP BY {', '.join([*terms, written])}, or MAX({written})"

    def require(self, item: Expression | Visible, place: Node) -> None:
        """Raise unless an expression has one value in each group."""
        if self.key(item) in self.keys:
            return
        if isinstance(item, tree.ColumnReference):
            item = self.resolution.columns[id(item)]
        if isinstance(item, Visible):
            if any(id(part.source) in self.sources for part in item.parts):
                message = f"column '{item.name}' is neither grouped nor aggregated"
                raise complaints.about(self.text, place, f"{message}: {self.remedy(place, item)}")
            return
        if _is_aggregate(item):
            self._refuse_nested(item)
            self._refuse_outer(item)
            return
        for child in tree.children(item):
            if isinstance(child, Expression):
                self.require(child, child)
            elif isinstance(child, tree.When):
                self.require(child.condition, child)
                self.require(child.value, child)
            elif isinstance(child, tree.Query):
                self._require_within(child)

    def _require_within(self, query: tree.Query) -> None:
        """A subquery may name the grouped columns alone: PostgreSQL finds no grouped expression
        there, nor the column that a full join merges."""
        for column in columns_within(self.resolution, query):
            own = any(id(part.source) in self.sources for part in column.parts)
            if own and (len(column.parts) > 1 or self.key(column) not in self.keys):
                message = (
                    f"column '{column.name}' of a grouped query stands in a subquery, but is no "
                    "column of GROUP BY: group in a derived table, and ask in a query around it"
                )
                raise complaints.about(self.text, query, message)

    def _refuse_nested(self, aggregate: Expression) -> None:
        for child in tree.children(aggregate):
            inner = aggregate_in(child) if isinstance(child, Expression) else None
            if inner is not None:
                message = "an aggregate within an aggregate: use a subquery"
                raise complaints.about(self.text, inner, message)

    def _refuse_outer(self, aggregate: Expression) -> None:
        """SQL takes an aggregate of outer columns alone for one of the outer query (SQL-92 §6.5),
        which is hardly ever meant."""
        found = list(columns_within(self.resolution, aggregate))
        if found and not any(id(part.source) in self.sources for v in found for part in v.parts):
            message = (
                f"an aggregate of '{found[0].name}', a column of the outer query: "
                "it belongs into the outer SELECT"
            )
            raise complaints.about(self.text, aggregate, message)
