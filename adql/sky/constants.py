"""Numbers and shapes of a query that are known before any row is read."""

import math

from adql.functions.frames import frame_named
from adql.sky import shapes, stcs
from adql.sky.shapes import Geometry, Point
from adql.syntax import complaints, tree
from adql.syntax.checks import unwrapped, without_frame
from adql.syntax.tree import Expression


def number(expression: Expression) -> int | float | None:
    """The value of a constant expression by SQL's rules (3/2 is 1), or None."""
    inner = unwrapped(expression)
    if isinstance(inner, tree.Number):
        whole = inner.text.isdigit() and len(inner.text) < 20 and int(inner.text) < 2**63
        return int(inner.text) if whole else float(inner.text)
    if isinstance(inner, tree.Signed):
        value = number(inner.operand)
        return None if value is None else -value if inner.sign == "-" else value
    if isinstance(inner, tree.Arithmetic):
        return _arithmetic(inner)
    return None


def _arithmetic(node: tree.Arithmetic) -> int | float | None:
    total = number(node.first)
    for operator, operand in zip(node.operators, node.rest, strict=True):
        value = number(operand)
        if total is None or value is None or (operator == "/" and value == 0):
            return None
        if isinstance(value, float):
            total = _limited(total)
        if operator == "+":
            total += value
        elif operator == "-":
            total -= value
        elif operator == "*":
            total *= value
        elif isinstance(total, int) and isinstance(value, int):
            quotient = abs(total) // abs(value)
            total = quotient if (total < 0) == (value < 0) else -quotient
        else:
            total /= value
    return None if total is None else _limited(total)


def _limited(value: int | float) -> int | float:
    """Infinity for a whole number that no bigint holds."""
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return math.inf if value > 0 else -math.inf
    return value


class ConstantShapes:
    """Finds constant geometries, brings them to ICRS and checks their ranges."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._known: dict[int, Geometry | None] = {}

    def shape(self, expression: Expression) -> Geometry | None:
        """The constant geometry that an expression is, in ICRS; None where it is none.

        Raises ADQLError where a coordinate or a size is out of its range.
        """
        inner = unwrapped(expression)
        if id(inner) not in self._known:
            self._known[id(inner)] = self._shape(inner)
        return self._known[id(inner)]

    def _shape(self, inner: Expression) -> Geometry | None:
        if isinstance(inner, tree.Cast) and isinstance(inner.operand, tree.String):
            return self._cast(inner, inner.operand)
        if isinstance(inner, tree.UserCall):
            return self._turned(inner)
        if not isinstance(inner, tree.Call):
            return None
        if inner.name == "REGION":
            return self._region(inner.arguments[0])
        if inner.name not in ("POINT", "CIRCLE", "BOX", "POLYGON"):
            return None
        try:
            found = self._built(inner.name, without_frame(inner))
            frame = self._frame(inner)
            return found if found is None else shapes.from_frame(found, frame)
        except ValueError as error:
            raise complaints.about(self.text, inner, str(error)) from None

    def _turned(self, call: tree.UserCall) -> Geometry | None:
        """A constant in another frame: ivo_geom_transform is rotation, done here once for all rows
        and for the index."""
        if call.name.name.lower() != "ivo_geom_transform" or len(call.arguments) != 3:
            return None
        texts = [unwrapped(argument) for argument in call.arguments[:2]]
        source, target = (
            frame_named(text.value) if isinstance(text, tree.String) else None for text in texts
        )
        found = self.shape(call.arguments[2])
        if source is None or target is None or found is None:
            return None
        return shapes.from_frame(found, source, target)

    def position(self, lon: Expression, lat: Expression) -> Point | None:
        """The constant position that two numbers are, or None."""
        a, b = number(lon), number(lat)
        if a is None or b is None:
            return None
        try:
            return shapes.point(_real(a), _real(b))
        except ValueError as error:
            raise complaints.about(self.text, lon, str(error)) from None

    def refuse_frame(self, call: tree.Call) -> None:
        """Refuse values of rows in another frame than ICRS: the argument is deprecated and may be
        ignored (ADQL 2.1 §4.1.5), but never so that other positions are taken for ICRS."""
        frame = self._frame(call)
        if frame != "ICRS":
            message = (
                f"columns cannot be converted from {frame}: this archive's positions are ICRS; "
                "give ICRS coordinates and leave the argument out"
            )
            raise complaints.about(self.text, call.arguments[0], message)

    def _frame(self, call: tree.Call) -> str:
        first = unwrapped(call.arguments[0]) if without_frame(call) != call.arguments else None
        return stcs.frame_of(first.value) if isinstance(first, tree.String) else "ICRS"

    def _cast(self, node: tree.Cast, text: tree.String) -> Geometry | None:
        if node.target.name not in ("POINT", "CIRCLE", "POLYGON"):
            return None
        words = text.value.split()
        try:
            return stcs.shape_of(node.target.name, words)
        except ValueError as error:
            message = f"'{text.value[:40]}' is no {node.target.name}: {error}"
            raise complaints.about(self.text, text, message) from None

    def _region(self, literal: Expression) -> Geometry | None:
        if not isinstance(literal, tree.String):
            return None
        try:
            return stcs.parse(literal.value)
        except ValueError as error:
            raise complaints.about(self.text, literal, f"REGION: {error}") from None

    def _built(self, name: str, arguments: tuple[Expression, ...]) -> Geometry | None:
        """The shape of a constructor, before its frame is looked at."""
        if name == "POLYGON":
            return self._polygon(arguments)
        sizes = {"POINT": 0, "CIRCLE": 1, "BOX": 2}[name]
        count = len(arguments) - sizes
        centre = self._centre(arguments[:count])
        known = [_real(n) for n in map(number, arguments[count:]) if n is not None]
        if centre is None or len(known) < sizes:
            return None
        if name == "CIRCLE":
            return shapes.circle(centre, *known)
        return shapes.box(centre, *known) if name == "BOX" else centre

    def _centre(self, arguments: tuple[Expression, ...]) -> Point | None:
        if len(arguments) == 1:
            found = self.shape(arguments[0])
            return found if isinstance(found, Point) else None
        lon, lat = map(number, arguments)
        return None if lon is None or lat is None else shapes.point(_real(lon), _real(lat))

    def _polygon(self, arguments: tuple[Expression, ...]) -> Geometry | None:
        values = [number(a) for a in arguments]
        known = [_real(v) for v in values if v is not None]
        if len(known) == len(arguments):
            pairs = zip(known[::2], known[1::2], strict=True)
            return shapes.polygon(tuple(shapes.point(lon, lat) for lon, lat in pairs))
        points = [p for p in map(self.shape, arguments) if isinstance(p, Point)]
        return shapes.polygon(tuple(points)) if len(points) == len(arguments) else None


def _real(value: int | float) -> float:
    """A number as double precision; a whole one may be too large for that."""
    try:
        return float(value)
    except OverflowError:
        return math.inf
