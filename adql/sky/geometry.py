"""Geometry as SQL: indexed where a constant region meets a position or region of the catalogue.

Everywhere else the functions of schema `starhaul` work on arrays of degrees as DALI writes them:
2 numbers are a point, 3 a circle, 6 and more a polygon; a union has a NaN before each shape.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from adql.catalogue import SkyPosition
from adql.semantics.scopes import Resolution, Source
from adql.semantics.types import Typing
from adql.sky import constants, coverage, shapes
from adql.sky.shapes import Circle, Geometry, Point, Polygon, Shape
from adql.sql import Sql, joined
from adql.syntax import tree
from adql.syntax.checks import unwrapped, without_frame
from adql.syntax.tree import Expression
from adql.translation import Parameter

_ROUNDING = 1e-15
"""Radians by which a boundary is widened: below the resolution of a right ascension in double."""


def double(value: float) -> Parameter:
    return Parameter(float(value), "double precision")


def array(values: tuple[float, ...]) -> Parameter:
    return Parameter(tuple(map(float, values)), "double precision[]")


@dataclass(frozen=True, slots=True)
class Place:
    """A position of the catalogue within this query: coordinates as SQL, and its index columns."""

    lon: Sql
    lat: Sql
    alias: str
    sky: SkyPosition


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
        self.resolution = resolution
        self.emit = emit
        self.write = write
        self.constant = constants.ConstantShapes(text)

    # -- geometries as arrays

    def geometry(self, expression: Expression) -> Sql:
        """A geometry as double precision[]."""
        shape = self.constant.shape(expression)
        if shape is not None:
            return array(shapes.numbers(shape))
        inner = unwrapped(expression)
        if isinstance(inner, tree.Call) and inner.name in _BUILDERS:
            self.constant.refuse_frame(inner)
            return _BUILDERS[inner.name](self, without_frame(inner))
        kind = self.typing.of(inner).kind
        if kind == "null":
            return "NULL::double precision[]"
        if kind == "text":
            return self._region_text(inner)
        written = self.write(inner)
        if self._catalogue_column(inner)[0] is not None:
            return ("starhaul.geometry(", written, ")")
        return written

    def _region_text(self, node: Expression) -> Sql:
        parsed: Sql = ("starhaul.region(", self.write(node), ")")
        source, name = self._catalogue_column(node)
        for region in source.table.regions if source and source.table else ():
            if source and region.region == name and region.vertices:
                return ("coalesce(", parsed, f", {source.sql}.{region.vertices})")
        return parsed

    def _catalogue_column(self, node: Expression) -> tuple[Source | None, str]:
        inner = unwrapped(node)
        if isinstance(inner, tree.ColumnReference):
            visible = self.resolution.columns[id(inner)]
            if len(visible.parts) == 1 and visible.parts[0].source.table is not None:
                return visible.parts[0].source, visible.name
        return None, ""

    def _place(self, lon: Expression, lat: Expression) -> Place | None:
        """The catalogue's position that two columns are, or None."""
        source, ra = self._catalogue_column(lon)
        other, dec = self._catalogue_column(lat)
        if source is None or source is not other or source.table is None:
            return None
        for sky in source.table.positions:
            if (sky.ra, sky.dec) == (ra, dec):
                return Place(self.emit(lon), self.emit(lat), source.sql, sky)
        return None

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

    def _regions(self, function: str, a: Expression, b: Expression) -> tuple[Sql, Sql]:
        exact: Sql = (f"{function}(", self.geometry(a), ", ", self.geometry(b), ")")
        for column, other in ((a, b), (b, a)):
            shape = self.constant.shape(other)
            if shape is not None:
                return self._box_filter(column, shape), exact
        return "TRUE", exact

    def _box_filter(self, node: Expression, shape: Geometry) -> Sql:
        """The hidden cube of a region column overlaps one around a constant."""
        source, name = self._catalogue_column(node)
        if source is None or source.table is None:
            return "TRUE"
        for region in source.table.regions:
            if region.region == name and region.box:
                column = f"{source.sql}.{region.box}"
                tests: list[Sql] = [f"{column} IS NULL"]
                for part in shapes.parts(shape):
                    low, high = shapes.cap_bounds(shapes.cap(part))
                    tests.append((f"{column} && cube(", array(low), ", ", array(high), ")"))
                return ("(", joined(" OR ", tests), ")")
        return "TRUE"

    def _point_in(self, a: Expression, b: Expression) -> tuple[Sql, Sql]:
        shape, fixed = self.constant.shape(b), self.constant.shape(a)
        if isinstance(fixed, Point):
            index = "TRUE" if shape is not None else self._box_filter(b, fixed)
            return index, self._holds(self.geometry(b), double(fixed.lon), double(fixed.lat))
        coordinates = self._coordinates(a)
        if coordinates is None:
            return "TRUE", ("starhaul.contains(", self.geometry(a), ", ", self.geometry(b), ")")
        if shape is None:
            return "TRUE", self._holds(self.geometry(b), *map(self.emit, coordinates))
        tests = [self._in_shape(*coordinates, part) for part in shapes.parts(shape)]
        if len(tests) == 1:
            return tests[0]
        indexes, exact = ([("(", test[i], ")") for test in tests] for i in (0, 1))
        if any(test[0] == "TRUE" for test in tests):
            return "TRUE", joined(" OR ", list(exact))
        return ("(", joined(" OR ", list(indexes)), ")"), joined(" OR ", list(exact))

    def _in_shape(self, lon: Expression, lat: Expression, shape: Shape) -> tuple[Sql, Sql]:
        if isinstance(shape, Polygon):
            return self._in_polygon(lon, lat, shape)
        return self._in_circle(lon, lat, shape if isinstance(shape, Circle) else Circle(shape, 0.0))

    def _holds(self, geometry: Sql, lon: Sql, lat: Sql) -> Sql:
        return ("starhaul.holds(", geometry, ", ", lon, ", ", lat, ")")

    def _in_circle(self, lon: Expression, lat: Expression, circle: Circle) -> tuple[Sql, Sql]:
        place = self._place(lon, lat)
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
            return self._cover(place, circle), (distance, operator, double(half * half))
        terms: list[Sql] = []
        columns = (place.sky.x, place.sky.y, place.sky.z)
        for column, value in zip(columns, shapes.vector(centre), strict=True):
            difference: Sql = (f"({place.alias}.{column} - ", double(value), ")")
            terms.append((difference, " * ", difference))
        exact = (joined(" + ", terms), operator, double(4 * half * half))
        return self._cover(place, circle), exact

    def _in_polygon(self, lon: Expression, lat: Expression, polygon: Polygon) -> tuple[Sql, Sql]:
        place = self._place(lon, lat)
        cover = self._cover(place, shapes.cap(polygon))
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
            return cover, joined(" AND ", sides)
        vertices = array(shapes.numbers(polygon))
        return cover, self._holds(vertices, self.emit(lon), self.emit(lat))

    def _cover(self, place: Place | None, circle: Circle) -> Sql:
        if place is None or place.sky.hpx is None:
            return "TRUE"
        ranges = coverage.ranges(circle)
        if ranges is None:
            return "TRUE"
        branches: list[Sql] = []
        for low, high in ranges:
            bounds: Sql = (Parameter(low, "bigint"), " AND ", Parameter(high, "bigint"))
            branch: Sql = (f"{place.alias}.{place.sky.hpx} BETWEEN ", bounds)
            if place.sky.hcell is not None:
                cells = Parameter(coverage.cells(low, high), "integer[]")
                branch = (branch, f" AND {place.alias}.{place.sky.hcell} = ANY (", cells, ")")
            branches.append(("(", branch, ")"))
        return ("(", joined(" OR ", branches), ")")

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

    def _pairs(self, call: tree.Call) -> list[tuple[Expression, Expression]] | None:
        if len(call.arguments) == 4:
            a, b, c, d = call.arguments
            return [(a, b), (c, d)]
        found = [self._coordinates(x) for x in call.arguments]
        return [x for x in found if x is not None] if None not in found else None

    def distance_filter(self, call: tree.Call, limit: Expression) -> Sql:
        """What an index can use of DISTANCE(position, constant) <= limit (ADQL 2.1 §4.2.7)."""
        radius = constants.number(limit)
        pairs = self._pairs(call)
        if radius is None or not 0 <= radius <= 180 or pairs is None:
            return "TRUE"
        for (lon, lat), (ra, dec) in (pairs, pairs[::-1]):
            place, x, y = self._place(lon, lat), constants.number(ra), constants.number(dec)
            if place is not None and x is not None and y is not None and abs(y) <= 90:
                return self._cover(place, Circle(Point(float(x), float(y)), float(radius)))
        return "TRUE"


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
