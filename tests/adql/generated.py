"""Hypothesis strategies for syntax trees: every node of the language, nested and combined.

A tree is made as the parser makes it (parentheses only around what is compound, chains flat), so
`parse(to_text(tree)) == tree`.  Names are made up: the trees are for the grammar, not to be run.
"""

from collections.abc import Callable
from typing import Any, Literal, TypeVar

from hypothesis import strategies as st

from adql.syntax import tree
from adql.syntax.words import RESERVED, Version

NOWHERE = tree.Span(0, 0)
Kind = Literal["number", "text", "geometry"]
T = TypeVar("T")

_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)
_QUOTES = st.sampled_from(["'", '"', "a''b", '""', "--", "1, 2", ")", "é\n", "\\", "%_"])
_WORDS = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,3}", fullmatch=True).filter(
    lambda word: word.upper() not in RESERVED
)
_NUMBERS = st.from_regex(
    r"(?:[0-9]{1,12}(?:\.[0-9]{0,4})?|\.[0-9]{1,4})(?:[eE][+-]?[0-9]{1,3})?", fullmatch=True
)
_NUMERIC_FUNCTIONS = {"ABS": 1, "LOG10": 1, "ATAN2": 2, "MOD": 2, "POWER": 2, "PI": 0, "COT": 1}
_AGGREGATES = ("AVG", "MIN", "MAX", "SUM", "COUNT")
_TYPES = {
    "number": ("SMALLINT", "INTEGER", "BIGINT", "REAL", "DOUBLE PRECISION"),
    "text": ("CHAR", "VARCHAR", "TIMESTAMP"),
    "geometry": ("POINT", "CIRCLE", "POLYGON"),
}


class Trees:
    """Draws nodes; `depth` is how many levels may still lie below."""

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any], version: Version) -> None:
        self.draw = draw
        self.version = version
        self.newer = version != "2.0"
        self.extended = version == "ADQL"

    def one(self, *makers: Callable[[], T]) -> T:
        """What one of the makers gives."""
        chosen: int = self.draw(st.integers(0, len(makers) - 1))
        return makers[chosen]()

    def several(self, make: Callable[[], T], least: int = 1, most: int = 2) -> tuple[T, ...]:
        return tuple(make() for _ in range(self.draw(st.integers(least, most))))

    def flag(self) -> bool:
        result: bool = self.draw(st.booleans())
        return result

    def perhaps(self, make: Callable[[], T]) -> T | None:
        return make() if self.flag() else None

    # -- names and literals

    def name(self) -> tree.Identifier:
        if self.draw(st.integers(0, 3)):
            return tree.Identifier(NOWHERE, self.draw(_WORDS))
        return tree.Identifier(NOWHERE, self.draw(_QUOTES | _TEXT.filter(bool)), True)

    def column(self, most: int = 4) -> tree.ColumnReference:
        return tree.ColumnReference(NOWHERE, self.several(self.name, 1, most))

    def number(self) -> tree.Number:
        return tree.Number(NOWHERE, self.draw(_NUMBERS))

    def whole(self) -> tree.Number:
        return tree.Number(NOWHERE, str(self.draw(st.integers(0, 10**9))))

    def string(self) -> tree.String:
        return tree.String(NOWHERE, self.draw(_QUOTES | _TEXT))

    def null(self) -> tree.Null:
        return tree.Null(NOWHERE)

    # -- values

    def primary(self, depth: int, kind: Kind | None = None) -> tree.Expression:
        if depth <= 0:
            return self.one(self.column, self.number, self.string, self.null)
        return self.one(
            self.column,
            self.number,
            self.string,
            lambda: self.call(depth - 1, kind or self.draw(st.sampled_from(list(_TYPES)))),
            lambda: self.user_call(depth - 1),
            lambda: self.aggregate(depth - 1),
            lambda: self.parens(depth - 1),
            *([lambda: tree.ScalarQuery(NOWHERE, self.query(depth - 1))]),
            *([lambda: self.cast(depth - 1, kind)] if self.newer else []),
            *([lambda: self.case(depth - 1)] if self.extended else []),
        )

    def parens(self, depth: int) -> tree.Expression:
        compound = self.one(
            lambda: self.signed(depth),
            lambda: self.product(depth, 1),
            lambda: self.sum(depth, 1),
            lambda: self.concatenation(depth),
        )
        return tree.Parens(NOWHERE, compound)

    def signed(self, depth: int) -> tree.Expression:
        sign = self.draw(st.sampled_from("+-"))
        return tree.Signed(NOWHERE, sign, self.primary(depth, "number"))

    def factor(self, depth: int) -> tree.Expression:
        return self.one(lambda: self.primary(depth, "number"), lambda: self.signed(depth))

    def _chain(
        self, operators: str, operand: Callable[[], tree.Expression], least: int
    ) -> tree.Expression:
        first = operand()
        rest = self.several(operand, least, 2)
        if not rest:
            return first
        signs = tuple(self.draw(st.sampled_from(operators)) for _ in rest)
        return tree.Arithmetic(NOWHERE, first, signs, rest)

    def product(self, depth: int, least: int = 0) -> tree.Expression:
        return self._chain("*/", lambda: self.factor(depth), least)

    def sum(self, depth: int, least: int = 0) -> tree.Expression:
        return self._chain("+-", lambda: self.product(depth), least)

    def concatenation(self, depth: int) -> tree.Expression:
        operands = self.several(lambda: self.primary(depth, "text"), 2, 3)
        return tree.Concatenation(NOWHERE, operands)

    def value(self, depth: int) -> tree.Expression:
        if depth <= 0:
            return self.primary(0)
        return self.one(
            lambda: self.primary(depth), lambda: self.sum(depth), lambda: self.concatenation(depth)
        )

    def call(self, depth: int, kind: Kind) -> tree.Expression:
        if kind == "geometry":
            return self.geometry(depth)
        if kind == "text":
            if not self.newer:
                return tree.Call(NOWHERE, "COORDSYS", (self.geometry(depth),))
            name = self.draw(st.sampled_from(["UPPER", "LOWER"]))
            return tree.Call(NOWHERE, name, (self.primary(depth, "text"),))
        return self.one(
            lambda: self.numeric_call(depth),
            lambda: tree.Call(NOWHERE, "ROUND", (self.sum(depth), self.whole())),
            lambda: tree.Call(NOWHERE, "RAND", self.several(self.whole, 0, 1)),
            lambda: tree.Call(NOWHERE, "AREA", (self.geometry(depth),)),
            lambda: tree.Call(
                NOWHERE, "CONTAINS", (self.geometry(depth), self.primary(depth, "geometry"))
            ),
            lambda: tree.Call(NOWHERE, "DISTANCE", (self.point(depth), self.column())),
        )

    def numeric_call(self, depth: int) -> tree.Expression:
        name = self.draw(st.sampled_from(list(_NUMERIC_FUNCTIONS)))
        count = _NUMERIC_FUNCTIONS[name]
        return tree.Call(NOWHERE, name, self.several(lambda: self.sum(depth), count, count))

    def geometry(self, depth: int) -> tree.Expression:
        name, least, most = self.draw(
            st.sampled_from([("POINT", 2, 2), ("CIRCLE", 3, 3), ("BOX", 4, 4), ("POLYGON", 3, 5)])
        )
        count = 2 * self.draw(st.integers(least, most)) if name == "POLYGON" else least
        frame = (self.string(),) if not self.newer or self.flag() else ()
        numbers = self.several(lambda: self.product(depth - 1), count, count)
        if not frame and isinstance(numbers[0], tree.String | tree.Null):
            numbers = (self.number(), *numbers[1:])
        return tree.Call(NOWHERE, name, frame + numbers)

    def point(self, depth: int) -> tree.Expression:
        frame = () if self.newer else (self.string(),)
        return tree.Call(NOWHERE, "POINT", (*frame, self.number(), self.factor(depth)))

    def user_call(self, depth: int) -> tree.Expression:
        name = tree.Identifier(NOWHERE, "ivo_" + self.draw(_WORDS))
        return tree.UserCall(NOWHERE, name, self.several(lambda: self.value(depth), 0, 3))

    def aggregate(self, depth: int) -> tree.Expression:
        if not self.draw(st.integers(0, 3)):
            return tree.Aggregate(NOWHERE, "COUNT", None)
        name = self.draw(st.sampled_from(_AGGREGATES))
        quantifier = self.draw(st.sampled_from([None, "DISTINCT", "ALL"]))
        return tree.Aggregate(NOWHERE, name, self.one(self.column, self.number), quantifier)

    def cast(self, depth: int, kind: Kind | None) -> tree.Expression:
        name = self.draw(st.sampled_from(_TYPES[kind or "text"]))
        length = self.perhaps(lambda: 1 + len(name)) if name in ("CHAR", "VARCHAR") else None
        return tree.Cast(NOWHERE, self.value(depth), tree.CastType(NOWHERE, name, length))

    def case(self, depth: int) -> tree.Expression:
        subject = self.perhaps(lambda: self.value(depth))
        when = self.condition if subject is None else self.value
        branches = self.several(
            lambda: tree.When(NOWHERE, when(depth), self.value(depth)),
        )
        return tree.Case(NOWHERE, subject, branches, self.perhaps(lambda: self.value(depth)))

    # -- conditions

    def condition(self, depth: int) -> tree.Expression:
        if depth <= 0:
            return self.comparison(0)
        return self._logical("OR", lambda: self._logical("AND", lambda: self.negation(depth)))

    def _logical(
        self, operator: Literal["AND", "OR"], operand: Callable[[], tree.Expression]
    ) -> tree.Expression:
        operands = self.several(operand)
        return operands[0] if len(operands) == 1 else tree.Logical(NOWHERE, operator, operands)

    def negation(self, depth: int) -> tree.Expression:
        inner = self.one(
            lambda: self.predicate(depth),
            lambda: self.predicate(depth),
            lambda: self.grouped_condition(depth),
        )
        return tree.Not(NOWHERE, inner) if self.flag() else inner

    def grouped_condition(self, depth: int) -> tree.Expression:
        if depth <= 0:
            return self.predicate(depth)
        inner = self.condition(depth - 1)
        grouped = isinstance(inner, tree.Boolean | tree.Parens)
        return inner if grouped else tree.Parens(NOWHERE, inner)

    def predicate(self, depth: int) -> tree.Expression:
        return self.one(
            lambda: self.comparison(depth),
            lambda: tree.Between(
                NOWHERE,
                self.value(depth - 1),
                self.value(depth - 1),
                self.value(depth - 1),
                self.flag(),
            ),
            lambda: self.in_literals(depth),
            lambda: self.in_list(depth),
            lambda: tree.IsNull(
                NOWHERE, self.value(depth - 1) if self.extended else self.column(), self.flag()
            ),
            lambda: self.like(depth),
            *([lambda: tree.Exists(NOWHERE, self.query(depth - 1))] if depth > 0 else []),
            *([lambda: self.in_query(depth)] if depth > 0 else []),
            *([lambda: tree.Boolean(NOWHERE, self.flag())] if self.extended else []),
        )

    def comparison(self, depth: int) -> tree.Expression:
        operator = self.draw(st.sampled_from(["=", "<>", "<", ">", "<=", ">="]))
        return tree.Comparison(NOWHERE, self.value(depth - 1), operator, self.value(depth - 1))

    def like(self, depth: int) -> tree.Expression:
        value, pattern = self.primary(depth - 1, "text"), self.primary(depth - 1, "text")
        return tree.Like(NOWHERE, value, pattern, self.flag(), self.newer and self.flag())

    def in_literals(self, depth: int) -> tree.Expression:
        signs = st.sampled_from(["", "+", "-"])
        items = self.several(
            lambda: self.one(
                lambda: (self.draw(signs) + self.draw(_NUMBERS), False),
                lambda: (self.string().value, True),
            ),
            1,
            5,
        )
        texts, strings = zip(*items, strict=True)
        kind: Any = "strings" if all(strings) else "mixed" if any(strings) else "numbers"
        return tree.InLiterals(NOWHERE, self.value(depth - 1), kind, texts, strings, self.flag())

    def in_list(self, depth: int) -> tree.Expression:
        items = (self.column(), *self.several(lambda: self.value(depth - 1), 0, 4))
        ordered = tuple(self.draw(st.permutations(items)))
        return tree.InList(NOWHERE, self.value(depth - 1), ordered, self.flag())

    def in_query(self, depth: int) -> tree.Expression:
        return tree.InQuery(NOWHERE, self.value(depth - 1), self.query(depth - 1), self.flag())

    # -- FROM

    def table(self, depth: int) -> tree.TableReference:
        if depth <= 0:
            return tree.TableName(NOWHERE, self.several(self.name), self.perhaps(self.name))
        return self.one(
            lambda: self.table(0),
            lambda: self.join(depth - 1),
            lambda: self.primary_table(depth),
        )

    def primary_table(self, depth: int) -> tree.TableReference:
        if depth <= 0:
            return self.table(0)
        return self.one(
            lambda: self.table(0),
            lambda: tree.DerivedTable(NOWHERE, self.query(depth - 1), self.name()),
            lambda: tree.ParensTable(NOWHERE, self.join(depth - 1)),
            lambda: tree.ParensTable(NOWHERE, tree.ParensTable(NOWHERE, self.join(depth - 1))),
        )

    def join(self, depth: int) -> tree.Join:
        left = self.table(depth)
        kind: tree.JoinKind = self.draw(st.sampled_from(["INNER", "LEFT", "RIGHT", "FULL"]))
        if self.extended and not self.draw(st.integers(0, 4)):
            return tree.Join(NOWHERE, left, self.primary_table(depth), "CROSS")
        if not self.draw(st.integers(0, 2)):
            return tree.Join(NOWHERE, left, self.primary_table(depth), kind, natural=True)
        right = self.table(depth)
        if self.flag():
            return tree.Join(NOWHERE, left, right, kind, on=self.condition(depth - 1))
        return tree.Join(NOWHERE, left, right, kind, using=self.several(self.name))

    # -- queries

    def query(self, depth: int) -> tree.Query:
        body: Any
        if not self.newer:
            return tree.Query(NOWHERE, self.select(depth), self.order_by(depth))
        order_by, offset = self.order_by(depth), self.perhaps(lambda: self.draw(st.integers(0, 99)))
        makers: list[Callable[[], Any]] = [lambda: self.select(depth)] * 3
        if depth > 0:
            makers.append(lambda: self.union(depth - 1))
            if order_by or offset is not None:
                makers.append(lambda: self.query(depth - 1))
        body = self.one(*makers)
        return tree.Query(NOWHERE, body, order_by, offset)

    def whole_query(self, depth: int) -> tree.Query:
        """With common tables."""
        query = self.query(depth)
        if not self.newer or self.flag():
            return query
        tables = self.several(
            lambda: tree.CommonTable(NOWHERE, self.name(), self.query(depth - 1)), 1, 2
        )
        return tree.Query(NOWHERE, query.body, query.order_by, query.offset, tables)

    def union(self, depth: int) -> tree.SetOperation:
        def combined(words: list[str], operand: Callable[[], Any], least: int) -> Any:
            first, rest = operand(), self.several(operand, least, 2)
            if not rest:
                return first
            operators = tuple(self.draw(st.sampled_from(words)) for _ in rest)
            return tree.SetOperation(NOWHERE, first, operators, rest)

        def operand() -> Any:
            return self.one(lambda: self.select(depth), lambda: self.query(depth - 1))

        unions = ["UNION", "UNION ALL", "EXCEPT", "EXCEPT ALL"]
        meets = ["INTERSECT", "INTERSECT ALL"]
        result: tree.SetOperation = combined(unions, lambda: combined(meets, operand, 0), 1)
        return result

    def select(self, depth: int) -> tree.Select:
        quantifier = self.draw(st.sampled_from([None, "DISTINCT", "ALL"]))
        best_of: tuple[tree.Expression, ...] = ()
        if self.extended and not self.draw(st.integers(0, 3)):
            quantifier, best_of = None, self.several(lambda: self.value(depth - 1))
        group_by = self.several(lambda: self.value(depth - 1), 0, 2)
        return tree.Select(
            NOWHERE,
            quantifier,
            self.perhaps(lambda: self.draw(st.integers(0, 10**6))),
            self.items(depth - 1),
            self.several(lambda: self.table(depth - 1), 1, 2),
            self.perhaps(lambda: self.condition(depth - 1)),
            group_by if self.newer else self.several(self.column, 0, 2),
            self.perhaps(lambda: self.condition(depth - 1)),
            best_of,
        )

    def items(self, depth: int) -> tuple[tree.Star | tree.SelectItem, ...]:
        def item() -> tree.Star | tree.SelectItem:
            if not self.draw(st.integers(0, 4)):
                return tree.Star(NOWHERE, () if self.extended else self.several(self.name))
            return tree.SelectItem(NOWHERE, self.value(depth), self.perhaps(self.name))

        return self.one(lambda: (tree.Star(NOWHERE),), lambda: self.several(item))

    def order_by(self, depth: int) -> tuple[tree.OrderTerm, ...]:
        def term() -> tree.OrderTerm:
            if self.newer:
                key = self.one(lambda: self.value(depth - 1), self.whole)
            else:
                key = self.one(lambda: self.column(1), self.whole)
            return tree.OrderTerm(NOWHERE, key, self.flag())

        return self.several(term, 0, 2)


@st.composite
def queries(draw: Any, version: Version = "ADQL", depth: int = 3) -> tree.Query:
    """Whole queries that are valid in a version."""
    return Trees(draw, version).whole_query(depth)


@st.composite
def conditions(draw: Any, version: Version = "ADQL", depth: int = 3) -> tree.Expression:
    """What may stand in WHERE."""
    return Trees(draw, version).condition(depth)
