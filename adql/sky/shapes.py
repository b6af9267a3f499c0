"""Constant geometries of a query, in degrees, and the little spherical geometry they need."""

import math
import re
from dataclasses import dataclass

Vector = tuple[float, float, float]


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


def inward_normals(polygon: Polygon) -> tuple[Vector, ...] | None:
    """Unit normals of the edges' planes, pointing inside; None where the polygon is not convex.

    Strict: every vertex must lie inside every edge's plane by more than rounding, and all within
    60 degrees of their mean, so that the polygon is far from a hemisphere.
    """
    points = [vector(p) for p in polygon.vertices]
    if points[0] == points[-1]:
        points.pop()
    if len(points) < 3:
        return None
    normals = [unit(cross(a, b)) for a, b in zip(points, points[1:] + points[:1], strict=True)]
    mean = unit((sum(p[0] for p in points), sum(p[1] for p in points), sum(p[2] for p in points)))
    if max(separation(mean, p) for p in points) > math.radians(60):
        return None
    sign = 1.0 if dot(normals[0], mean) > 0 else -1.0
    oriented = [(sign * n[0], sign * n[1], sign * n[2]) for n in normals]
    for index, normal in enumerate(oriented):
        ends = (index, (index + 1) % len(points))
        if any(dot(normal, p) <= 1e-15 for i, p in enumerate(points) if i not in ends):
            return None
    return tuple(oriented)


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
    """The polygon of a BOX: sides cross the arms of a cross at right angles (ADQL 2.1 §4.2.9)."""
    c = vector(centre)
    lon, lat = math.radians(centre.lon), math.radians(centre.lat)
    east = (-math.sin(lon), math.cos(lon), 0.0)
    north = (-math.sin(lat) * math.cos(lon), -math.sin(lat) * math.sin(lon), math.cos(lat))
    a, b = math.tan(math.radians(width) / 2), math.tan(math.radians(height) / 2)
    corners = ((a, b), (-a, b), (-a, -b), (a, -b))
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


_STCS = re.compile(r"\s*(POSITION|POINT|CIRCLE|POLYGON|BOX)\b([^()]*)\Z", re.IGNORECASE)
_FRAMES = frozenset(
    [
        "ICRS",
        "FK5",
        "J2000",
        "UNKNOWNFRAME",
        "UNKNOWNREFPOS",
        "BARYCENTER",
        "GEOCENTER",
        "HELIOCENTER",
        "TOPOCENTER",
        "LSR",
        "SPHERICAL2",
        "DEFAULT",
    ]
)


def from_stcs(text: str) -> Shape | None:
    """A simple region of STC-S in ICRS ("CIRCLE ICRS 10 20 1"); None where it is anything else."""
    match = _STCS.match(text)
    if match is None:
        return None
    words = match[2].split()
    while words and words[0].upper() in _FRAMES:
        words.pop(0)
    try:
        n = [float(w) for w in words]
    except ValueError:
        return None
    kind = match[1].upper()
    if kind in ("POSITION", "POINT") and len(n) == 2:
        return Point(n[0], n[1])
    if kind == "CIRCLE" and len(n) == 3:
        return Circle(Point(n[0], n[1]), n[2])
    if kind == "BOX" and len(n) == 4:
        return box(Point(n[0], n[1]), n[2], n[3])
    if kind == "POLYGON" and len(n) >= 6 and len(n) % 2 == 0:
        return Polygon(tuple(Point(a, b) for a, b in zip(n[::2], n[1::2], strict=True)))
    return None


def numbers(shape: Shape) -> tuple[float, ...]:
    """The shape as DALI writes it: 2 numbers a point, 3 a circle, 6 and more a polygon."""
    if isinstance(shape, Point):
        return shape.lon, shape.lat
    if isinstance(shape, Circle):
        return shape.centre.lon, shape.centre.lat, shape.radius
    return tuple(n for p in shape.vertices for n in (p.lon, p.lat))
