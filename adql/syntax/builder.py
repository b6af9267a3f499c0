"""From lark's reductions to the tree: one method a rule of grammar.lark."""

import re
from collections.abc import Sequence
from functools import reduce
from typing import Any, Literal

from lark import Token, Transformer

from adql.errors import ADQLError
from adql.syntax import tree
from adql.syntax.tree import Span

_ITEM = re.compile(r"('(?:[^']|'')*+')|([^\s,()']++)")
_COMPOUND = (tree.Signed, tree.Arithmetic, tree.Concatenation, *tree.CONDITIONS)
Children = list[Any]


def _start(item: Any) -> int:
    if isinstance(item, tuple):
        return _start(item[0])
    if isinstance(item, Token):
        return item.start_pos or 0
    start: int = item.span.start
    return start


def _end(item: Any) -> int:
    if isinstance(item, tuple):
        return _end(item[-1])
    if isinstance(item, Token):
        return item.end_pos or 0
    end: int = item.span.end
    return end


def _span(items: Sequence[Any]) -> Span:
    present = [item for item in items if item is not None and item != ()]
    return Span(_start(present[0]), _end(present[-1]))


def _nodes(items: Children) -> Children:
    return [i for i in items if i is not None and not isinstance(i, Token)]


def _has(items: Children, terminal: str) -> bool:
    return any(isinstance(i, Token) and i.type == terminal for i in items)


def _count(token: Token) -> int:
    """A row count or length; bounded, because int() of a long text is slow and then refused."""
    if len(token) > 18:
        message = f"{token[:18]}... is too large a number"
        raise ADQLError(message, token.line or 1, token.column or 1, len(token))
    return int(token)


def _unquoted(token: str) -> str:
    return token[1:-1].replace("''", "'")


class QueryBuilder(Transformer[Token, tree.Query]):
    """Names and shapes of queries, FROM and the select list."""

    def ident(self, c: Children) -> tree.Identifier:
        token = c[0]
        span = Span(token.start_pos, token.end_pos)
        if token.type == "DELIMITED":
            return tree.Identifier(span, token[1:-1].replace('""', '"'), True)
        return tree.Identifier(span, str(token))

    def dotted(self, c: Children) -> tuple[tree.Identifier, ...]:
        return (c[0],) if len(c) == 1 else (*c[0], c[1])

    def alias(self, c: Children) -> tree.Identifier:
        identifier: tree.Identifier = c[-1]
        return identifier

    def top_query(self, c: Children) -> tree.Query:
        with_tables, query = c
        if with_tables is None:
            return query  # type: ignore[no-any-return]  # lark's children are untyped
        span = Span(with_tables[0].span.start, query.span.end)
        return tree.Query(span, query.body, query.order_by, query.offset, with_tables)

    def with_clause(self, c: Children) -> tuple[tree.CommonTable, ...]:
        return tuple(_nodes(c))

    def common_table(self, c: Children) -> tree.CommonTable:
        return tree.CommonTable(_span(c), c[0], c[-1])

    def parenthesised_body(self, c: Children) -> tree.Query:
        query: tree.Query = c[0]
        return query

    def query(self, c: Children) -> tree.Query:
        body, order_by, offset = c
        return tree.Query(_span(c), body, order_by or (), offset and _count(offset[1]))

    def ordered_query(self, c: Children) -> tree.Query:
        return self.query(c)

    def offset_query(self, c: Children) -> tree.Query:
        return self.query([c[0], None, c[1]])

    def subquery(self, c: Children) -> tree.Query:
        query: tree.Query = c[1]
        return query

    def union(self, c: Children) -> tree.SetOperation:
        nodes = _nodes(c)
        operators: list[str] = []
        for item in c:
            if isinstance(item, Token):
                if item.type == "ALL":
                    operators[-1] += " ALL"
                else:
                    operators.append(item.upper())
        return tree.SetOperation(_span(c), nodes[0], tuple(operators), tuple(nodes[1:]))

    intersection = union

    def select(self, c: Children) -> tree.Select:
        _, quantifier, top, items, _, tables, where, group_by, having = c
        return tree.Select(
            _span(c), quantifier, top and top[0], items, tables, where, group_by or (), having
        )

    def quantifier(self, c: Children) -> str:
        return str(c[0].upper())

    def top(self, c: Children) -> tuple[int]:
        return (_count(c[1]),)

    def select_list(self, c: Children) -> tuple[tree.Star | tree.SelectItem, ...]:
        return tuple(c)

    def star(self, c: Children) -> tree.Star:
        return tree.Star(_span(c))

    def table_star(self, c: Children) -> tree.Star:
        return tree.Star(_span(c), c[0])

    def item(self, c: Children) -> tree.SelectItem:
        return tree.SelectItem(_span(c), c[0], c[1])

    def from_list(self, c: Children) -> tuple[tree.TableReference, ...]:
        return tuple(_tables(c))

    def table(self, c: Children) -> tree.TableName:
        return tree.TableName(_span(c), c[0], c[1])

    def derived(self, c: Children) -> tree.DerivedTable:
        return tree.DerivedTable(_span(c), c[0], c[1])

    def joined(self, c: Children) -> tree.TableReference:
        left, *joins = _tables(c)

        def joined(left: Any, part: Any) -> tree.Join:
            natural, kind, right, (on, using) = part
            span = Span(left.span.start, _end(using or on or right))
            return tree.Join(span, left, right, kind, natural, on, using)

        result: tree.TableReference = reduce(joined, joins, left)
        return result

    def join(self, c: Children) -> tuple[Any, ...]:
        natural, kind, *rest, condition = c
        right = _tables([i for i in rest if not (isinstance(i, Token) and i.type == "JOIN")])[0]
        return natural is not None, kind or "INNER", right, condition or (None, ())

    def join_kind(self, c: Children) -> str:
        return str(c[0].upper())

    def join_on(self, c: Children) -> tuple[tree.Expression, tuple[()]]:
        return c[1], ()

    def using(self, c: Children) -> tuple[None, tuple[tree.Identifier, ...]]:
        return None, tuple(_nodes(c))

    def where(self, c: Children) -> tree.Expression:
        condition: tree.Expression = c[-1]
        return condition

    having = where

    def group_by(self, c: Children) -> tuple[tree.Expression, ...]:
        return tuple(_nodes(c))

    order_by = group_by

    def order_term(self, c: Children) -> tree.OrderTerm:
        return tree.OrderTerm(_span(c), c[0], _has(c, "DESC"))

    def offset(self, c: Children) -> tuple[Token, Token]:
        return c[0], c[1]


def _tables(items: Children) -> Children:
    """Tables with those between parentheses wrapped; commas and keywords are gone already."""
    result: Children = []
    opened: Token | None = None
    for item in items:
        if isinstance(item, Token):
            if item.type == "LPAR":
                opened = item
            elif item.type == "RPAR" and opened is not None:
                span = Span(opened.start_pos or 0, item.end_pos or 0)
                result[-1] = tree.ParensTable(span, result[-1])
                opened = None
        elif item is not None:
            result.append(item)
    return result


class TreeBuilder(QueryBuilder):
    """Values and conditions."""

    def disjunction_of(self, c: Children) -> tree.Logical:
        return tree.Logical(_span(c), "OR", tuple(_nodes(c)))

    def conjunction_of(self, c: Children) -> tree.Logical:
        return tree.Logical(_span(c), "AND", tuple(_nodes(c)))

    def negation_of(self, c: Children) -> tree.Not:
        return tree.Not(_span(c), c[1])

    def comparison(self, c: Children) -> tree.Comparison:
        operator = "<>" if c[1] == "!=" else str(c[1])
        return tree.Comparison(_span(c), c[0], operator, c[2])

    def between(self, c: Children) -> tree.Between:
        value, low, high = _nodes(c)
        return tree.Between(_span(c), value, low, high, _has(c, "NOT"))

    def in_query(self, c: Children) -> tree.InQuery:
        return tree.InQuery(_span(c), c[0], c[-1], _has(c, "NOT"))

    def in_list(self, c: Children) -> tree.InList:
        value, *items = _nodes(c)
        return tree.InList(_span(c), value, tuple(items), _has(c, "NOT"))

    def in_literals(self, c: Children) -> tree.InLiterals:
        found = _ITEM.findall(c[-1])
        strings = tuple(bool(string) for string, _ in found)
        texts = tuple(_unquoted(string) if string else number for string, number in found)
        kind: Literal["numbers", "strings", "mixed"] = "mixed"
        if all(strings):
            kind = "strings"
        elif not any(strings):
            kind = "numbers"
        return tree.InLiterals(_span(c), c[0], kind, texts, strings, _has(c, "NOT"))

    def like(self, c: Children) -> tree.Like:
        return tree.Like(_span(c), c[0], c[-1], _has(c, "NOT"), _has(c, "ILIKE"))

    def is_null(self, c: Children) -> tree.IsNull:
        return tree.IsNull(_span(c), c[0], _has(c, "NOT"))

    def exists(self, c: Children) -> tree.Exists:
        return tree.Exists(_span(c), c[1])

    def concat(self, c: Children) -> tree.Concatenation:
        return tree.Concatenation(_span(c), tuple(c))

    def arithmetic(self, c: Children) -> tree.Arithmetic:
        return tree.Arithmetic(_span(c), c[0], tuple(str(i) for i in c[1::2]), tuple(c[2::2]))

    def signed(self, c: Children) -> tree.Signed:
        return tree.Signed(_span(c), str(c[0]), c[1])

    def number(self, c: Children) -> tree.Number:
        return tree.Number(_span(c), str(c[0]))

    def string(self, c: Children) -> tree.String:
        return tree.String(_span(c), "".join(map(_unquoted, c)))

    def null(self, c: Children) -> tree.Null:
        return tree.Null(_span(c))

    def boolean(self, c: Children) -> tree.Boolean:
        return tree.Boolean(_span(c), c[0].type == "TRUE")

    def column(self, c: Children) -> tree.ColumnReference:
        return tree.ColumnReference(_span(c), c[0])

    def parens(self, c: Children) -> tree.Expression:
        inner: tree.Expression = c[1]
        return tree.Parens(_span(c), inner) if isinstance(inner, _COMPOUND) else inner

    def scalar_query(self, c: Children) -> tree.ScalarQuery:
        return tree.ScalarQuery(_span(c), c[0])

    def call(self, c: Children) -> tree.Call:
        return tree.Call(_span(c), str(c[0].upper()), c[2] or ())

    def user_call(self, c: Children) -> tree.UserCall:
        return tree.UserCall(_span(c), self.ident(c), c[2] or ())

    def arguments(self, c: Children) -> tuple[tree.Expression, ...]:
        return tuple(c)

    def count_all(self, c: Children) -> tree.Aggregate:
        return tree.Aggregate(_span(c), str(c[0].upper()), None)

    def aggregate(self, c: Children) -> tree.Aggregate:
        return tree.Aggregate(_span(c), str(c[0].upper()), c[3], c[2])

    def cast(self, c: Children) -> tree.Cast:
        operand, target = _nodes(c)
        return tree.Cast(_span(c), operand, target)

    def cast_type(self, c: Children) -> tree.CastType:
        name = "DOUBLE PRECISION" if c[0].type == "DOUBLE" else str(c[0].upper())
        lengths = [_count(t) for t in c if isinstance(t, Token) and t.type == "INT"]
        return tree.CastType(_span(c), name, lengths[0] if lengths else None)

    def when(self, c: Children) -> tree.When:
        return tree.When(_span(c), *_nodes(c))

    def case(self, c: Children) -> tree.Case:
        after_else = _has(c, "ELSE")
        nodes = _nodes(c)
        otherwise = nodes.pop() if after_else else None
        subject = None if isinstance(nodes[0], tree.When) else nodes.pop(0)
        return tree.Case(_span(c), subject, tuple(nodes), otherwise)
