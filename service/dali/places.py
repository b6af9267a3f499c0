"""Places of ICRS in degrees: POS of SIA and SODA, CIRCLE and POLYGON of SODA (SIA 2.0 §2.1.1, SODA
1.0 §3.3.1, DALI 1.1 §3.3.6, §3.3.7)."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from adql.sky import shapes
from adql.sky.shapes import Circle, Point, Polygon
from service.dali.intervals import numbers
from service.errors import UsageError

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
    with _told(f"POS={text[:100]!r}"):
        if kind == "CIRCLE" and len(found) == 3:
            return _circle(found)
        if kind == "RANGE" and len(found) == 4:
            return _range(*found)
        if kind == "POLYGON" and len(found) >= 6 and len(found) % 2 == 0:
            return _polygon(found)
    raise UsageError(f"POS={text[:100]!r} is no shape; write {_FORMS}")


def circle(name: str, text: str) -> Circle:
    """The circle that a value of a parameter is, `lon lat radius`; UsageError where it is none."""
    found = numbers(name, text.split())
    if len(found) != 3:
        raise UsageError(f"{name}={text[:100]!r} is no circle; write lon lat radius, in degrees")
    with _told(f"{name}={text[:100]!r}"):
        return _circle(found)


def polygon(name: str, text: str) -> Polygon:
    """The polygon that a value of a parameter is, of three vertices or more; as `circle`."""
    found = numbers(name, text.split())
    if len(found) < 6 or len(found) % 2:
        raise UsageError(
            f"{name}={text[:100]!r} is no polygon; write three vertices or more as "
            "lon1 lat1 lon2 lat2 lon3 lat3 ..., in degrees"
        )
    with _told(f"{name}={text[:100]!r}"):
        return _polygon(found)


def position(name: str, text: str) -> Point:
    """The position that a value of a parameter is, `lon lat`; UsageError as `circle`."""
    found = numbers(name, text.split())
    if len(found) != 2:
        raise UsageError(f"{name}={text[:100]!r} is no position; write lon lat, in degrees")
    with _told(f"{name}={text[:100]!r}"):
        return shapes.point(*_position(*found))


@contextmanager
def _told(value: str) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise UsageError(f"{value}: {error}") from None


def _circle(found: list[float]) -> Circle:
    return shapes.circle(shapes.point(*_position(found[0], found[1])), found[2])


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
