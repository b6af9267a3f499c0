"""Constant geometries of a query, in degrees of ICRS, and the spherical geometry they need."""

import math
from dataclasses import dataclass

from adql.functions import frames

Vector = tuple[float, float, float]
_ANTIPODAL = 180 - 1e-9
"""Degrees from which on two vertices have no edge between them."""
_SHORT_EDGE = 1e-3
"""Of a polygon's reach: the plane of a shorter edge is off by too much at the far side."""
_MOST_PLANES = 64
"""Of a convex polygon: with more, testing them one by one is no quicker."""


@dataclass(frozen=True, slots=True)
class Point:
    """A position."""

    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class Circle:
    """A cap: every position within `radius` degrees of the centre."""

    centre: Point
    radius: float


@dataclass(frozen=True, slots=True)
class Polygon:
    """Vertices joined by great circles; the inside is the smaller side, whatever the winding."""

    vertices: tuple[Point, ...]


Shape = Point | Circle | Polygon


@dataclass(frozen=True, slots=True)
class Union:
    """All that one of the shapes holds; there are two or more."""

    parts: tuple[Shape, ...]


Geometry = Shape | Union


def parts(geometry: Geometry) -> tuple[Shape, ...]:
    """The shapes of a union; of anything else, itself."""
    return geometry.parts if isinstance(geometry, Union) else (geometry,)


def point(lon: float, lat: float) -> Point:
    """A position with its longitude brought to 0 to 360 (DALI 1.1 §3.3.5).

    Raises ValueError where it is none: a latitude beyond a pole, a longitude beyond 720.
    """
    if not abs(lon) <= 720:
        raise ValueError(f"right ascension {lon:g} is outside 0 to 360 degrees")
    if not abs(lat) <= 90:
        raise ValueError(f"declination {lat:g} is outside -90 to 90 degrees")
    return Point(lon if 0 <= lon <= 360 else lon - 360 * math.floor(lon / 360), lat)


def circle(centre: Point, radius: float) -> Circle:
    """A circle. Raises ValueError for a radius outside 0 to 180."""
    if not 0 <= radius <= 180:
        raise ValueError(f"radius {radius:g} is outside 0 to 180 degrees")
    return Circle(centre, radius)


def polygon(vertices: tuple[Point, ...]) -> Polygon:
    """A polygon. Raises ValueError where neighbours are antipodal, for fewer than 3 vertices."""
    if len(vertices) < 3:
        raise ValueError("a polygon has three vertices or more")
    for a, b in zip(vertices, vertices[1:] + vertices[:1], strict=True):
        if math.degrees(separation(vector(a), vector(b))) > _ANTIPODAL:
            raise ValueError(
                f"no edge goes from ({a.lon:g}, {a.lat:g}) to ({b.lon:g}, {b.lat:g}), which are "
                "180 degrees apart: put a vertex between them"
            )
    return Polygon(vertices)


def vector(point: Point) -> Vector:
    """Unit vector of a position."""
    lon, lat = math.radians(point.lon), math.radians(point.lat)
    return math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)


def position(v: Vector) -> Point:
    """Position of a vector of any length."""
    lon = math.degrees(math.atan2(v[1], v[0])) % 360
    return Point(lon, math.degrees(math.atan2(v[2], math.hypot(v[0], v[1]))))


def dot(a: Vector, b: Vector) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def cross(a: Vector, b: Vector) -> Vector:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def unit(v: Vector) -> Vector:
    length = math.sqrt(dot(v, v)) or 1.0
    return v[0] / length, v[1] / length, v[2] / length


def separation(a: Vector, b: Vector) -> float:
    """Angle between two vectors in radians, exact from zero to pi."""
    c = cross(a, b)
    return math.atan2(math.sqrt(dot(c, c)), dot(a, b))


def difference(a: Vector, b: Vector) -> Vector:
    return a[0] - b[0], a[1] - b[1], a[2] - b[2]


def inward_normals(polygon: Polygon) -> tuple[Vector, ...] | None:
    """Unit normals of the edges' planes, pointing inside; None where they do not say all.

    They do for a convex polygon, every vertex inside every edge's plane by more than rounding, all
    within 60 degrees of their mean and no edge too short for its plane to be exact.
    """
    around = [vector(p) for p in polygon.vertices]
    points = [p for p, before in zip(around, around[-1:] + around[:-1], strict=True) if p != before]
    if not 3 <= len(points) <= _MOST_PLANES:
        return None
    mean = unit((sum(p[0] for p in points), sum(p[1] for p in points), sum(p[2] for p in points)))
    reach = max(separation(mean, p) for p in points)
    following = points[1:] + points[:1]
    edges = [difference(b, a) for a, b in zip(points, following, strict=True)]
    if reach > math.radians(60) or math.sqrt(min(dot(e, e) for e in edges)) < _SHORT_EDGE * reach:
        return None
    # By the difference of the ends: exact for tiny polygons too.
    normals = [unit(cross(a, e)) for a, e in zip(points, edges, strict=True)]
    sign = 1.0 if dot(normals[0], difference(points[2], points[0])) > 0 else -1.0
    oriented = [(sign * n[0], sign * n[1], sign * n[2]) for n in normals]
    for index, normal in enumerate(oriented):
        ends = (index, (index + 1) % len(points))
        others = (difference(p, points[index]) for i, p in enumerate(points) if i not in ends)
        if any(dot(normal, other) <= 1e-15 for other in others):
            return None
    return tuple(oriented) if _turns_once(points) else None


def planes(shape: Circle | Polygon) -> tuple[float, ...] | None:
    """Four numbers for each plane that bounds a shape: it is what of the sphere has
    a x + b y + c z >= d for all of them. None for a polygon that no planes bound."""
    if isinstance(shape, Circle):
        return (*vector(shape.centre), math.cos(math.radians(shape.radius)))
    normals = inward_normals(shape)
    return None if normals is None else tuple(n for each in normals for n in (*each, 0.0))


def _turns_once(points: list[Vector]) -> bool:
    """Whether the vertices go around their mean once: a star has convex corners too."""
    mean = unit((sum(p[0] for p in points), sum(p[1] for p in points), sum(p[2] for p in points)))
    east = unit(cross((0.0, 0.0, 1.0) if abs(mean[2]) < 0.9 else (1.0, 0.0, 0.0), mean))
    north = cross(mean, east)
    angles = [math.atan2(dot(difference(p, mean), north), dot(difference(p, mean), east))
              for p in points]  # fmt: skip
    turns = (b - a for a, b in zip(angles, angles[1:] + angles[:1], strict=True))
    return abs(sum(math.remainder(turn, 2 * math.pi) for turn in turns)) < 3 * math.pi


def cap(shape: Shape) -> Circle:
    """A circle that holds the shape."""
    if isinstance(shape, Circle):
        return shape
    if isinstance(shape, Point):
        return Circle(shape, 0.0)
    points = [vector(p) for p in shape.vertices]
    mean = (sum(p[0] for p in points), sum(p[1] for p in points), sum(p[2] for p in points))
    if dot(mean, mean) < 1e-6:
        return Circle(shape.vertices[0], 180.0)
    centre = unit(mean)
    radius = max(math.degrees(separation(centre, p)) for p in points)
    return Circle(position(centre), radius * (1 + 1e-12) if radius < 90 else 180.0)


def cap_bounds(circle: Circle) -> tuple[Vector, Vector]:
    """The box in x, y, z around a cap, lower and upper corner."""
    low, high = [], []
    radius = math.radians(circle.radius) + 1e-12
    for component in vector(circle.centre):
        angle = math.acos(max(-1.0, min(1.0, component)))
        low.append(math.cos(min(math.pi, angle + radius)) - 1e-12)
        high.append(math.cos(max(0.0, angle - radius)) + 1e-12)
    return (low[0], low[1], low[2]), (high[0], high[1], high[2])


def box(centre: Point, width: float, height: float) -> Polygon:
    """The polygon of a BOX: sides cross the arms of a cross at right angles (ADQL 2.1 §4.2.9).

    Corners go counter-clockwise seen from the centre of the sphere, as DALI has it: north-east,
    south-east, ... Raises ValueError for a side that is not from 0 to below 180 degrees.
    """
    if not (0 <= width < 180 and 0 <= height < 180):
        raise ValueError("the sides of a BOX are from 0 to below 180 degrees")
    c = vector(centre)
    lon, lat = math.radians(centre.lon), math.radians(centre.lat)
    east = (-math.sin(lon), math.cos(lon), 0.0)
    north = (-math.sin(lat) * math.cos(lon), -math.sin(lat) * math.sin(lon), math.cos(lat))
    a, b = math.tan(math.radians(width) / 2), math.tan(math.radians(height) / 2)
    corners = ((a, b), (a, -b), (-a, -b), (-a, b))
    return Polygon(
        tuple(
            position(
                (
                    c[0] + x * east[0] + y * north[0],
                    c[1] + x * east[1] + y * north[1],
                    c[2] + x * east[2] + y * north[2],
                )
            )
            for x, y in corners
        )
    )


def from_frame(geometry: Geometry, frame: str, target: str = "ICRS") -> Geometry:
    """A geometry of one frame in another, its great circles still great circles.

    Frames are those of `adql.functions.frames`. Raises ValueError for any other.
    """
    if frame == target:
        return geometry
    if frame not in frames.FRAMES:
        raise ValueError(f"coordinates in {frame} cannot be converted to {target}")
    rows = frames.rotation(frame, target)

    def turned(p: Point) -> Point:
        v = vector(p)
        x, y, z = (row[0] * v[0] + row[1] * v[1] + row[2] * v[2] for row in rows)
        return position((x, y, z))

    def one(shape: Shape) -> Shape:
        if isinstance(shape, Point):
            return turned(shape)
        if isinstance(shape, Circle):
            return Circle(turned(shape.centre), shape.radius)
        return Polygon(tuple(map(turned, shape.vertices)))

    if isinstance(geometry, Union):
        return Union(tuple(map(one, geometry.parts)))
    return one(geometry)


def numbers(geometry: Geometry) -> tuple[float, ...]:
    """A shape as DALI writes it: 2 numbers a point, 3 a circle, 6 and more a polygon; a union has
    a NaN before each of its shapes."""
    if isinstance(geometry, Union):
        return tuple(n for part in geometry.parts for n in (math.nan, *numbers(part)))
    if isinstance(geometry, Point):
        return geometry.lon, geometry.lat
    if isinstance(geometry, Circle):
        return geometry.centre.lon, geometry.centre.lat, geometry.radius
    return tuple(n for p in geometry.vertices for n in (p.lon, p.lat))
