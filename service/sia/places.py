"""POS: a circle, a range of coordinates or a polygon of ICRS, in degrees (SIA 2.0 §2.1.1)."""

import math
from dataclasses import dataclass

from adql.sky import shapes
from adql.sky.shapes import Circle, Polygon
from service.errors import UsageError
from service.sia.intervals import numbers

_MOST_VERTICES = 10_000
_FORMS = "CIRCLE lon lat radius, RANGE lon1 lon2 lat1 lat2, or POLYGON lon1 lat1 lon2 lat2 ..."


@dataclass(frozen=True, slots=True)
class CoordinateRange:
    """Longitudes from `west` eastward to `east`, across 0 where `west` is the greater, and
    latitudes from `south` to `north`."""

    west: float
    east: float
    south: float
    north: float

    @property
    def width(self) -> float:
        """Degrees of longitude, up to 360."""
        difference = self.east - self.west
        return difference if difference >= 0 else difference + 360


Place = Circle | Polygon | CoordinateRange


def place(text: str) -> Place:
    """The shape that a value of POS is; UsageError where it is none."""
    kind, *words = text.split() or [""]
    found = numbers("POS", words)
    kind = kind.upper()
    try:
        if kind == "CIRCLE" and len(found) == 3:
            lon, lat = _position(found[0], found[1])
            return shapes.circle(shapes.point(lon, lat), found[2])
        if kind == "RANGE" and len(found) == 4:
            return _range(*found)
        if kind == "POLYGON" and len(found) >= 6 and len(found) % 2 == 0:
            return _polygon(found)
    except ValueError as error:
        raise UsageError(f"POS={text[:100]!r}: {error}") from None
    raise UsageError(f"POS={text[:100]!r} is no shape; write {_FORMS}")


def _position(lon: float, lat: float) -> tuple[float, float]:
    if not 0 <= lon <= 360:
        raise ValueError(f"the longitude {lon:g} is outside 0 to 360 degrees")
    if not -90 <= lat <= 90:
        raise ValueError(f"the latitude {lat:g} is outside -90 to 90 degrees")
    return lon, lat


def _polygon(found: list[float]) -> Polygon:
    if len(found) > 2 * _MOST_VERTICES:
        raise ValueError(f"a polygon may have {_MOST_VERTICES} vertices")
    pairs = zip(found[::2], found[1::2], strict=True)
    return shapes.polygon(tuple(shapes.point(*_position(lon, lat)) for lon, lat in pairs))


def _range(west: float, east: float, south: float, north: float) -> CoordinateRange:
    """Open ends are those of the sphere."""
    west, south = (
        low if low > -math.inf else least for low, least in ((west, 0.0), (south, -90.0))
    )
    east, north = (
        high if high < math.inf else most for high, most in ((east, 360.0), (north, 90.0))
    )
    _position(west, south)
    _position(east, north)
    if south > north:
        raise ValueError("the range ends south of where it begins; write the lower latitude first")
    return CoordinateRange(west, east, south, north)
