"""Whether a spectrum lies in a region: its position, with the aperture around it."""

import math

from adql.sky.shapes import Point, Vector, cross, dot, separation, unit, vector
from service.cutouts.errors import NotCuttable
from service.cutouts.wanted import Circle, Polygon, Range, Region


def lies_in(region: Region, ra: float, dec: float, radius: float) -> bool:
    """Whether a circle of `radius` around a position meets a region, all in degrees.

    NotCuttable for a box of pixels: a spectrum has none on the sky.
    """
    place = vector(Point(ra, dec))
    if isinstance(region, Circle):
        centre = vector(Point(region.ra, region.dec))
        return math.degrees(separation(centre, place)) <= region.radius + radius + 1e-12
    if isinstance(region, Range):
        return _in_range(region, ra, dec, radius)
    if isinstance(region, Polygon):
        corners = [vector(Point(*vertex)) for vertex in region.vertices]
        return _turns(corners, place) or _near_side(corners, place, math.radians(radius))
    raise NotCuttable("a spectrum has no pixels on the sky: ask for a circle around the position")


def _in_range(region: Range, ra: float, dec: float, radius: float) -> bool:
    if not region.dec_min - radius <= dec <= region.dec_max + radius:
        return False
    if math.isinf(region.ra_min) or math.isinf(region.ra_max) or abs(dec) + radius >= 90:
        return (math.isinf(region.ra_min) or ra >= region.ra_min - radius) and (
            math.isinf(region.ra_max) or ra <= region.ra_max + radius
        )
    wider = math.degrees(math.asin(math.sin(math.radians(radius)) / math.cos(math.radians(dec))))
    span = (
        (region.ra_max - region.ra_min) % 360
        if region.ra_max < region.ra_min
        else (region.ra_max - region.ra_min)
    )
    return (ra - region.ra_min + wider) % 360 <= span + 2 * wider or span >= 360


def _turns(corners: list[Vector], place: Vector) -> bool:
    """Whether the sides, seen from the position, turn once around it (in either direction).

    They do so around the opposite position too, which lies in no polygon of less than half the sky.
    """
    if sum(dot(place, corner) for corner in corners) <= 0:
        return False
    total = 0.0
    for a, b in zip(corners, corners[1:] + corners[:1], strict=True):
        to_a, to_b = cross(place, a), cross(place, b)
        total += math.atan2(dot(place, cross(to_a, to_b)), dot(to_a, to_b))
    return abs(total) > math.pi


def _near_side(corners: list[Vector], place: Vector, radius: float) -> bool:
    """Whether a side or corner is as near as `radius` (radians)."""
    for a, b in zip(corners, corners[1:] + corners[:1], strict=True):
        if min(separation(a, place), separation(b, place)) <= radius + 1e-14:
            return True
        pole = cross(a, b)
        if dot(pole, pole) == 0:
            continue
        pole = unit(pole)
        beside = dot(cross(pole, a), place) >= 0 and dot(cross(b, pole), place) >= 0
        if beside and abs(math.asin(max(-1.0, min(1.0, dot(pole, place))))) <= radius + 1e-14:
            return True
    return False
