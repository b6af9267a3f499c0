"""The condition by which a join on distance finds its rows in an index of zones.

Zones of declination of a minute of arc each, and in each a window of right ascension, which goes on
at the other end where it passes 0 or 360 (docs/decisions/0008).
"""

from math import cos, inf, radians

from adql.sky.places import Place
from adql.sql import Sql, double

_ZONE_HEIGHT = 1 / 60  # degrees, as `starhaul.zone` counts them
# What index conditions hold more than they must, by far more than rounding.
_WIDER, _WIDEN = 1.001, 1e-10
# Up to this latitude a window of known radius has a greatest width.
_LOW_LATITUDE, _MOST_REACH = 80.0, 9.0


def in_zones(place: Place, lon: Sql, lat: Sql, radius: Sql | float) -> Sql:
    """Which rows of `place` may lie within `radius` of (lon, lat), all in degrees; `lon` from 0 to
    360."""
    reach: Sql
    if isinstance(radius, float):
        most = radius * _WIDER + _WIDEN
        reach, inside = double(most), _passes_no_end(lon, lat, most)
    else:
        most = inf
        reach = ("(", radius, " * ", double(_WIDER), " + ", double(_WIDEN), ")")
        inside = None
    first: Sql = ("starhaul.zone(", lat, " - ", reach, ")")
    last: Sql = ("starhaul.zone(", lat, " + ", reach, ")")
    # Two spellings of one set of zones: PostgreSQL would take out what the branches of OR have in
    # common, and then find no index for what is left.
    zones: Sql
    same_zones: Sql
    if 2 * most < _ZONE_HEIGHT:
        zones, same_zones = (
            ("ARRAY[", first, ", ", last, "]"),
            ("ARRAY[", last, ", ", first, "]"),
        )
    else:
        zones, same_zones = (
            ("starhaul.zones(", first, ", ", last, ")"),
            ("starhaul.zones(", last, ", ", first, ")"),
        )
    half: Sql = ("starhaul.ra_reach(", lat, ", ", reach, ")")
    west: Sql = ("(", lon, " - ", half, ")")
    east: Sql = ("(", lon, " + ", half, ")")
    # What the window has beyond 0 or 360, never both: it is then all the way round. Mostly it is
    # NULL, which PostgreSQL looks up in no index.
    gate: Sql = "CASE " if inside is None else ("CASE WHEN ", inside, " THEN NULL ")
    passed: Sql = (west, " < 0 THEN ", west, " + 360 WHEN ", east, " >= 360 THEN 0 END")
    begin: Sql = (gate, "WHEN ", passed)
    end: Sql = (gate, "WHEN ", west, " < 0 THEN 360 ELSE ", east, " - 360 END")
    zone, ra = f"(starhaul.zone({place.dec}) = ANY (", f"starhaul.turn({place.ra})"
    return (
        ("(", zone, zones, f") AND {ra} BETWEEN ", west, " AND ", east, ") OR "),
        (zone, same_zones, f") AND {ra} BETWEEN ", begin, " AND ", end, "))"),
    )


def _passes_no_end(lon: Sql, lat: Sql, reach: float) -> Sql | None:
    """True for most places, and told at less cost than by their windows; None where `reach` is too
    large."""
    if reach > _MOST_REACH:
        return None
    widest = reach / cos(radians(_LOW_LATITUDE + reach)) * _WIDER
    low = double(_LOW_LATITUDE)
    return (
        (lon, " BETWEEN ", double(widest), " AND ", double(360 - widest)),
        (" AND abs(", lat, ") <= ", low),
    )
