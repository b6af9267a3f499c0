"""From lark's reductions to queries, FROM and the select list: one method a rule of the grammar."""

from lark import Token, Transformer

from adql.errors import ADQLError
from adql.syntax import joins, tree
from adql.syntax.spans import Children, has, nodes_in, span_of
from adql.syntax.tree import Span


def count(token: Token) -> int:
    """A row count or length; bounded, because int() of a long text is slow and then refused."""
    if len(token) > 18:
        message = f"{token[:18]}... is too large a number"
        raise ADQLError(message, token.line or 1, token.column or 1, len(token))
    return int(token)


class QueryBuilder(Transformer[Token, tree.Query]):
    """Names and shapes of queries, FROM and the select list."""

    def ident(self, c: Children) -> tree.Identifier:
        token = c[0]
        span = Span(token.start_pos, token.end_pos)
        if token.type == "DELIMITED":
            return tree.Identifier(span, token[1:-1].replace('""', '"'), True)
        return tree.Identifier(span, str(token))

    def dotted(self, c: Children) -> list[tree.Identifier]:
        """One list that grows: a tuple a dot would take quadratic time."""
        if len(c) == 1:
            return [c[0]]
        parts: list[tree.Identifier] = c[0]
        parts.append(c[1])
        return parts

    def alias(self, c: Children) -> tree.Identifier:
        identifier: tree.Identifier = c[-1]
        return identifier

    def top_query(self, c: Children) -> tree.Query:
        with_tables: tuple[tree.CommonTable, ...] | None = c[0]
        query: tree.Query = c[1]
        if with_tables is None:
            return query
        span = Span(with_tables[0].span.start, query.span.end)
        return tree.Query(span, query.body, query.order_by, query.offset, with_tables)

    def with_clause(self, c: Children) -> tuple[tree.CommonTable, ...]:
        return tuple(nodes_in(c))

    def common_table(self, c: Children) -> tree.CommonTable:
        return tree.CommonTable(span_of(c), c[0], c[-1])

    def parenthesised_body(self, c: Children) -> tree.Query:
        query: tree.Query = c[0]
        return query

    def query(self, c: Children) -> tree.Query:
        body, order_by, offset = c
        return tree.Query(span_of(c), body, order_by or (), offset and count(offset[1]))

    def ordered_query(self, c: Children) -> tree.Query:
        return self.query(c)

    def offset_query(self, c: Children) -> tree.Query:
        return self.query([c[0], None, c[1]])

    def subquery(self, c: Children) -> tree.Query:
        query: tree.Query = c[1]
        return query

    def union(self, c: Children) -> tree.SetOperation:
        nodes = nodes_in(c)
        operators: list[str] = []
        for item in c:
            if isinstance(item, Token):
                if item.type == "ALL":
                    operators[-1] += " ALL"
                else:
                    operators.append(item.upper())
        return tree.SetOperation(span_of(c), nodes[0], tuple(operators), tuple(nodes[1:]))

    intersection = union

    def select(self, c: Children) -> tree.Select:
        _, first, top, items, _, tables, where, group_by, having = c
        quantifier, best_of = (None, first) if isinstance(first, tuple) else (first, ())
        return tree.Select(
            span_of([c[0], *c[2:]]),
            quantifier,
            top and top[0],
            items,
            tables,
            where,
            group_by or (),
            having,
            best_of,
        )

    def quantifier(self, c: Children) -> str:
        return str(c[0].upper())

    def best_of(self, c: Children) -> tuple[tree.Expression, ...]:
        return tuple(nodes_in(c))

    def top(self, c: Children) -> tuple[int]:
        return (count(c[1]),)

    def select_list(self, c: Children) -> tuple[tree.Star | tree.SelectItem, ...]:
        return tuple(c)

    def star(self, c: Children) -> tree.Star:
        return tree.Star(span_of(c))

    def table_star(self, c: Children) -> tree.Star:
        return tree.Star(span_of(c), tuple(c[0]))

    def item(self, c: Children) -> tree.SelectItem:
        return tree.SelectItem(span_of(c), c[0], c[1])

    def from_list(self, c: Children) -> tuple[tree.TableReference, ...]:
        return tuple(c)

    def table(self, c: Children) -> tree.TableName:
        return tree.TableName(span_of(c), tuple(c[0]), c[1])

    def derived(self, c: Children) -> tree.DerivedTable:
        return tree.DerivedTable(span_of(c), c[0], c[1])

    def derived_join(self, c: Children) -> tree.DerivedTable:
        return tree.DerivedTable(span_of(c), self.joined_query(c[:1]), c[1])

    def joined_query(self, c: Children) -> tree.Query:
        """A joined table where a query may stand gives all its columns."""
        span: Span = c[0].span
        return tree.Query(span, tree.Select(span, None, None, (tree.Star(span),), (c[0],)))

    def parenthesised_join(self, c: Children) -> tree.ParensTable:
        return tree.ParensTable(span_of(c), c[1])

    def joined(self, c: Children) -> tree.TableReference:
        return joins.chain(c[0], c[1:])

    def join(self, c: Children) -> joins.Link:
        return joins.Link(c[0] is not None, c[1] or "INNER", c[3])

    def join_kind(self, c: Children) -> str:
        return str(c[0].upper())

    def join_on(self, c: Children) -> joins.Condition:
        return joins.Condition(c[0], c[1].span.end, on=c[1])

    def join_using(self, c: Children) -> joins.Condition:
        return joins.Condition(c[0], span_of(c).end, using=tuple(nodes_in(c)))

    def where(self, c: Children) -> tree.Expression:
        condition: tree.Expression = c[-1]
        return condition

    having = where

    def group_by(self, c: Children) -> tuple[tree.Expression, ...]:
        return tuple(nodes_in(c))

    order_by = group_by

    def order_term(self, c: Children) -> tree.OrderTerm:
        return tree.OrderTerm(span_of(c), c[0], has(c, "DESC"))

    def offset(self, c: Children) -> tuple[Token, Token]:
        return c[0], c[1]
