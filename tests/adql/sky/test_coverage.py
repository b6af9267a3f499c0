"""HEALPix ranges of constant shapes lose no point, and are few and close."""

import math

import numpy as np
import pytest
from astropy.coordinates import Latitude, Longitude
from cdshealpix.nested import lonlat_to_healpix
from hypothesis import given
from hypothesis import strategies as st

from adql.sky import coverage, shapes
from adql.sky.shapes import Circle, Point, Polygon

SIZES = [1e-9, 1e-6, 1e-4, 2e-4, 0.01, 0.3, 2.0, 15.0, 40.0]
CENTRES = [(0.0, 0.0), (359.9999, 41.8), (45.0, 90.0), (200.0, -90.0), (90.0, 0.0), (13.0, -67.0)]


@st.composite
def polygons(draw: st.DrawFn) -> Polygon:
    """Vertices in a plane touching the sphere: convex, concave, crossing themselves, thin, flat."""
    lon, lat = draw(st.sampled_from(CENTRES))
    size = math.tan(math.radians(draw(st.sampled_from(SIZES[:-1]))))
    squeeze = draw(st.sampled_from([1.0, 0.1, 1e-3, 0.0]))
    corner = st.floats(-1, 1, allow_subnormal=False)
    corners = draw(st.lists(st.tuples(corner, corner), min_size=3, max_size=9))
    centre = np.array(shapes.vector(Point(lon, lat)))
    east = np.array([-math.sin(math.radians(lon)), math.cos(math.radians(lon)), 0])
    north = np.cross(centre, east)
    placed = [centre + size * (x * east + y * squeeze * north) for x, y in corners]
    return Polygon(tuple(shapes.position((p[0], p[1], p[2])) for p in placed))


def _covered(points: np.ndarray, ranges: tuple[tuple[int, int], ...]) -> np.ndarray:
    lon = np.degrees(np.arctan2(points[:, 1], points[:, 0])) % 360
    lat = np.degrees(np.arctan2(points[:, 2], np.hypot(points[:, 0], points[:, 1])))
    cells = lonlat_to_healpix(Longitude(lon, "deg"), Latitude(lat, "deg"), np.uint8(29))
    cells = cells.astype(np.int64)
    found: np.ndarray = np.any([(low <= cells) & (cells <= high) for low, high in ranges], axis=0)
    return found


@given(polygon=polygons(), seed=st.integers(0, 2**32))
def test_a_polygon_is_covered_with_its_edges(polygon: Polygon, seed: int) -> None:
    ranges = coverage.ranges(polygon)
    assert ranges is not None
    assert 0 < len(ranges) <= 30
    rng = np.random.default_rng(seed)
    corners = np.array([shapes.vector(p) for p in polygon.vertices])
    ends = np.roll(corners, -1, axis=0)
    along = rng.random((200, 1, 1))
    edges = (along * corners + (1 - along) * ends).reshape(-1, 3)
    # Of a triangle of the fan of the first vertex each point has the winding of the polygon there;
    # where that is even, the point may lie outside.
    weights = rng.dirichlet([1, 1, 1], 200)
    fans = [weights @ np.stack([corners[0], a, b]) for a, b in zip(corners, ends, strict=True)]
    inside = np.concatenate(fans)
    inside = inside[_parity(inside, corners)]
    assert _covered(np.concatenate([corners, edges]), ranges).all()
    assert _covered(inside, ranges).all()


def _parity(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Even-odd rule in the plane that touches the sphere in the middle."""
    middle = corners.mean(axis=0)
    middle /= np.linalg.norm(middle)
    east = np.cross(middle, [0.0, 0.0, 1.0] if abs(middle[2]) < 0.9 else [1.0, 0.0, 0.0])
    north = np.cross(middle, east)

    def flat(v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return v @ east / (v @ middle), v @ north / (v @ middle)

    (px, py), (x, y) = flat(points), flat(corners)
    inside = np.zeros(len(points), dtype=bool)
    for x1, y1, x2, y2 in zip(x, y, np.roll(x, -1), np.roll(y, -1), strict=True):
        crosses = (y1 > py) != (y2 > py)
        with np.errstate(divide="ignore", invalid="ignore"):
            inside ^= crosses & (px < x1 + (py - y1) * (x2 - x1) / (y2 - y1))
    return inside


@given(
    centre=st.sampled_from(CENTRES),
    radius=st.sampled_from([0.0, *SIZES, 59.9]),
    seed=st.integers(0, 2**32),
)
def test_a_circle_is_covered_to_its_edge(
    centre: tuple[float, float], radius: float, seed: int
) -> None:
    ranges = coverage.ranges(Circle(Point(*centre), radius))
    assert ranges is not None
    rng = np.random.default_rng(seed)
    c = np.array(shapes.vector(Point(*centre)))
    side = np.cross(c, rng.normal(size=(200, 3)))
    side /= np.linalg.norm(side, axis=1)[:, None]
    angle = math.radians(radius) * rng.choice([0.0, 0.5, 1.0], size=(200, 1))
    assert _covered(np.cos(angle) * c + np.sin(angle) * side, ranges).all()


def _area(ranges: tuple[tuple[int, int], ...] | None) -> float:
    assert ranges is not None
    return sum(high - low + 1 for low, high in ranges) / (12 * 4**29) * 4 * math.pi


@pytest.mark.parametrize(
    ("vertices", "most"),
    [
        ([(10, 10), (11, 10), (11, 11), (10, 11)], 0.6),  # a square
        ([(10, 10), (20, 10.5), (20, 10.51), (10, 10.01)], 0.15),  # a thin strip
        ([(0, 0), (10, 0), (10, 1), (1, 1), (1, 10), (0, 10)], 0.25),  # an L
    ],
)
def test_a_polygon_reads_less_than_its_bounding_circle(
    vertices: list[tuple[float, float]], most: float
) -> None:
    polygon = Polygon(tuple(Point(float(a), float(b)) for a, b in vertices))
    circle = shapes.cap(polygon)
    assert _area(coverage.ranges(polygon)) < most * _area(coverage.ranges(circle))


def test_very_wide_shapes_have_no_ranges() -> None:
    assert coverage.ranges(Circle(Point(0.0, 0.0), 60.1)) is None
    wide = Polygon((Point(0.0, 0.0), Point(89.0, 0.0), Point(0.0, 89.0), Point(270.0, 1.0)))
    assert coverage.ranges(wide) is None
