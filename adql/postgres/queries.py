"""Queries as PostgreSQL: SELECT, FROM, set operations; outputs are always named c1 ... cn."""

from adql.postgres.best_of import SortKey, best_of
from adql.postgres.bounds import cast_number
from adql.postgres.expressions import Expressions
from adql.semantics.full_joins import pairs_by_equality
from adql.semantics.grouping import Grouping, aggregate_in
from adql.semantics.scopes import Body, Output, Resolution, Visible
from adql.semantics.types import Typing
from adql.sql import Sql, joined
from adql.syntax import complaints, tree
from adql.syntax.checks import unwrapped
from adql.syntax.words import Version
from adql.translation import Parameter
from adql.values import Value

MAX_COLUMNS = 1_600
"""Columns of a result, group keys and sort keys together; PostgreSQL takes 1,664."""


class Queries:
    """Writes the queries of one text."""

    def __init__(self, text: str, version: Version, resolution: Resolution, typing: Typing) -> None:
        self.text = text
        self.version = version
        self.resolution = resolution
        self.typing = typing
        self.expressions = Expressions(text, typing, resolution, self.query)

    def top_query(self, query: tree.Query) -> Sql:
        """The whole query, its common tables first."""
        main = self.query(query, top=True)
        if not self.resolution.common:
            return main
        tables: list[Sql] = [
            (f"{common.sql} AS (", self.query(common.query), ")")
            for common in self.resolution.common
        ]
        return ("WITH ", joined(", ", tables), " ", main)

    def query(self, query: tree.Query, top: bool = False, values: tuple[Value, ...] = ()) -> Sql:
        """A query expression with its ORDER BY, TOP and OFFSET.

        `values` are what its columns are to be, where they are combined with those of others.
        """
        body = query.body
        if isinstance(body, tree.Select):
            written = self.select(body, query.order_by, top, values)
        else:
            if isinstance(body, tree.Query):
                written = ("(", self.query(body, top, values), ")")
            else:
                written = self.set_operation(body, values)
            written = (written, self.order_by_outputs(query))
        limit: Sql = ""
        if isinstance(body, tree.Select) and body.top is not None:
            limit = (" LIMIT ", Parameter(body.top, "bigint"))
        if query.offset is not None:
            limit = (limit, " OFFSET ", Parameter(query.offset, "bigint"))
        return (written, limit) if limit else written

    def set_operation(self, node: tree.SetOperation, values: tuple[Value, ...] = ()) -> Sql:
        values = values or self.typing.of_outputs(node)
        pieces: list[Sql] = [self.operand(node.first, values)]
        for operator, operand in zip(node.operators, node.rest, strict=True):
            pieces += (f" {operator} ", self.operand(operand, values))
        return tuple(pieces)

    def operand(self, body: Body, values: tuple[Value, ...]) -> Sql:
        if isinstance(body, tree.Query):
            return ("(", self.query(body, values=values), ")")
        if isinstance(body, tree.SetOperation):
            return ("(", self.set_operation(body, values), ")")
        query = tree.Query(body.span, body)
        return ("(", self.query(query, values=values), ")")

    def order_by_outputs(self, query: tree.Query) -> Sql:
        terms: list[Sql] = []
        count = len(self.resolution.outputs[id(query)])
        for term in query.order_by:
            index = self.resolution.aliases.get(id(term.expression))
            number = index + 1 if index is not None else self.ordinal(term.expression, count)
            terms.append(f"{number}{' DESC' if term.descending else ''}")
        return (" ORDER BY ", joined(", ", terms)) if terms else ""

    def ordinal(self, expression: tree.Expression, count: int) -> int | None:
        """The position that a whole number in ORDER BY or GROUP BY means."""
        if not isinstance(expression, tree.Number):
            return None
        if not expression.text.isdigit() or not 1 <= int(expression.text[:9]) <= count:
            message = f"{expression.text} is no column of the result, which has {count}"
            raise complaints.about(self.text, expression, message)
        return int(expression.text)

    # -- SELECT

    def select(
        self,
        select: tree.Select,
        order_by: tuple[tree.OrderTerm, ...],
        top: bool = False,
        values: tuple[Value, ...] = (),
    ) -> Sql:
        outputs = self.resolution.outputs[id(select)]
        self.no_aggregates(select)
        grouping = self.checked_grouping(select, outputs, order_by)
        from_clause = joined(", ", [self.table(t) for t in select.tables])
        columns: list[Sql] = []
        for index, output in enumerate(outputs):
            value = values[index] if values else None
            columns.append((self.output(output, top, value), f" AS c{index + 1}"))
        rest: list[Sql] = [" FROM ", from_clause]
        if select.where is not None:
            self.typing.of(select.where)
            rest += (" WHERE ", self.expressions.emit(select.where))
        if select.group_by:
            terms = [self.group_term(t, grouping) for t in select.group_by]
            rest += (" GROUP BY ", joined(", ", terms))
        if select.having is not None:
            self.typing.of(select.having)
            rest += (" HAVING ", self.expressions.emit(select.having))
        sort = [self.order_term(t, select, outputs, grouping) for t in order_by]
        if len(columns) + len(sort) + len(select.group_by) > MAX_COLUMNS:
            message = f"the query has more than {MAX_COLUMNS} columns"
            raise complaints.about(self.text, select, message)
        if select.best_of:
            keys = [self.group_term(key, grouping) for key in select.best_of]
            return best_of(columns, keys, sort, tuple(rest))
        distinct = "DISTINCT " if select.quantifier == "DISTINCT" else ""
        ordered: Sql = (" ORDER BY ", joined(", ", list(sort))) if sort else ""
        return (f"SELECT {distinct}", joined(", ", columns), tuple(rest), ordered)

    def output(self, output: Output, top: bool, wanted: Value | None) -> Sql:
        """A column of the result; as `wanted` where one is given."""
        if output.expression is None:
            assert output.visible is not None
            written = self.expressions.visible(output.visible)
            value = self.typing.of_visible(output.visible)
            if wanted is None or value.kind != "number":
                return written
            return cast_number(written, value, wanted.sql_type)
        value = self.typing.of(output.expression)
        if value.kind == "null":
            if wanted is None and isinstance(unwrapped(output.expression), tree.Null):
                return "NULL::text" if top else "NULL"
            return self.expressions.null(output.expression, (wanted or value).sql_type)
        return self.expressions.as_value(output.expression, wanted or value)

    def no_aggregates(self, select: tree.Select) -> None:
        places = [("WHERE", select.where), *(("GROUP BY", t) for t in select.group_by)]
        places += [("DISTINCT ON", key) for key in select.best_of]
        outputs = self.resolution.outputs[id(select)]
        for clause, expression in places:
            index = self.resolution.aliases.get(id(expression))
            if index is None and clause == "GROUP BY" and isinstance(expression, tree.Number):
                index = (self.ordinal(expression, len(outputs)) or 0) - 1
            expression = outputs[index].expression if index is not None else expression
            found = aggregate_in(expression) if expression is not None else None
            if found is not None:
                message = f"an aggregate cannot stand in {clause}"
                hint = ": use HAVING" if clause == "WHERE" else ""
                raise complaints.about(self.text, found, message + hint)

    def checked_grouping(
        self,
        select: tree.Select,
        outputs: tuple[Output, ...],
        order_by: tuple[tree.OrderTerm, ...],
    ) -> Grouping:
        for term in select.group_by:
            ordinal = self.ordinal(term, len(outputs))
            if ordinal is not None and self.version != "ADQL":
                message = f"GROUP BY {ordinal} is not in ADQL {self.version}: name the column"
                raise complaints.about(self.text, term, message)
        for key in (*select.best_of, *(ordering.expression for ordering in order_by)):
            self.ordinal(key, len(outputs))
        grouping = Grouping(self.text, self.resolution, select)
        if grouping.is_grouped(outputs, order_by):
            for output in outputs:
                item = output.expression or output.visible
                assert item is not None
                grouping.require(item, output.expression or select)
            if select.having is not None:
                grouping.require(select.having, select.having)
            for ordering in order_by:
                grouping.require(grouping.term(ordering.expression), ordering)
            for key in select.best_of:
                grouping.require(grouping.term(key), key)
        return grouping

    def group_term(self, expression: tree.Expression, grouping: Grouping) -> Sql:
        """The expression itself: an output that it names may be cast, for a set operation."""
        term = grouping.term(expression)
        if isinstance(term, Visible):
            return self.expressions.visible(term)
        if self.typing.of(term).kind == "null":
            return "NULL::text"
        return self.expressions.emit(term)

    def order_term(
        self,
        term: tree.OrderTerm,
        select: tree.Select,
        outputs: tuple[Output, ...],
        grouping: Grouping,
    ) -> SortKey:
        direction = " DESC" if term.descending else ""
        expression = term.expression
        index = self.resolution.aliases.get(id(expression))
        ordinal = index + 1 if index is not None else self.ordinal(expression, len(outputs))
        if ordinal is not None:
            return str(ordinal), direction
        if select.quantifier == "DISTINCT":
            key = grouping.key(expression)
            for position, output in enumerate(outputs, 1):
                if grouping.key(output.expression or output.visible) == key:
                    return str(position), direction
            message = "with DISTINCT, ORDER BY takes only what is in the select list"
            raise complaints.about(self.text, term, message)
        kind = self.typing.of(expression).kind
        if kind in ("geometry", "null"):
            what = "a geometry" if kind == "geometry" else "NULL"
            raise complaints.about(self.text, term, f"{what} has no order")
        return self.expressions.emit(expression), direction

    # -- FROM

    def table(self, node: tree.TableReference) -> Sql:
        if isinstance(node, tree.ParensTable):
            return ("(", self.table(node.operand), ")")
        if isinstance(node, tree.Join):
            return self.join(node)
        source = self.resolution.sources[id(node)]
        if source.table is not None:
            return f"{source.table.sql_name} AS {source.sql}"
        if source.common is not None:
            return f"{source.common.sql} AS {source.sql}"
        assert source.query is not None
        return ("(", self.query(source.query), f") AS {source.sql}")

    def join(self, node: tree.Join) -> Sql:
        left, right = self.table(node.left), self.table(node.right)
        if node.kind == "CROSS":
            return (left, " CROSS JOIN ", right)
        condition: Sql = "TRUE"
        if node.on is not None:
            found = aggregate_in(node.on)
            if found is not None:
                raise complaints.about(self.text, found, "an aggregate cannot stand in ON")
            self.typing.of(node.on)
            condition = self.expressions.emit(node.on)
            if node.kind == "FULL" and not pairs_by_equality(self.resolution, node):
                condition = (condition, " AND ", self.hashable(node))
        else:
            pairs = self.resolution.merged.get(id(node), ())
            equal = [self.equal(node, *pairs[i : i + 2]) for i in range(0, len(pairs), 2)]
            condition = joined(" AND ", equal) if equal else "TRUE"
        return (left, f" {node.kind} JOIN ", right, " ON ", condition)

    def hashable(self, node: tree.Join) -> Sql:
        """0 = 0, made of a column of each side: PostgreSQL has no FULL JOIN without an equality,
        and takes any other condition beside one."""
        sides: list[Sql] = []
        for side in (node.left, node.right):
            table: tree.TableReference = side
            while isinstance(table, tree.Join | tree.ParensTable):
                table = table.left if isinstance(table, tree.Join) else table.operand
            column = self.resolution.sources[id(table)].columns[0]
            sides.append(("num_nulls(", self.expressions.column(column), ") * 0"))
        return (sides[0], " = ", sides[1])

    def equal(self, node: tree.Join, a: Visible, b: Visible) -> Sql:
        left, right = self.typing.of_visible(a), self.typing.of_visible(b)
        if left.kind != right.kind or (left.kind == "other" and left.sql_type != right.sql_type):
            message = (
                f"column '{a.name}' is a {left.kind} on one side and a {right.kind} on the other"
            )
            raise complaints.about(self.text, node, message)
        return ("(", self.expressions.visible(a), " = ", self.expressions.visible(b), ")")
