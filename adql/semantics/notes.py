"""What the author of an accepted query should know: where it may not mean what it seems to."""

from collections.abc import Callable, Iterator
from typing import Any

from adql.semantics import units
from adql.semantics.links import unlinked
from adql.semantics.scopes import Resolution
from adql.semantics.types import Typing
from adql.syntax import complaints, tree
from adql.syntax.checks import unwrapped, without_frame
from adql.syntax.tree import Expression, Node
from adql.syntax.words import Version
from adql.translation import Note

MAX_NOTES = 20
"""Notes on one query."""

_TRIGONOMETRIC = frozenset({"SIN", "COS", "TAN", "COT"})
_TAKE_DEGREES = frozenset({"POINT", "CIRCLE", "BOX", "POLYGON", "DISTANCE"})
_OTHER_ANGLES = frozenset({"arcmin", "arcsec", "mas", "uas"})

Found = Iterator[tuple[Node, str]]


class _Reader:
    """What the rules ask of one typed query."""

    def __init__(self, text: str, version: Version, resolution: Resolution, typing: Typing) -> None:
        self.text = text
        self.version = version
        self.resolution = resolution
        self.typing = typing

    def written(self, node: Node) -> str:
        """The text of a node, where it is short enough to be repeated."""
        source = self.text[node.span.start : node.span.end]
        return source if len(source) <= 40 and "\n" not in source else "..."

    def unit(self, expression: Expression) -> str | None:
        return self.typing.of(expression).meta.unit

    def is_whole(self, expression: Expression) -> bool:
        return self.typing.of(expression).is_integer


def _comparison(r: _Reader, node: tree.Comparison) -> Found:
    for side, other in ((node.right, node.left), (node.left, node.right)):
        if isinstance(unwrapped(side), tree.Null):
            negation = "NOT " if node.operator == "<>" else ""
            yield (
                node,
                f"a comparison with NULL is never true: write {r.written(other)} IS {negation}NULL",
            )
            return


def _literal(expression: Expression) -> int | None:
    inner = unwrapped(expression)
    return int(inner.text) if isinstance(inner, tree.Number) and inner.text.isdigit() else None


def _division(r: _Reader, node: tree.Arithmetic) -> Found:
    """The first division of two whole numbers in a chain; after it nothing new is to say."""
    left = node.first
    for index, (operator, right) in enumerate(zip(node.operators, node.rest, strict=True)):
        if not (r.is_whole(left) and r.is_whole(right)):
            return
        if operator == "/":
            a, b = (_literal(left), _literal(right)) if index == 0 else (None, None)
            if a is None or not b:
                yield node, "the quotient of whole numbers is a whole number: write 1. * in front"
            elif a % b:
                yield node, f"{a}/{b} is {a // b}, as both are whole numbers: write {a}./{b}"
            return
        left = right


def _arithmetic(r: _Reader, node: tree.Arithmetic) -> Found:
    yield from _division(r, node)
    if node.operators[0] in "+-":
        terms = (node.first, *node.rest)
        known = {unit: term for term in reversed(terms) if (unit := r.unit(term))}
        if len(known) > 1:
            (a, first), (b, second) = list(known.items())[::-1][:2]
            try:
                units.factor(b, a)
                remedy = f": write IN_UNIT({r.written(second)}, '{a}')"
            except units.UnitError:
                remedy = ", which cannot become that"
            yield node, f"{r.written(first)} is in {a}, {r.written(second)} in {b}{remedy}"


def _call(r: _Reader, node: tree.Call) -> Found:
    if r.version != "2.0":
        yield from _deprecated(r, node)
    arguments = without_frame(node)
    if node.name in _TRIGONOMETRIC:
        yield from _not_radians(r, node, arguments[0])
    elif node.name in _TAKE_DEGREES:
        for argument in arguments:
            value = r.typing.of(argument)
            if value.kind == "number" and value.meta.unit in _OTHER_ANGLES | {"rad"}:
                yield (
                    argument,
                    f"{node.name} takes degrees, {r.written(argument)} is in {value.meta.unit}: "
                    f"write IN_UNIT({r.written(argument)}, 'deg')",
                )


def _not_radians(r: _Reader, node: tree.Call, argument: Expression) -> Found:
    unit, written = r.unit(argument), r.written(argument)
    if _is_scaled(argument):
        return
    if unit == "deg":
        remedy = f"RADIANS({written})"
    elif unit in _OTHER_ANGLES:
        remedy = f"IN_UNIT({written}, 'rad')"
    else:
        return
    yield argument, f"{node.name} takes radians, {written} is in {unit}: write {remedy}"


def _is_scaled(argument: Expression) -> bool:
    """Whether it multiplies or divides, as a conversion by hand does: dec * PI() / 180."""
    return any(
        isinstance(node, tree.Arithmetic) and node.operators[0] in "*/"
        for node, _ in tree.walk(argument)
    )


def _deprecated(r: _Reader, node: tree.Call) -> Found:
    """ADQL 2.1 §4.2.5 (coordinate system), §4.2.9 (BOX), §4.2.15 (COORDSYS)."""
    if node.name == "BOX":
        yield node, "BOX is deprecated in ADQL 2.1: write POLYGON with the four corners"
    if node.name == "COORDSYS":
        yield node, "COORDSYS is deprecated in ADQL 2.1: all positions here are ICRS"
    if len(without_frame(node)) < len(node.arguments):
        frame = node.arguments[0]
        yield (
            frame,
            f"the coordinate system {r.written(frame)} is deprecated in ADQL 2.1: "
            f"write {node.name} without it, in ICRS",
        )


def _join(r: _Reader, node: tree.Join) -> Found:
    if node.natural and id(node) not in r.resolution.merged:
        yield node, "the tables have no column in common: NATURAL JOIN pairs every row with every"


def _select(r: _Reader, node: tree.Select) -> Found:
    for table in unlinked(node, r.resolution):
        yield (
            table,
            f"no condition links {r.written(table)} with the tables before it: every row is paired "
            "with every row; write JOIN and ON",
        )


_RULES: dict[type[Node], Callable[[_Reader, Any], Found]] = {
    tree.Arithmetic: _arithmetic,
    tree.Call: _call,
    tree.Comparison: _comparison,
    tree.Join: _join,
    tree.Select: _select,
}


def notes_on(
    text: str, version: Version, query: tree.Query, resolution: Resolution, typing: Typing
) -> tuple[Note, ...]:
    """The notes on a query whose types are known, in the order of the text."""
    reader = _Reader(text, version, resolution, typing)
    notes: list[Note] = []
    for node, _ in tree.walk(query):
        rule = _RULES.get(type(node))
        if rule is None:
            continue
        for place, message in rule(reader, node):
            if len(notes) == MAX_NOTES:
                return tuple(notes)
            line, column = complaints.position(text, place.span.start)
            notes.append(Note(message, line, column, place.span.end - place.span.start))
    return tuple(notes)
