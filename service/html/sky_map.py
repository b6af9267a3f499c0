"""A map of the sky: where things lie, as inline SVG in Mollweide's projection (sky.html draws it).

Equatorial coordinates, right ascension growing to the left with 12h at the edges, as star charts
have it. The unit is a pixel of a 960 by 500 drawing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import asin, atan2, cos, degrees, log10, pi, radians, sin, sqrt

WIDTH, HEIGHT = 960, 500
_SCALE = 164.0
_SIZES = 8
_LEAST_FULLEST = 30  # a handful is small even where there is no more
# The north pole of the Galaxy and its centre, J2000, degrees.
_GALACTIC_POLE = (192.85948, 27.12825)
_GALACTIC_NODE = 282.85948  # right ascension where the plane crosses the equator going north


@dataclass(frozen=True)
class Place:
    """Things that lie close together: their mean position in degrees, how many, in words."""

    ra: float
    dec: float
    number: int
    words: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Dot:
    """A place on the drawing with a radius, its kind, and what a pointer reads there."""

    x: float
    y: float
    radius: float
    kind: str
    title: str


def mollweide(ra: float, dec: float) -> tuple[float, float]:
    """Degrees to pixels of the drawing."""
    longitude = radians((ra + 180) % 360 - 180)
    latitude = radians(dec)
    angle = latitude
    if abs(dec) < 89.9:
        for _ in range(40):
            excess = 2 * angle + sin(2 * angle) - pi * sin(latitude)
            step = excess / (2 + 2 * cos(2 * angle))
            angle -= step
            if abs(step) < 1e-9:
                break
    x = -2 * sqrt(2) / pi * longitude * cos(angle)
    return WIDTH / 2 + _SCALE * x, HEIGHT / 2 - _SCALE * sqrt(2) * sin(angle)


def path(points: list[tuple[float, float]]) -> str:
    """SVG path data through points in degrees; broken where it leaps over the edge."""
    data, last = [], None
    for ra, dec in points:
        x, y = mollweide(ra, dec)
        leap = last is None or abs(x - last) > WIDTH / 3
        data.append(f"{'M' if leap else 'L'}{x:.1f} {y:.1f}")
        last = x
    return "".join(data)


def graticule() -> str:
    """Meridians every two hours and parallels every thirty degrees."""
    meridians = [[(ra, dec) for dec in range(-90, 91, 3)] for ra in range(210, 540, 30)]
    parallels = [[(ra, dec) for ra in range(-179, 180, 4)] for dec in (-60, -30, 0, 30, 60)]
    return "".join(path([(float(a), float(b)) for a, b in line]) for line in meridians + parallels)


def galactic_plane() -> str:
    """The great circle of the Milky Way."""
    _, pole_dec = _GALACTIC_POLE
    tilt = radians(90 - pole_dec)
    points = []
    for step in range(0, 361, 3):
        along = radians(step)
        dec = degrees(asin(sin(along) * sin(tilt)))
        ra = _GALACTIC_NODE + degrees(atan2(sin(along) * cos(tilt), cos(along)))
        points.append((ra, dec))
    return path(points)


def hour_labels() -> list[tuple[float, float, str]]:
    """Position and text of the hours along the equator."""
    return [(*mollweide(hour * 15, 0), f"{hour}h") for hour in (20, 16, 8, 4, 0)]


def dots(places: Iterable[Place]) -> list[Dot]:
    """One dot a place with its words, the fuller the larger, drawn in the order given."""
    drawn = []
    for place in places:
        x, y = mollweide(place.ra, place.dec)
        drawn.append(
            Dot(
                round(x, 1),
                round(y, 1),
                round(2.6 + 2.6 * log10(place.number), 1),
                place.kind,
                f"{place.words} near RA {place.ra % 360:.1f}°, Dec {place.dec:+.1f}°",
            )
        )
    return drawn


@dataclass(frozen=True)
class Stroke:
    """Many places of one size as one path: points with round ends of `width` pixels."""

    width: float
    data: str


def strokes(places: Iterable[Place]) -> list[Stroke]:
    """Hundreds of places without words, in a tenth of the space that dots take.

    Sizes are relative to the fullest place, in _SIZES steps of the logarithm.
    """
    known = list(places)
    fullest = log10(max([_LEAST_FULLEST, *(place.number for place in known)]))
    points: dict[int, list[str]] = {}
    for place in known:
        x, y = mollweide(place.ra, place.dec)
        step = round(_SIZES * log10(place.number) / fullest)
        points.setdefault(step, []).append(f"M{x:.1f} {y:.1f}h0")
    return [
        Stroke(round(4 + 10 * step / _SIZES, 1), "".join(found))
        for step, found in sorted(points.items(), reverse=True)
    ]
