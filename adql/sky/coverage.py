"""HEALPix ranges that cover a constant region: nested, order 29 (DESIGN section 5).

cdshealpix brings numpy and astropy; they are imported at the first use.
"""

import math
from functools import lru_cache

from adql.sky.shapes import Circle, Point

MAX_RADIUS = 60.0
"""Degrees above which no ranges are made: cdshealpix loses coverage in very wide cones."""
_ORDER = 29
_CELL_SHIFT = 52

Range = tuple[int, int]


def _depth(radius: float) -> int:
    extra = 3 if radius >= 5 else 2
    wanted = math.floor(math.log2(math.sqrt(math.pi / 3) / math.radians(radius))) + extra
    return max(0, min(27, wanted))


@lru_cache(maxsize=512)
def ranges(circle: Circle) -> tuple[Range, ...] | None:
    """Closed ranges of order-29 cells that cover the circle; None where no index should be used."""
    if circle.radius > MAX_RADIUS:
        return None
    from astropy.coordinates import Angle, Latitude, Longitude
    from cdshealpix.nested import cone_search

    radius = circle.radius * (1 + 1e-9) + 1e-11
    depth = _depth(radius)
    cells, depths, _ = cone_search(
        Longitude(circle.centre.lon % 360, unit="deg"),
        Latitude(circle.centre.lat, unit="deg"),
        Angle(radius, unit="deg"),
        depth,
        depth_delta=min(2, _ORDER - depth),
    )
    found: list[Range] = []
    spans = ((int(c), 2 * (_ORDER - int(d))) for c, d in zip(cells, depths, strict=True))
    for low, high in sorted((c << s, ((c + 1) << s) - 1) for c, s in spans):
        if found and found[-1][1] + 1 >= low:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        else:
            found.append((low, high))
    return tuple(found)


def cells(low: int, high: int) -> tuple[int, ...]:
    """The `hcell` values (hpx >> 52) of a range."""
    return tuple(range(low >> _CELL_SHIFT, (high >> _CELL_SHIFT) + 1))


def warm() -> None:
    """Import what the first cone would import."""
    ranges(Circle(Point(0.0, 0.0), 0.1))
