"""Geometry as SQL: exact tests, and values that the functions of schema `starhaul` make and take.

What an index can use of a condition is made by adql.sky.indexing. The functions work on arrays of
degrees as DALI writes them: 2 numbers are a point, 3 a circle, 6 and more a polygon; a union has a
NaN before each shape.
"""

import math
from collections.abc import Callable

from adql.semantics.scopes import Resolution
from adql.semantics.types import Typing
from adql.sky import constants, shapes
from adql.sky.indexing import SkyIndexes
from adql.sky.places import Places
from adql.sky.shapes import Circle, Point, Polygon, Shape
from adql.sql import Sql, double, doubles, joined
from adql.syntax import tree
from adql.syntax.checks import unwrapped, without_frame
from adql.syntax.tree import Expression

_ROUNDING = 1e-15
"""Radians by which a boundary is widened: below the resolution of a right ascension in double."""


class Sky:
    """Geometry of one query; `emit` writes a number as double precision, `write` anything."""

    def __init__(
        self,
        text: str,
        typing: Typing,
        resolution: Resolution,
        emit: Callable[[Expression], Sql],
        write: Callable[[Expression], Sql],
    ) -> None:
        self.typing = typing
        self.emit = emit
        self.write = write
        self.constant = constants.ConstantShapes(text)
        self.places = Places(resolution, emit)
        self.indexes = SkyIndexes(self.places, typing, self.constant, self.geometry)

    # -- geometries as arrays

    def geometry(self, expression: Expression) -> Sql:
        """A geometry as double precision[]."""
        shape = self.constant.shape(expression)
        if shape is not None:
            return doubles(shapes.numbers(shape))
        inner = unwrapped(expression)
        if isinstance(inner, tree.Call) and inner.name in _BUILDERS:
            self.constant.refuse_frame(inner)
            return _BUILDERS[inner.name](self, without_frame(inner))
        value = self.typing.of(inner)
        if value.kind == "null":
            return "NULL::double precision[]"
        if value.kind == "text":
            return self._region_text(inner)
        written = self.write(inner)
        if value.sql_type == "real[]":
            written = ("(", written, ")::double precision[]")
        column = self.places.column(inner)
        if column is not None and column.column is not None:
            return ("starhaul.geometry(", written, ")")
        return written

    def _region_text(self, node: Expression) -> Sql:
        parsed: Sql = ("starhaul.region(", self.write(node), ")")
        found = self.places.region(node)
        if found is None or found[1].vertices is None:
            return parsed
        source, region = found
        vertices = f"{source.sql}.{region.vertices}"
        # A polygon's vertices are in its text, which takes longer to read than most tests; those of
        # any other shape are near it at best.
        polygon: Sql = ("starts_with(", self.write(node), ", 'POLYGON')")
        chosen: Sql = ("CASE WHEN ", polygon, f" THEN {vertices} END, ", parsed)
        return ("coalesce(", chosen, f", {vertices})")

    def _coordinates(self, expression: Expression) -> tuple[Expression, Expression] | None:
        inner = unwrapped(expression)
        if isinstance(inner, tree.Call) and inner.name == "POINT":
            self.constant.refuse_frame(inner)
            lon, lat = without_frame(inner)
            return lon, lat
        return None

    # -- predicates

    def predicate(self, call: tree.Call) -> tuple[Sql, Sql]:
        """CONTAINS or INTERSECTS as a condition: what an index can use (or TRUE), and the test."""
        a, b = without_frame(call)
        return self.indexes.meeting(a, b), self._test(call, a, b)

    def _test(self, call: tree.Call, a: Expression, b: Expression) -> Sql:
        if call.name == "INTERSECTS":
            if not isinstance(self.constant.shape(a), Point | None):
                a, b = b, a
            if self.typing.of(b).shape == "point":
                a, b = b, a
            if self.typing.of(a).shape != "point":
                return self._regions("starhaul.intersects", a, b)
        elif self.typing.of(a).shape != "point":
            return self._regions("starhaul.contains", a, b)
        return self._point_in(a, b)

    def _regions(self, function: str, a: Expression, b: Expression) -> Sql:
        exact: Sql = (f"{function}(", self.geometry(a), ", ", self.geometry(b), ")")
        known = self._by_box(a, b)
        if known is None and function == "starhaul.intersects":
            known = self._by_box(b, a)
        return exact if known is None else ("coalesce(", known, ", ", exact, ")")

    def _by_box(self, node: Expression, other: Expression) -> Sql | None:
        """What the box of a region tells without the region: whether a shape holds all of it or
        none, NULL where it holds a part."""
        found, shape = self.places.region(node), self.constant.shape(other)
        if found is None or found[1].box is None or not isinstance(shape, Circle | Polygon):
            return None
        planes = shapes.planes(shape)
        source, region = found
        if planes is None:
            return None
        return (f"starhaul.box_within({source.sql}.{region.box}, ", doubles(planes), ")")

    def _point_in(self, a: Expression, b: Expression) -> Sql:
        shape, fixed = self.constant.shape(b), self.constant.shape(a)
        if isinstance(fixed, Point):
            return self._holds(self.geometry(b), double(fixed.lon), double(fixed.lat))
        coordinates = self._coordinates(a)
        if coordinates is None:
            return ("starhaul.contains(", self.geometry(a), ", ", self.geometry(b), ")")
        if shape is None:
            return self._near(*coordinates, b) or self._holds(
                self.geometry(b), *map(self.emit, coordinates)
            )
        tests: list[Sql] = [
            ("(", self._in_shape(*coordinates, part), ")") for part in shapes.parts(shape)
        ]
        return tests[0] if len(tests) == 1 else joined(" OR ", tests)

    def _near(self, lon: Expression, lat: Expression, circle: Expression) -> Sql | None:
        """A position within a constant radius of another row's, as joins have it."""
        inner = unwrapped(circle)
        if not isinstance(inner, tree.Call) or inner.name != "CIRCLE":
            return None
        *centre, size = without_frame(inner)
        radius = constants.number(size)
        other = self._coordinates(centre[0]) if len(centre) == 1 else (centre[0], centre[1])
        if radius is None or not 0 <= radius <= 90 or other is None:
            return None
        self.constant.refuse_frame(inner)
        half = math.sin(math.radians(radius) / 2) + _ROUNDING
        ends = joined(", ", [self.emit(lon), self.emit(lat), self._numbers_of(*other)])
        return ("starhaul.haversine(", ends, ") <= ", double(half * half))

    def _in_shape(self, lon: Expression, lat: Expression, shape: Shape) -> Sql:
        if isinstance(shape, Polygon):
            return self._in_polygon(lon, lat, shape)
        return self._in_circle(lon, lat, shape if isinstance(shape, Circle) else Circle(shape, 0.0))

    def _holds(self, geometry: Sql, lon: Sql, lat: Sql) -> Sql:
        return ("starhaul.holds(", geometry, ", ", lon, ", ", lat, ")")

    def _in_circle(self, lon: Expression, lat: Expression, circle: Circle) -> Sql:
        place = self.places.place(lon, lat)
        # A wide circle is what is not nearer to the antipode: there the chord has its digits.
        wide = circle.radius > 90
        centre = circle.centre
        if wide:
            centre = Point((centre.lon + 180) % 360, -centre.lat)
        angle = math.radians(180 - circle.radius if wide else circle.radius)
        half = max(0.0, math.sin(angle / 2) + (-_ROUNDING if wide else _ROUNDING))
        operator = " >= " if wide else " <= "
        if place is None or place.sky.x is None or place.sky.y is None or place.sky.z is None:
            position = (self.emit(lon), ", ", self.emit(lat))
            point = (double(centre.lon), ", ", double(centre.lat))
            distance: Sql = ("starhaul.haversine(", position, ", ", point, ")")
            return (distance, operator, double(half * half))
        terms: list[Sql] = []
        columns = (place.sky.x, place.sky.y, place.sky.z)
        for column, value in zip(columns, shapes.vector(centre), strict=True):
            difference: Sql = (f"({place.alias}.{column} - ", double(value), ")")
            terms.append((difference, " * ", difference))
        return (joined(" + ", terms), operator, double(4 * half * half))

    def _in_polygon(self, lon: Expression, lat: Expression, polygon: Polygon) -> Sql:
        place = self.places.place(lon, lat)
        normals = shapes.inward_normals(polygon)
        if normals and place and place.sky.x and place.sky.y and place.sky.z:
            columns = (place.sky.x, place.sky.y, place.sky.z)
            sides: list[Sql] = []
            for normal in normals:
                terms: list[Sql] = [
                    (double(n), f" * {place.alias}.{c}")
                    for n, c in zip(normal, columns, strict=True)
                ]
                sides.append((joined(" + ", terms), " >= ", double(-_ROUNDING)))
            return joined(" AND ", sides)
        vertices = doubles(shapes.numbers(polygon))
        return self._holds(vertices, self.emit(lon), self.emit(lat))

    # -- distances

    def distance(self, call: tree.Call) -> Sql:
        """DISTANCE in degrees, exact from zero to 180."""
        if len(call.arguments) == 4:
            a, b, c, d = call.arguments
            ends: list[Sql | None] = [self._numbers_of(a, b), self._numbers_of(c, d)]
        else:
            ends = [self._point_numbers(x) for x in call.arguments]
        first, second = ends
        if first is not None and second is not None:
            return ("starhaul.distance(", first, ", ", second, ")")
        first, second = (self.geometry(x) for x in call.arguments)
        return ("starhaul.distance(", first, ", ", second, ")")

    def _numbers_of(self, lon: Expression, lat: Expression) -> Sql:
        fixed = self.constant.position(lon, lat)
        if fixed is not None:
            return (double(fixed.lon), ", ", double(fixed.lat))
        return (self.emit(lon), ", ", self.emit(lat))

    def _point_numbers(self, expression: Expression) -> Sql | None:
        fixed = self.constant.shape(expression)
        if isinstance(fixed, Point):
            return (double(fixed.lon), ", ", double(fixed.lat))
        coordinates = self._coordinates(expression)
        return None if coordinates is None else self._numbers_of(*coordinates)


def _build_point(sky: Sky, arguments: tuple[Expression, ...]) -> Sql:
    lon, lat = (sky.emit(a) for a in arguments)
    return ("starhaul.point(", lon, ", ", lat, ")")


def _build_sized(function: str, sizes: int) -> Callable[[Sky, tuple[Expression, ...]], Sql]:
    def build(sky: Sky, arguments: tuple[Expression, ...]) -> Sql:
        centre, rest = arguments[:-sizes], arguments[-sizes:]
        if len(centre) == 2 and function == "circle":
            return ("starhaul.circle(", joined(", ", [*map(sky.emit, arguments)]), ")")
        point = _build_point(sky, centre) if len(centre) == 2 else sky.geometry(centre[0])
        return (f"starhaul.{function}(", joined(", ", [point, *map(sky.emit, rest)]), ")")

    return build


def _build_polygon(sky: Sky, arguments: tuple[Expression, ...]) -> Sql:
    if sky.typing.of(arguments[0]).kind == "geometry":
        points = joined(" || ", [sky.geometry(a) for a in arguments])
        return ("starhaul.polygon(", points, f", {len(arguments)})")
    values = joined(", ", [sky.emit(a) for a in arguments])
    return ("starhaul.polygon(ARRAY[", values, "]::double precision[])")


def _build_centroid(sky: Sky, arguments: tuple[Expression, ...]) -> Sql:
    return ("starhaul.centroid(", sky.geometry(arguments[0]), ")")


def _build_region(sky: Sky, arguments: tuple[Expression, ...]) -> Sql:
    return ("starhaul.region(", sky.write(arguments[0]), ")")


_BUILDERS: dict[str, Callable[[Sky, tuple[Expression, ...]], Sql]] = {
    "POINT": _build_point,
    "CIRCLE": _build_sized("circle", 1),
    "BOX": _build_sized("box", 2),
    "POLYGON": _build_polygon,
    "CENTROID": _build_centroid,
    "REGION": _build_region,
}
