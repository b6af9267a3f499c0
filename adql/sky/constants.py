"""Numbers and shapes of a query that are known before any row is read."""

import math

from adql.sky import shapes
from adql.sky.shapes import Circle, Point, Polygon, Shape
from adql.syntax import complaints, tree
from adql.syntax.checks import unwrapped, without_frame
from adql.syntax.tree import Expression


def number(expression: Expression) -> int | float | None:
    """The value of a constant expression by SQL's rules (3/2 is 1), or None."""
    inner = unwrapped(expression)
    if isinstance(inner, tree.Number):
        return (
            int(inner.text) if inner.text.isdigit() and len(inner.text) < 19 else float(inner.text)
        )
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
        if operator == "+":
            total += value
        elif operator == "-":
            total -= value
        elif operator == "*":
            total *= value
        elif isinstance(total, int) and isinstance(value, int):
            total = int(math.copysign(abs(total) // abs(value), total * value))
        else:
            total /= value
    return total


class ConstantShapes:
    """Finds constant geometries and checks their ranges."""

    def __init__(self, text: str) -> None:
        self.text = text

    def shape(self, expression: Expression) -> Shape | None:
        """The constant geometry that an expression is, or None."""
        inner = unwrapped(expression)
        if isinstance(inner, tree.Cast) and isinstance(inner.operand, tree.String):
            return self._cast(inner, inner.operand)
        if not isinstance(inner, tree.Call):
            return None
        if inner.name == "REGION":
            return self._region(inner)
        arguments = without_frame(inner)
        if inner.name == "POINT":
            return self._point(inner, arguments)
        if inner.name in ("CIRCLE", "BOX"):
            sizes = 1 if inner.name == "CIRCLE" else 2
            centre = self._centre(inner, arguments[:-sizes])
            values = [number(a) for a in arguments[-sizes:]]
            if centre is None or None in values:
                return None
            return self._sized(inner, centre, [float(v) for v in values if v is not None])
        if inner.name == "POLYGON":
            return self._polygon(inner, arguments)
        return None

    def _cast(self, node: tree.Cast, text: tree.String) -> Shape | None:
        if node.target.name not in ("POINT", "CIRCLE", "POLYGON"):
            return None
        found = shapes.from_stcs(f"{node.target.name} {text.value}")
        if found is None:
            message = f"'{text.value}' is no {node.target.name} (degrees separated by blanks)"
            raise complaints.about(self.text, text, message)
        return self._checked(node, found)

    def _region(self, node: tree.Call) -> Shape:
        literal = node.arguments[0]
        found = shapes.from_stcs(literal.value) if isinstance(literal, tree.String) else None
        if found is None:
            message = "REGION takes a POSITION, CIRCLE, BOX or POLYGON of STC-S in ICRS"
            raise complaints.about(self.text, literal, message)
        return self._checked(node, found)

    def _point(self, node: Expression, arguments: tuple[Expression, ...]) -> Point | None:
        lon, lat = (number(a) for a in arguments)
        if lon is None or lat is None:
            return None
        point = Point(float(lon), float(lat))
        self._checked(node, point)
        return point

    def _centre(self, node: tree.Call, arguments: tuple[Expression, ...]) -> Point | None:
        if len(arguments) == 2:
            return self._point(node, arguments)
        found = self.shape(arguments[0])
        return found if isinstance(found, Point) else None

    def _sized(self, node: tree.Call, centre: Point, sizes: list[float]) -> Shape:
        if node.name == "CIRCLE":
            return self._checked(node, Circle(centre, sizes[0]))
        if not all(0 < s < 180 for s in sizes):
            raise complaints.about(
                self.text, node, "the sides of a BOX are between 0 and 180 degrees"
            )
        return shapes.box(centre, *sizes)

    def _polygon(self, node: tree.Call, arguments: tuple[Expression, ...]) -> Shape | None:
        values = [number(a) for a in arguments]
        if all(v is not None for v in values):
            known = [float(v) for v in values if v is not None]
            points = [Point(a, b) for a, b in zip(known[::2], known[1::2], strict=True)]
        else:
            found = [self.shape(a) for a in arguments]
            points = [p for p in found if isinstance(p, Point)]
            if len(points) != len(arguments):
                return None
        return self._checked(node, Polygon(tuple(points)))

    def _checked(self, node: Expression, shape: Shape) -> Shape:
        points = (
            shape.vertices
            if isinstance(shape, Polygon)
            else ((shape.centre,) if isinstance(shape, Circle) else (shape,))
        )
        for point in points:
            if not math.isfinite(point.lon) or abs(point.lon) > 720:
                message = f"right ascension {point.lon:g} is outside 0 to 360 degrees"
                raise complaints.about(self.text, node, message)
            if not abs(point.lat) <= 90:
                message = f"declination {point.lat:g} is outside -90 to 90 degrees"
                raise complaints.about(self.text, node, message)
        if isinstance(shape, Circle) and not 0 <= shape.radius <= 180:
            message = f"radius {shape.radius:g} is outside 0 to 180 degrees"
            raise complaints.about(self.text, node, message)
        if isinstance(shape, Polygon) and shapes.cap(shape).radius >= 90:
            message = "a polygon must fit within a hemisphere"
            raise complaints.about(self.text, node, message)
        return shape
