"""HEALPix ranges that cover a constant region: nested, order 29 (DESIGN section 5).

cdshealpix brings numpy and astropy; they are imported at the first use.
"""

import math
from functools import lru_cache
from typing import TYPE_CHECKING

from adql.sky import shapes
from adql.sky.shapes import Circle, Point, Polygon, Shape

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]
    Floats = NDArray[np.float64]

MAX_RADIUS = 60.0
"""Degrees above which no ranges are made: cdshealpix loses coverage in very wide cones."""
_ORDER = 29
_CELL_SHIFT = 52
_MAX_RANGES = 30
_CELL_RADIUS = 1.1
"""No point of a cell is further from its centre than this over 2 ** depth, in radians."""
_FINER = 2
"""A polygon is covered by cells of so many depths more than its bounding circle."""
_EDGES_AT_ONCE = 64
_SMALL = 1e-4
"""Degrees below which rounding moves an edge's plane by as much as a cell."""

Range = tuple[int, int]


def _depth(radius: float) -> int:
    extra = 3 if radius >= 5 else 2
    wanted = math.floor(math.log2(math.sqrt(math.pi / 3) / math.radians(radius))) + extra
    return max(0, min(27, wanted))


@lru_cache(maxsize=512)
def ranges(shape: Shape) -> tuple[Range, ...] | None:
    """Closed ranges of order-29 cells that cover the shape; None where no index should be used."""
    circle = shapes.cap(shape)
    if circle.radius > MAX_RADIUS:
        return None
    if isinstance(shape, Polygon) and circle.radius > _SMALL:
        return _fewer(_polygon_cells(shape, circle))
    return tuple(_merged(*_cone(circle, _depth(_wider(circle.radius)), flat=False)))


def _wider(radius: float) -> float:
    return radius * (1 + 1e-9) + 1e-11


def _cone(circle: Circle, depth: int, *, flat: bool) -> "tuple[Integers, Integers]":
    """The cells that a circle meets, and the depth of each."""
    from astropy.coordinates import Angle, Latitude, Longitude
    from cdshealpix.nested import cone_search

    cells, depths, _ = cone_search(
        Longitude(circle.centre.lon % 360, unit="deg"),
        Latitude(circle.centre.lat, unit="deg"),
        Angle(_wider(circle.radius), unit="deg"),
        depth,
        depth_delta=min(2, _ORDER - depth),
        flat=flat,
    )
    return cells.astype("i8"), depths.astype("i8")


def _merged(cells: "Integers", depths: "Integers | int") -> list[Range]:
    """The ranges of cells at order 29, neighbours in one."""
    import numpy as np

    shift = 2 * (_ORDER - depths)
    low = np.sort(cells << shift)
    high = np.sort((cells + 1) << shift)
    apart = low[1:] > high[:-1]
    starts, ends = low[np.append(True, apart)], high[np.append(apart, True)] - 1
    return list(zip(starts.tolist(), ends.tolist(), strict=True))


def _fewer(found: list[Range]) -> tuple[Range, ...]:
    """At most so many ranges: the smallest gaps between them are closed."""
    gaps = sorted(range(1, len(found)), key=lambda i: found[i][0] - found[i - 1][1], reverse=True)
    starts = sorted([0, *gaps[: _MAX_RANGES - 1]])
    ends = [*(start - 1 for start in starts[1:]), len(found) - 1]
    return tuple((found[i][0], found[j][1]) for i, j in zip(starts, ends, strict=True))


def _polygon_cells(polygon: Polygon, circle: Circle) -> list[Range]:
    """Ranges of the cells of the bounding circle whose own circles meet the polygon.

    cdshealpix has a search for polygons; this one is sure to lose nothing, whatever the polygon:
    convex or not, crossing itself, thinner than rounding.
    """
    import numpy as np
    from cdshealpix.nested import healpix_to_lonlat

    depth = min(27, _depth(_wider(circle.radius)) + _FINER)
    cells, _ = _cone(circle, depth, flat=True)
    lon, lat = healpix_to_lonlat(cells, depth)
    east, north = lon.rad, lat.rad
    centres = np.stack(
        [np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)], axis=-1
    )
    corners = np.array([shapes.vector(p) for p in polygon.vertices])
    return _merged(cells[_meets(centres, corners, _CELL_RADIUS / 2**depth)], depth)


def _meets(centres: "Floats", corners: "Floats", radius: float) -> "NDArray[np.bool_]":
    """Which circles (unit vectors, a radius in radians) meet a polygon's edges or inside."""
    import numpy as np

    found = np.zeros(len(centres), dtype=bool)
    turned = np.zeros(len(centres))
    ends = np.roll(corners, -1, axis=0)
    for first in range(0, len(corners), _EDGES_AT_ONCE):
        a, b = corners[first:][:_EDGES_AT_ONCE], ends[first:][:_EDGES_AT_ONCE]
        normals = np.cross(a, b)
        lengths = np.linalg.norm(normals, axis=-1)
        side = centres @ normals.T
        at_ends = np.linalg.norm(centres[:, None] - a, axis=-1) <= radius
        # Near the plane of an edge, and between the planes through its ends.
        along = (centres @ np.cross(normals, a).T >= 0) & (centres @ np.cross(b, normals).T >= 0)
        found |= (at_ends | (along & (np.abs(side) <= radius * lengths))).any(axis=1)
        across = np.sum(a * b, axis=-1) - (centres @ a.T) * (centres @ b.T)
        turned += np.arctan2(side, across).sum(axis=1)
    # The edges turn around a circle wholly inside: once, or as often as they wind.
    return found | (np.abs(turned) > np.pi)


def cells(low: int, high: int) -> tuple[int, ...]:
    """The `hcell` values (hpx >> 52) of a range."""
    return tuple(range(low >> _CELL_SHIFT, (high >> _CELL_SHIFT) + 1))


def warm() -> None:
    """Import what the first cone would import."""
    ranges(Circle(Point(0.0, 0.0), 0.1))
