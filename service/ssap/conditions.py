"""What a spectrum has to satisfy, and how well it does, as SQL over the tables of archive.

A value that the archive does not know satisfies no constraint. Every text of a user is a parameter
(DESIGN §4).
"""

import math
from collections.abc import Iterator

from adql.sky import coverage
from adql.sky.shapes import Circle
from adql.sql import Sql, double, joined
from adql.translation import Parameter
from service.ssap.bands import Band
from service.ssap.ranges import Range
from service.ssap.request import Constraints

_ROUNDING = 1e-13
# Degrees below which a circle is a point: nothing is divided by less.
_POINT = 1e-9
# What is asked for a class of calibration: the classes that do.
_FLUX_LEVELS = {
    "absolute": ("absolute",),
    "relative": ("absolute", "relative"),
    "normalized": ("normalized",),
}
# Files write names with blanks, with underscores, or with neither; an index has them without.
_NO_BLANKS = str.maketrans("", "", " _")
_OBSERVED = ("em_min", "em_max")
_AT_REST = ("em_min / nullif(1 + redshift, 0)", "em_max / nullif(1 + redshift, 0)")
_EXPOSED = ("t_min", "coalesce(t_max, t_min + t_exptime / 86400, t_min)")


def conditions(wanted: Constraints, authority: str) -> Sql:
    """The condition on a row of dataset and spectrum; `authority` begins our identifiers."""
    return joined(" AND ", list(_conditions(wanted, authority)) or ["TRUE"])


def _conditions(wanted: Constraints, authority: str) -> Iterator[Sql]:
    if wanted.circle is not None:
        yield _in_circle(wanted.circle)
    if wanted.band is not None:
        yield _overlaps(_axis(wanted.band), wanted.band.ranges)
    if wanted.times:
        yield _overlaps(_EXPOSED, wanted.times)
    for column, limits in (
        ("em_res_power", wanted.resolving_power),
        ("s_resolution / 3600", wanted.space_resolution),
        ("coalesce(t_resolution, t_exptime)", wanted.time_resolution),
        ("s_snr", wanted.snr),
        ("redshift", wanted.redshift),
    ):
        if limits is not None:
            yield _within(column, limits)
    yield from _names(wanted, authority)
    if wanted.flux != "any":
        yield ("o_calib_status = ANY (", _texts(_FLUX_LEVELS[wanted.flux]), ")")
    if wanted.wave != "any":
        yield "em_min IS NOT NULL"
    if wanted.modified is None:
        yield "present"
    else:
        moment = "(extract(epoch FROM updated) / 86400 + 40587)::double precision"
        yield _within(moment, wanted.modified)


def _names(wanted: Constraints, authority: str) -> Iterator[Sql]:
    if wanted.target is not None:
        name = wanted.target.lower().translate(_NO_BLANKS)
        yield ("translate(lower(target_name), ' _', '') = ", Parameter(name, "text"))
    if wanted.classes:
        yield ("lower(target_class) = ANY (", _texts(wanted.classes), ")")
    if wanted.publisher_did is not None:
        yield ("obs_publisher_did = ", Parameter(_ours(wanted.publisher_did, authority), "text"))
    if wanted.creator_did is not None:
        yield ("lower(obs_creator_did) = lower(", Parameter(wanted.creator_did, "text"), ")")
    if wanted.collection is not None:
        yield _in_collection(wanted.collection, authority)


def _in_collection(name: str, authority: str) -> Sql:
    """Part of a name, or all of one after our authority (SSAP 1.1 §4.1.2.14)."""
    if name.lower().startswith("ivo://"):
        local = _ours(name, authority).removeprefix(authority).lstrip("/?#")
        whole = local if name.lower().startswith(authority.lower()) else name
        return ("lower(obs_collection) = lower(", Parameter(whole, "text"), ")")
    return ("strpos(lower(obs_collection), lower(", Parameter(name, "text"), ")) > 0")


def _ours(identifier: str, authority: str) -> str:
    """An identifier with our authority spelled as ours: its case does not count (Identifiers 2.0
    §2.1)."""
    if identifier.lower().startswith(authority.lower()):
        return authority + identifier[len(authority) :]
    return identifier


def _texts(values: tuple[str, ...]) -> Parameter:
    return Parameter(values, "text[]")


def _within(column: str, limits: Range) -> Sql:
    ends: list[Sql] = []
    if limits.low > -math.inf:
        ends.append((f"{column} >= ", double(limits.low)))
    if limits.high < math.inf:
        ends.append((f"{column} <= ", double(limits.high)))
    return ("(", joined(" AND ", ends or [f"{column} IS NOT NULL"]), ")")


def _axis(band: Band) -> tuple[str, str]:
    return _AT_REST if band.rest == "source" else _OBSERVED


def _overlaps(axis: tuple[str, str], ranges: tuple[Range, ...]) -> Sql:
    """The interval of the row, from one column to another, meets one of the ranges."""
    low, high = axis
    each: list[Sql] = [
        (
            "(", _within(high, Range(wanted.low, math.inf)), " AND ",
            _within(low, Range(-math.inf, wanted.high)), ")",
        )
        for wanted in ranges
    ]  # fmt: skip
    return ("(", joined(" OR ", each), ")")


def _in_circle(circle: Circle) -> Sql:
    """The position lies in a circle: ranges of HEALPix for the index, then the test (DESIGN §5)."""
    centre, radius = circle.centre, circle.radius
    place = (double(centre.lon), ", ", double(centre.lat))
    exact: Sql = ("starhaul.distance(s_ra, s_dec, ", place, ") <= ", double(radius + _ROUNDING))
    ranges = coverage.ranges(circle)
    if ranges is None:
        return exact
    branches: list[Sql] = [
        (
            "(hpx BETWEEN ", Parameter(low, "bigint"), " AND ", Parameter(high, "bigint"),
            " AND hcell = ANY (", Parameter(coverage.cells(low, high), "integer[]"), "))",
        )
        for low, high in ranges
    ]  # fmt: skip
    return ("(", joined(" OR ", branches), ") AND ", exact)


def score(wanted: Constraints) -> Sql | None:
    """From 0 to 1: the mean of how near the position is and how much of the wavelengths and times
    asked for is covered; None where none of them is asked for."""
    parts: list[Sql] = []
    if wanted.circle is not None:
        parts.append(_nearness(wanted.circle))
    if wanted.band is not None:
        parts += _covered(_axis(wanted.band), wanted.band.ranges)
    if wanted.times:
        parts += _covered(_EXPOSED, wanted.times)
    if not parts:
        return None
    return ("((", joined(" + ", parts), f") / {len(parts)})::real")


def _nearness(circle: Circle) -> Sql:
    centre = circle.centre
    place = (double(centre.lon), ", ", double(centre.lat))
    distance: Sql = ("starhaul.distance(s_ra, s_dec, ", place, ")")
    return ("(1 - least(", distance, " / ", double(max(circle.radius, _POINT)), ", 1))")


def _covered(axis: tuple[str, str], ranges: tuple[Range, ...]) -> list[Sql]:
    """How much of each finite range the row covers, or of the row the range where that is wider;
    of all ranges the largest."""
    low, high = axis
    shares: list[Sql] = [
        (
            f"coalesce(greatest(0, least({high}, ", double(wanted.high), f") - greatest({low}, ",
            double(wanted.low), f")) / nullif(least({high} - ({low}), ",
            double(wanted.high - wanted.low), "), 0), 1)",
        )
        for wanted in ranges
        if 0 < wanted.high - wanted.low < math.inf
    ]  # fmt: skip
    return [("greatest(", joined(", ", shares), ")")] if len(shares) == len(ranges) else []
