"""From lark's reductions to values and conditions: one method a rule of grammar.lark."""

import re
from collections.abc import Iterator
from typing import Literal

from lark import Token

from adql.syntax import tree
from adql.syntax.query_builder import QueryBuilder, count
from adql.syntax.spans import Children, has, nodes_in, span_of

_COMPOUND = (tree.Signed, tree.Arithmetic, tree.Concatenation, *tree.CONDITIONS)


_STRING_OR_COMMENT = re.compile(r"('(?:[^']++|'')*+')|--[^\r\n]*+")
_STRING_OR_NUMBER = re.compile(r"('(?:[^']++|'')*+')|([^\s,']++)")


def _unquoted(token: str) -> str:
    return token[1:-1].replace("''", "'")


def _without_comments(chunk: Token) -> str:
    """A LITERALS token with blanks for its comments."""
    if "--" not in chunk:
        return chunk
    return _STRING_OR_COMMENT.sub(lambda found: found[1] or " " * len(found[0]), chunk)


def _separated(items: Children) -> Iterator[tree.Expression]:
    """Expressions as they are, and the literals of each LITERALS token one by one."""
    for item in items:
        if not isinstance(item, Token):
            yield item
            continue
        start = item.start_pos or 0
        for found in _STRING_OR_NUMBER.finditer(_without_comments(item)):
            span = tree.Span(start + found.start(), start + found.end())
            text = found[0]
            if text[0] == "'":
                yield tree.String(span, _unquoted(text))
            elif text[0] in "+-":
                number = tree.Number(tree.Span(span.start + 1, span.end), text[1:])
                yield tree.Signed(span, text[0], number)
            else:
                yield tree.Number(span, text)


class TreeBuilder(QueryBuilder):
    """Values and conditions."""

    def disjunction_of(self, c: Children) -> tree.Logical:
        return tree.Logical(span_of(c), "OR", tuple(nodes_in(c)))

    def conjunction_of(self, c: Children) -> tree.Logical:
        return tree.Logical(span_of(c), "AND", tuple(nodes_in(c)))

    def negation_of(self, c: Children) -> tree.Not:
        return tree.Not(span_of(c), c[1])

    def comparison(self, c: Children) -> tree.Comparison:
        operator = "<>" if c[1] == "!=" else str(c[1])
        return tree.Comparison(span_of(c), c[0], operator, c[2])

    def between(self, c: Children) -> tree.Between:
        value, low, high = nodes_in(c)
        return tree.Between(span_of(c), value, low, high, has(c, "NOT"))

    def in_query(self, c: Children) -> tree.InQuery:
        return tree.InQuery(span_of(c), c[0], c[-1], has(c, "NOT"))

    def in_list(self, c: Children) -> tree.InList | tree.InLiterals:
        opened = next(i for i, child in enumerate(c) if isinstance(child, Token) and child == "(")
        items = c[opened + 1 : -1]
        negated = has(c[1:opened], "NOT")
        if not all(isinstance(item, Token) for item in items):
            nodes = tuple(_separated(items))
            return tree.InList(span_of(c), c[0], nodes, negated)
        found: list[tuple[str, str]] = []
        for chunk in items:
            found += _STRING_OR_NUMBER.findall(_without_comments(chunk))
        strings = tuple(bool(string) for string, _ in found)
        texts = tuple(_unquoted(string) if string else number for string, number in found)
        kind: Literal["numbers", "strings", "mixed"] = "mixed"
        if all(strings):
            kind = "strings"
        elif not any(strings):
            kind = "numbers"
        return tree.InLiterals(span_of(c), c[0], kind, texts, strings, negated)

    def like(self, c: Children) -> tree.Like:
        return tree.Like(span_of(c), c[0], c[-1], has(c, "NOT"), has(c, "ILIKE"))

    def is_null(self, c: Children) -> tree.IsNull:
        return tree.IsNull(span_of(c), c[0], has(c, "NOT"))

    def exists(self, c: Children) -> tree.Exists:
        return tree.Exists(span_of(c), c[1])

    def concat(self, c: Children) -> tree.Concatenation:
        return tree.Concatenation(span_of(c), tuple(c))

    def arithmetic(self, c: Children) -> tree.Arithmetic:
        return tree.Arithmetic(span_of(c), c[0], tuple(str(i) for i in c[1::2]), tuple(c[2::2]))

    def signed(self, c: Children) -> tree.Signed:
        return tree.Signed(span_of(c), str(c[0]), c[1])

    def number(self, c: Children) -> tree.Number:
        return tree.Number(span_of(c), str(c[0]))

    def string(self, c: Children) -> tree.String:
        return tree.String(span_of(c), "".join(map(_unquoted, c)))

    def null(self, c: Children) -> tree.Null:
        return tree.Null(span_of(c))

    def boolean(self, c: Children) -> tree.Boolean:
        return tree.Boolean(span_of(c), c[0].type == "TRUE")

    def column(self, c: Children) -> tree.ColumnReference:
        return tree.ColumnReference(span_of(c), tuple(c[0]))

    def parens(self, c: Children) -> tree.Expression:
        inner: tree.Expression = c[1]
        return tree.Parens(span_of(c), inner) if isinstance(inner, _COMPOUND) else inner

    def scalar_query(self, c: Children) -> tree.ScalarQuery:
        return tree.ScalarQuery(span_of(c), c[0])

    def call(self, c: Children) -> tree.Call:
        return tree.Call(span_of(c), str(c[0].upper()), c[2] or ())

    def user_call(self, c: Children) -> tree.UserCall | tree.Call:
        if c[0].upper() == "COT":  # a function but no reserved word of ADQL 2.0 (Appendix A)
            return self.call(c)
        return tree.UserCall(span_of(c), self.ident(c), c[2] or ())

    def arguments(self, c: Children) -> tuple[tree.Expression, ...]:
        return tuple(c)

    def count_all(self, c: Children) -> tree.Aggregate:
        return tree.Aggregate(span_of(c), str(c[0].upper()), None)

    def aggregate(self, c: Children) -> tree.Aggregate:
        return tree.Aggregate(span_of(c), str(c[0].upper()), c[3], c[2])

    def cast(self, c: Children) -> tree.Cast:
        operand, target = nodes_in(c)
        return tree.Cast(span_of(c), operand, target)

    def cast_type(self, c: Children) -> tree.CastType:
        name = "DOUBLE PRECISION" if has(c, "PRECISION") else str(c[0].upper())
        lengths = [count(t) for t in c if isinstance(t, Token) and t.type == "INT"]
        return tree.CastType(span_of(c), name, lengths[0] if lengths else None)

    def when(self, c: Children) -> tree.When:
        return tree.When(span_of(c), *nodes_in(c))

    def case(self, c: Children) -> tree.Case:
        after_else = has(c, "ELSE")
        nodes = nodes_in(c)
        otherwise = nodes.pop() if after_else else None
        subject = None if isinstance(nodes[0], tree.When) else nodes.pop(0)
        return tree.Case(span_of(c), subject, tuple(nodes), otherwise)
