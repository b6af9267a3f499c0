"""Names to what they stand for: tables of the catalogue, columns in scope, outputs of subqueries.

The result is a set of side tables keyed by node, because the tree is frozen.
"""

from collections.abc import Iterable, Sequence

from adql.catalogue import Catalogue, Table
from adql.semantics import suggestions
from adql.semantics.known_tables import KnownTables
from adql.semantics.scopes import (
    Body,
    CommonSource,
    Output,
    Resolution,
    Scope,
    Source,
    SourceColumn,
    Visible,
    dotted,
    is_called,
    matching,
    same_name,
    stands_for_the_same,
    visible_columns,
)
from adql.syntax import complaints, tree
from adql.syntax.checks import unwrapped
from adql.syntax.tree import Identifier, Node, Query, Select, SetOperation
from adql.syntax.words import Version


class Resolver:
    """Resolves one query against one catalogue."""

    def __init__(self, text: str, catalogue: Catalogue, version: Version) -> None:
        self.text = text
        self.version = version
        self.result = Resolution()
        self.counter = 0
        self.tables = KnownTables(catalogue)

    def fail(self, node: Node, message: str, suggestion: str | None = None) -> Exception:
        return complaints.about(self.text, node, message, suggestion)

    def query(self, query: Query, parent: Scope | None) -> tuple[Output, ...]:
        """Resolve a query expression; the outputs are those of its first SELECT."""
        for common in query.with_tables:
            if any(same_name(common.name, c.name.name) for c in self.result.common):
                raise self.fail(common.name, f"two WITH tables are named {common.name.name}")
            self.query(common.query, None)
            number = len(self.result.common) + 1
            self.result.common.append(CommonSource(f"q{number}", common.name, common.query))
        outputs = self.body(query.body, parent, query.order_by)
        self.result.outputs[id(query)] = outputs
        return outputs

    def body(
        self, body: Body, parent: Scope | None, order_by: Sequence[tree.OrderTerm] = ()
    ) -> tuple[Output, ...]:
        if isinstance(body, Select):
            return self.select(body, parent, order_by)
        if isinstance(body, Query):
            outputs = self.query(body, parent)
        else:
            outputs = self.set_operation(body, parent)
        for term in order_by:
            self.output_name(term.expression, outputs)
        return outputs

    def set_operation(self, node: SetOperation, parent: Scope | None) -> tuple[Output, ...]:
        outputs = self.body(node.first, parent)
        for operator, operand in zip(node.operators, node.rest, strict=True):
            other = self.body(operand, parent)
            if len(other) != len(outputs):
                message = (
                    f"{operator}: {len(outputs)} columns on one side, {len(other)} on the other"
                )
                raise self.fail(operand, message)
        self.result.outputs[id(node)] = outputs
        return outputs

    def output_name(self, expression: tree.Expression, outputs: tuple[Output, ...]) -> None:
        """ORDER BY after a set operation: an output's name or its ordinal."""
        if isinstance(expression, tree.ColumnReference):
            for index, output in enumerate(outputs):
                name = expression.parts[-1]
                if len(expression.parts) == 1 and same_name(name, output.name, output.delimited):
                    self.result.aliases[id(expression)] = index
                    return
        if not isinstance(expression, tree.Number):
            raise self.fail(
                expression,
                "a combined query is sorted by the names or ordinals of its columns",
                complaints.nearest(self.text[slice(*expression.span)], [o.name for o in outputs]),
            )

    def select(
        self, select: Select, parent: Scope | None, order_by: Sequence[tree.OrderTerm]
    ) -> tuple[Output, ...]:
        scope = Scope(parent)
        for table in select.tables:
            scope.visible += self.table(table, scope)
        outputs: list[Output] = []
        for item in select.items:
            if isinstance(item, tree.Star):
                outputs += self.star(item, scope)
            else:
                self.names(item.expression, scope)
                outputs.append(self.output(item, len(outputs)))
        scope.outputs = tuple(outputs)
        for condition in (select.where, select.having):
            if condition is not None:
                self.names(condition, scope)
        result = tuple(outputs)
        for term in select.group_by:
            self.names(term, scope, result if self.version == "ADQL" else ())
        for key in select.best_of:
            self.names(key, scope, result)
        for ordering in order_by:
            self.names(ordering.expression, scope, result)
        self.result.outputs[id(select)] = result
        return result

    def output(self, item: tree.SelectItem, index: int) -> Output:
        if item.alias is not None:
            return Output(item.alias.name, item.alias.delimited, item.expression)
        inner = unwrapped(item.expression)
        if isinstance(inner, tree.ColumnReference):
            visible = self.result.columns[id(inner)]
            return Output(visible.name, visible.delimited, item.expression)
        if isinstance(inner, tree.Call | tree.Aggregate):
            return Output(inner.name.lower(), False, item.expression)
        if isinstance(inner, tree.UserCall):
            return Output(inner.name.name.lower(), False, item.expression)
        return Output(f"col{index + 1}", False, item.expression)

    def star(self, star: tree.Star, scope: Scope) -> Iterable[Output]:
        columns = scope.visible
        if star.qualifier:
            columns = visible_columns(self.source(star.qualifier, scope, star))
        return [Output(c.name, c.delimited, None, c) for c in columns]

    # -- FROM

    def table(self, node: tree.TableReference, scope: Scope) -> list[Visible]:
        if isinstance(node, tree.ParensTable):
            return self.table(node.operand, scope)
        if isinstance(node, tree.Join):
            return self.join(node, scope)
        if isinstance(node, tree.DerivedTable):
            outputs = self.query(node.query, scope.parent)
            source = self.new_source((node.alias,), query=node.query, outputs=outputs)
        else:
            assert isinstance(node, tree.TableName)
            source = self.named(node)
        for other in scope.sources:
            if stands_for_the_same(source, other):
                name = dotted(source.names)
                raise self.fail(node, f"'{name}' stands twice in FROM: give one an alias (AS b)")
        scope.sources.append(source)
        self.result.sources[id(node)] = source
        return visible_columns(source)

    def new_source(
        self,
        names: tuple[Identifier, ...],
        table: Table | None = None,
        query: Query | None = None,
        common: CommonSource | None = None,
        outputs: tuple[Output, ...] = (),
    ) -> Source:
        self.counter += 1
        source = Source(f"t{self.counter}", names, table, query, common)
        if table is not None:
            source.columns = tuple(
                SourceColumn(c.meta.name, c.delimited, source, i, c)
                for i, c in enumerate(table.columns)
            )
        else:
            source.columns = tuple(
                SourceColumn(o.name, o.delimited, source, i) for i, o in enumerate(outputs)
            )
        return source

    def named(self, node: tree.TableName) -> Source:
        names = (node.alias,) if node.alias else node.parts
        if len(node.parts) == 1:
            for common in self.result.common:
                if same_name(node.parts[0], common.name.name, common.name.delimited):
                    outputs = self.result.outputs[id(common.query)]
                    return self.new_source(names, common=common, outputs=outputs)
        table = self.catalogue_table(node)
        self.result.tables.setdefault(table.sql_name, table)
        return self.new_source(names, table=table)

    def catalogue_table(self, node: tree.TableName) -> Table:
        found = self.tables.named(node.parts)
        if len(found) > 1:
            options = " or ".join(f"{t.schema}.{t.name}" for t in found)
            raise self.fail(node, f"table '{dotted(node.parts)}' is ambiguous: write {options}")
        if not found:
            raise self.fail(node, *suggestions.unknown_table(node.parts, self.tables.all()))
        return found[0]

    def join(self, node: tree.Join, scope: Scope) -> list[Visible]:
        before = len(scope.sources)
        left = self.table(node.left, scope)
        right = self.table(node.right, scope)
        conditions = sum((node.natural, node.on is not None, bool(node.using)))
        if node.kind == "CROSS" and conditions:
            raise self.fail(node, "CROSS JOIN takes no condition")
        if node.kind != "CROSS" and conditions == 0:
            raise self.fail(node.right, suggestions.missing_condition(left, right))
        if conditions > 1:
            raise self.fail(node, "NATURAL JOIN takes neither ON nor USING")
        if node.on is not None:
            self.names(node.on, Scope(scope.parent, scope.sources[before:], [*left, *right]))
        if not (node.natural or node.using):
            return [*left, *right]
        return self.merge(node, left, right)

    def merge(self, node: tree.Join, left: list[Visible], right: list[Visible]) -> list[Visible]:
        names = node.using or tuple(
            Identifier(node.span, v.name, v.delimited)
            for v in left
            if any(w.name.lower() == v.name.lower() for w in right)
        )
        merged: list[Visible] = []
        for name in names:
            a, b = self.one_of(name, left, node), self.one_of(name, right, node)
            parts = {"RIGHT": b.parts, "FULL": a.parts + b.parts}.get(node.kind, a.parts)
            merged.append(Visible(a.name, a.delimited, parts, node.kind == "FULL" or a.coalesced))
            left = [v for v in left if v is not a]
            right = [v for v in right if v is not b]
            self.result.merged[id(node)] = (*self.result.merged.get(id(node), ()), a, b)
        return [*merged, *left, *right]

    def one_of(self, name: Identifier, columns: list[Visible], node: tree.Join) -> Visible:
        found = [v for v in columns if same_name(name, v.name, v.delimited)]
        if len(found) != 1:
            problem = "is ambiguous in" if found else "is not on both sides of"
            raise self.fail(
                name if node.using else node, f"column '{name.name}' {problem} the join"
            )
        return found[0]

    # -- names in expressions

    def names(self, root: tree.Expression, scope: Scope, outputs: tuple[Output, ...] = ()) -> None:
        """Bind every column of an expression and resolve its subqueries."""
        if outputs and isinstance(root, tree.ColumnReference) and len(root.parts) == 1:
            name = root.parts[0]
            for index, output in enumerate(outputs):
                if same_name(name, output.name, output.delimited):
                    self.result.aliases[id(root)] = index
                    return
        pending: list[Node] = [root]
        while pending:
            node = pending.pop()
            if isinstance(node, Query):
                self.query(node, scope)
            elif isinstance(node, tree.ColumnReference):
                self.result.columns[id(node)] = self.column(node, scope)
            else:
                pending.extend(reversed(list(tree.children(node))))

    def source(self, parts: tuple[Identifier, ...], scope: Scope, node: Node) -> Source:
        at: Scope | None = scope
        while at is not None:
            found = [s for s in at.sources if is_called(s, parts)]
            if len(found) == 1:
                return found[0]
            if found:
                raise self.fail(node, f"'{dotted(parts)}' is ambiguous: give the tables aliases")
            at = at.parent
        raise self.fail(node, *suggestions.unknown_qualifier(parts, scope, self.tables.all()))

    def column(self, node: tree.ColumnReference, scope: Scope) -> Visible:
        *qualifier, name = node.parts
        if qualifier:
            source = self.source(tuple(qualifier), scope, node)
            candidates = matching(name, visible_columns(source))
        else:
            source, candidates = None, []
            at: Scope | None = scope
            while at is not None and not candidates:
                candidates = matching(name, at.visible)
                at = at.parent
        if not candidates:
            said = suggestions.unknown_column(node, source, scope, self.tables.all(), self.text)
            raise self.fail(node, *said)
        if len(candidates) > 1:
            owners = " or ".join(
                f"{dotted(c.parts[0].source.names)}.{c.name}" for c in candidates[:3]
            )
            raise self.fail(node, f"column '{name.name}' is ambiguous: write {owners}")
        return candidates[0]
