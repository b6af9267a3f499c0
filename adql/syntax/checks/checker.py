"""What every check uses: conditions and values told apart, kinds of values, versions.

The grammar of the standard tells numbers, texts, geometries and conditions apart by rule; here it
is one pass over the tree, so that the message can say what was meant.
"""

from typing import NoReturn

from adql.functions.elsewhere import advice
from adql.syntax import complaints, tree
from adql.syntax.signatures import SIGNATURES, Kind
from adql.syntax.tree import Expression, Node
from adql.syntax.words import Version

KIND_OF_TYPE: dict[str, Kind] = {
    "SMALLINT": "number",
    "INTEGER": "number",
    "BIGINT": "number",
    "REAL": "number",
    "DOUBLE PRECISION": "number",
    "POINT": "geometry",
    "CIRCLE": "geometry",
    "POLYGON": "geometry",
}
"""The types of CAST that fix the kind of their result."""

_KINDS = {"number": "a number", "text": "a text", "geometry": "a geometry"}
_SHAPES = frozenset({"BOX", "CIRCLE", "POLYGON", "REGION"})


def unwrapped(expression: Expression) -> Expression:
    """The expression within parentheses."""
    while isinstance(expression, tree.Parens):
        expression = expression.operand
    return expression


def is_condition(expression: Expression) -> bool:
    """Whether it is true or false, rather than a value."""
    return isinstance(unwrapped(expression), tree.CONDITIONS)


def kind(expression: Expression) -> Kind:
    """The kind that the form of an expression fixes; literals, columns, parentheses fix none."""
    if isinstance(expression, tree.Arithmetic | tree.Signed):
        return "number"
    if isinstance(expression, tree.Concatenation):
        return "text"
    if isinstance(expression, tree.Call) and expression.name in SIGNATURES:
        return SIGNATURES[expression.name].result
    if isinstance(expression, tree.Cast):
        return KIND_OF_TYPE.get(expression.target.name, "any")
    return "any"


def may_be_point(expression: Expression) -> bool:
    """Whether its form may give a point (coord_value in ADQL 2.1 Appendix A)."""
    if isinstance(expression, tree.Call) and expression.name in _SHAPES:
        return False
    return not isinstance(expression, tree.Number | tree.String | tree.Null)


def _is_point_2_0(expression: Expression) -> bool:
    """coord_value of ADQL 2.0, Appendix A."""
    if isinstance(expression, tree.Call):
        return expression.name == "POINT"
    return isinstance(expression, tree.ColumnReference)


_AS_VALUE = "write CASE WHEN ... THEN 1 ELSE 0 END, which LANG=ADQL takes"


class Checker:
    """One pass over one tree."""

    def __init__(self, text: str, version: Version) -> None:
        self.text = text
        self.version = version
        self.joins = 0

    def fail(self, node: Node, message: str, suggestion: str | None = None) -> NoReturn:
        raise complaints.about(self.text, node, message, suggestion)

    def value(self, expression: Expression) -> None:
        if is_condition(expression):
            self.fail(expression, f"a condition stands where a value is needed: {_AS_VALUE}")

    def condition(self, expression: Expression) -> None:
        inner = unwrapped(expression)
        if is_condition(inner) or (isinstance(inner, tree.Boolean) and self.version == "ADQL"):
            return
        if isinstance(inner, tree.Call) and inner.name in ("CONTAINS", "INTERSECTS"):
            self.fail(inner, f"{inner.name} gives 1 or 0: write 1 = {inner.name}(...)")
        if isinstance(inner, tree.UserCall):
            name = inner.name.name
            known = advice(name)
            self.fail(inner.name, known or f"{name} gives a value: write 1 = {name}(...)")
        written = self.text[inner.span.start : inner.span.end]
        what = written if len(written) <= 40 and "\n" not in written else "this"
        self.fail(inner, f"{what} is a value where a condition is needed: compare it with another")

    def expects(self, expression: Expression, wanted: Kind, where: str) -> None:
        self.value(expression)
        if wanted == "point" and not may_be_point(expression):
            self.fail(
                expression, f"{where} takes a point here: write POINT(...) or a column of points"
            )
        if wanted == "point" and self.version == "2.0" and not _is_point_2_0(expression):
            self.fail(expression, f"in ADQL 2.0 {where} takes POINT(...) or a column")
        wanted = "geometry" if wanted == "point" else wanted
        found = kind(expression)
        if "any" not in (found, wanted) and found != wanted:
            self.fail(expression, f"{where} takes {_KINDS[wanted]}, not {_KINDS[found]}")

    def needs_2_1(self, node: Node, what: str) -> None:
        if self.version == "2.0":
            self.fail(node, f"{what} is not in ADQL 2.0: ask for LANG=ADQL-2.1")

    def extension(self, node: Node, what: str) -> None:
        if self.version != "ADQL":
            self.fail(node, f"{what} is an extension: ask for LANG=ADQL")
