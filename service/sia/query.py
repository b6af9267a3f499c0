"""A search for images as a query in ADQL over ivoa.obscore, with TAP's conditions and indexes."""

import math
from collections.abc import Iterable, Sequence

from adql.quoting import number, string
from adql.sky import shapes
from adql.sky.shapes import Circle, Point, Polygon
from schema.obscore import OBSCORE_COLUMNS
from service.dali.intervals import Interval
from service.dali.places import CoordinateRange, Place
from service.sia.request import INTERVALS, TEXTS, SiaRequest

_COLUMNS = ", ".join(column.meta.name for column in OBSCORE_COLUMNS)
_IMAGES = "dataproduct_type IN ('image', 'cube')"


def sia_query(asked: SiaRequest) -> str:
    """ADQL for the images and cubes that satisfy each parameter with one of its values.

    What is not known of an image satisfies nothing (SIA 2.0 §2.1).
    """
    conditions = [
        _IMAGES,
        _any(map(_place, asked.places)),
        *(
            _any(_interval(INTERVALS[name], each) for each in asked.intervals[name])
            for name in INTERVALS
        ),
        *(_one_of(TEXTS[name], asked.texts[name]) for name in TEXTS),
        _one_of("LOWER(obs_publisher_did)", [each.lower() for each in asked.identifiers]),
        _any(f"pol_states LIKE '%/{state}/%'" for state in asked.polarizations),
        _any(f"calib_level = {level:d}" for level in asked.levels),
    ]
    where = " AND ".join(condition for condition in conditions if condition)
    return f"SELECT {_COLUMNS} FROM ivoa.obscore WHERE {where}"  # noqa: S608


def _any(conditions: Iterable[str]) -> str:
    """One of them holds; nothing where there is none."""
    found = list(conditions)
    return f"({' OR '.join(found)})" if found else ""


def _one_of(column: str, values: Sequence[str]) -> str:
    return f"{column} IN ({', '.join(map(string, values))})" if values else ""


def _interval(columns: tuple[str, ...], asked: Interval) -> str:
    """The interval of the columns, or the value of the one, meets the one that was asked for."""
    low, high = columns[0], columns[-1]
    ends = []
    if asked.high < math.inf:
        ends.append(f"{low} <= {number(asked.high)}")
    if asked.low > -math.inf:
        ends.append(f"{high} >= {number(asked.low)}")
    return f"({' AND '.join(ends or [f'{each} IS NOT NULL' for each in columns])})"


def _place(asked: Place) -> str:
    """The outline of an image meets a shape; where there is no outline, its centre lies in it."""
    if isinstance(asked, CoordinateRange):
        region, position = _in_range(asked)
    else:
        shape = _shape(asked)
        region = f"1 = INTERSECTS(s_region, {shape})"
        position = f"1 = CONTAINS(POINT(s_ra, s_dec), {shape})"
    return f"({region} OR (s_region IS NULL AND {position}))"


def _shape(shape: Circle | Polygon) -> str:
    if isinstance(shape, Circle):
        return f"CIRCLE({_numbers(shape.centre.lon, shape.centre.lat, shape.radius)})"
    corners = (each for point in shape.vertices for each in (point.lon, point.lat))
    return f"POLYGON({_numbers(*corners)})"


def _numbers(*values: float) -> str:
    return ", ".join(map(number, values))


def _in_range(asked: CoordinateRange) -> tuple[str, str]:
    """Conditions on the outline and on the centre, each with one that an index can use."""
    position = f"s_dec BETWEEN {number(asked.south)} AND {number(asked.north)}"
    if asked.width >= 360 and asked.south == -90 and asked.north == 90:
        return "s_region IS NOT NULL", position
    sides = _numbers(asked.west, asked.width, asked.south, asked.north)
    region = f"1 = sh_meets_range(s_region, {sides})"
    if asked.width < 360:
        joined = "AND" if asked.west <= asked.east else "OR"
        west, east = number(asked.west), number(asked.east)
        position += f" AND (s_ra >= {west} {joined} s_ra <= {east})"
    around = _cap_around(asked)
    if around is not None:
        cap = _shape(around)
        region = f"1 = INTERSECTS(s_region, {cap}) AND {region}"
        position += f" AND 1 = CONTAINS(POINT(s_ra, s_dec), {cap})"
    return f"({region})", position


def _cap_around(asked: CoordinateRange) -> Circle | None:
    """A circle that holds the range; None where none smaller than half of the sphere is known."""
    if asked.width >= 180:
        north = asked.south > 0
        if not north and asked.north >= 0:
            return None
        height = 90 - asked.south if north else 90 + asked.north
        return Circle(Point(0.0, 90.0 if north else -90.0), height + 1e-9)
    middle = shapes.vector(Point(asked.west + asked.width / 2, (asked.south + asked.north) / 2))
    corners = (
        shapes.vector(Point(lon, lat))
        for lon in (asked.west, asked.west + asked.width)
        for lat in (asked.south, asked.north)
    )
    reach = max(math.degrees(shapes.separation(middle, corner)) for corner in corners)
    return Circle(shapes.position(middle), min(180.0, reach * (1 + 1e-9) + 1e-9))
