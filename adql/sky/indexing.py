"""What an index can use of a condition on the sky (DESIGN section 5).

Every condition made here is TRUE wherever the exact test is; it stands beside that test and under
no NOT, where FALSE and NULL mean the same. CONTAINS, INTERSECTS and an upper limit of DISTANCE all
ask for two things that come near each other, and a thing is bounded by a disc: a centre and a
radius, constant or of the row. Three indexes answer:

* HEALPix ranges of `hpx`: a position near a constant shape;
* zones of declination, then right ascension: a position near a disc of another table's row;
* `cube` boxes: a region near anything.

Plain conditions, so that they serve in ON, WHERE and EXISTS alike and PostgreSQL chooses which side
leads (docs/decisions/0008).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from adql.catalogue import SkyRegion
from adql.semantics.scopes import Source
from adql.semantics.types import Typing
from adql.sky import constants, coverage, shapes
from adql.sky.places import Place, Places
from adql.sky.shapes import Circle, Shape
from adql.sky.zones import in_zones
from adql.sql import Sql, double, doubles, joined
from adql.syntax import tree
from adql.syntax.checks import unwrapped, without_frame
from adql.syntax.tree import Expression
from adql.translation import Parameter

ANYWHERE: Sql = "TRUE"
"""The condition where no index serves."""
_MAX_JOIN_RADIUS = 10.0
"""Degrees above which a disc meets so many zones that reading the whole table is quicker."""


@dataclass(frozen=True, slots=True)
class Extent:
    """A disc that holds a geometry: degrees as SQL, the right ascension within 0 to 360.

    `fixed` is the radius where it is constant; `shape` the geometry where it is; `place` and
    `region` say that the catalogue indexes the centre or the geometry itself.
    """

    lon: Sql
    lat: Sql
    radius: Sql
    fixed: float | None
    centre_sources: frozenset[str] = frozenset()
    radius_sources: frozenset[str] = frozenset()
    shape: Shape | None = None
    place: Place | None = None
    region: tuple[Source, SkyRegion] | None = None

    @property
    def sources(self) -> frozenset[str]:
        """The tables it depends on."""
        return self.centre_sources | self.radius_sources


Extents = tuple[Extent, ...]


class SkyIndexes:
    """Index conditions of one query; `write` writes a geometry as double precision[]."""

    def __init__(
        self,
        places: Places,
        typing: Typing,
        constant: constants.ConstantShapes,
        write: Callable[[Expression], Sql],
    ) -> None:
        self.places = places
        self.typing = typing
        self.constant = constant
        self.write = write

    def meeting(self, a: Expression, b: Expression) -> Sql:
        """Two geometries share a point, as CONTAINS and INTERSECTS imply."""
        if not (self.places.repeatable(a) and self.places.repeatable(b)):
            return ANYWHERE
        return _any([_near(x, y) for x in self.parts(a) for y in self.parts(b)])

    def within(self, call: tree.Call, limit: Expression) -> Sql:
        """DISTANCE(...) <= limit (ADQL 2.1 §4.2.16)."""
        if not (self.places.repeatable(call) and self.places.repeatable(limit)):
            return ANYWHERE
        if len(call.arguments) == 4:
            ra1, dec1, ra2, dec2 = call.arguments
            a: Extents = (self._point(ra1, dec1),)
            b: Extents = (self._point(ra2, dec2),)
        else:
            a, b = (self.parts(argument) for argument in call.arguments)
        return _any([_near(x, self._widened(y, limit)) for x in a for y in b])

    def parts(self, expression: Expression) -> Extents:
        """The discs around a geometry, one for each part of a union; empty where they are not known
        before the exact test."""
        shape = self.constant.shape(expression)
        if shape is not None:
            return tuple(_constant(part) for part in shapes.parts(shape))
        extent = self.extent(expression)
        return () if extent is None else (extent,)

    def extent(self, expression: Expression) -> Extent | None:
        """The disc around a geometry of the row."""
        region = self.places.region(expression)
        if region is not None and region[1].box is not None:
            return _around_box(*region, region[1].box)
        inner = unwrapped(expression)
        if isinstance(inner, tree.Call):
            arguments = without_frame(inner)
            if inner.name == "POINT":
                return self._point(*arguments)
            if inner.name == "CIRCLE":
                centre = self._centre(arguments[:-1])
                return self._widened(centre, arguments[-1]) if centre is not None else None
            if inner.name == "BOX":
                # No corner is further from the centre than half of both sides together.
                centre = self._centre(arguments[:-2])
                for side in arguments[-2:]:
                    centre = self._widened(centre, side) if centre is not None else None
                return centre
            return None
        if self.typing.of(inner).shape == "point":
            return self._stored_point(inner)
        return None

    def _centre(self, arguments: tuple[Expression, ...]) -> Extent | None:
        if len(arguments) == 2:
            return self._point(*arguments)
        return next(iter(self.parts(arguments[0])), None)

    def _point(self, lon: Expression, lat: Expression) -> Extent:
        fixed = self.constant.position(lon, lat)
        if fixed is not None:
            return _constant(fixed)
        sources = self.places.sources(lon) | self.places.sources(lat)
        east, north = self.places.emit(lon), self.places.emit(lat)
        place = self.places.place(lon, lat)
        return Extent(_turned(east), north, double(0), 0.0, sources, place=place)

    def _stored_point(self, expression: Expression) -> Extent:
        point = self.write(expression)
        sources = self.places.sources(expression)
        return Extent(_turned(("(", point, ")[1]")), ("(", point, ")[2]"), double(0), 0.0, sources)

    def _widened(self, extent: Extent, by: Expression) -> Extent:
        """The disc of everything within a distance of it."""
        value = constants.number(by)
        if value is not None and extent.fixed is not None:
            total = extent.fixed + float(value)
            shape = extent.shape
            if shape is not None and value:
                cap = shapes.cap(shape)
                shape = Circle(cap.centre, cap.radius + float(value))
            return replace(extent, radius=double(total), fixed=total, shape=shape)
        return replace(
            extent,
            radius=("(", extent.radius, " + ", self.places.emit(by), ")"),
            fixed=None,
            radius_sources=extent.radius_sources | self.places.sources(by),
            shape=None,
        )


def _turned(lon: Sql) -> Sql:
    return ("starhaul.turn(", lon, ")")


def _constant(shape: Shape) -> Extent:
    cap = shapes.cap(shape)
    lon, lat = double(cap.centre.lon % 360), double(cap.centre.lat)
    return Extent(lon, lat, double(cap.radius), cap.radius, shape=shape)


def _around_box(source: Source, region: SkyRegion, box: str) -> Extent:
    lon, lat, radius = (f"(starhaul.box_disc({source.sql}.{box}))[{i}]" for i in (1, 2, 3))
    alias = frozenset([source.sql])
    return Extent(lon, lat, radius, None, alias, alias, region=(source, region))


def _any(conditions: list[Sql]) -> Sql:
    if not conditions or ANYWHERE in conditions:
        return ANYWHERE
    return conditions[0] if len(conditions) == 1 else ("(", joined(" OR ", conditions), ")")


def _near(a: Extent, b: Extent) -> Sql:
    """All conditions that an index of either side can use; PostgreSQL chooses among them."""
    if any(extent.fixed is not None and extent.fixed < 0 for extent in (a, b)):
        return ANYWHERE
    found = [_position_near(a, b), _position_near(b, a), _region_near(a, b), _region_near(b, a)]
    conditions = [condition for condition in found if condition != ANYWHERE]
    return joined(" AND ", conditions) if conditions else ANYWHERE


def _position_near(indexed: Extent, other: Extent) -> Sql:
    place = indexed.place
    if place is None or place.alias in other.sources | indexed.radius_sources:
        return ANYWHERE
    fixed = None if indexed.fixed is None or other.fixed is None else (indexed.fixed + other.fixed)
    if other.shape is not None and fixed is not None and place.sky.hpx is not None:
        shape = other.shape
        if indexed.fixed:
            cap = shapes.cap(shape)
            shape = Circle(cap.centre, cap.radius + indexed.fixed)
        return _in_ranges(place, place.sky.hpx, shape)
    if not place.sky.zones or (fixed is not None and not 0 <= fixed <= _MAX_JOIN_RADIUS):
        return ANYWHERE
    radius: Sql | float = ("(", indexed.radius, " + ", other.radius, ")")
    return in_zones(place, other.lon, other.lat, radius if fixed is None else fixed)


def _in_ranges(place: Place, hpx: str, shape: Shape) -> Sql:
    ranges = coverage.ranges(shape)
    if ranges is None:
        return ANYWHERE
    branches: list[Sql] = []
    for low, high in ranges:
        bounds: Sql = (Parameter(low, "bigint"), " AND ", Parameter(high, "bigint"))
        branch: Sql = (f"{place.alias}.{hpx} BETWEEN ", bounds)
        if place.sky.hcell is not None:
            cells = Parameter(coverage.cells(low, high), "integer[]")
            branch = (branch, f" AND {place.alias}.{place.sky.hcell} = ANY (", cells, ")")
        branches.append(("(", branch, ")"))
    return ("(", joined(" OR ", branches), ")")


def _region_near(indexed: Extent, other: Extent) -> Sql:
    """The hidden cube of a region column overlaps the one around the other."""
    if indexed.region is None:
        return ANYWHERE
    source, region = indexed.region
    if source.sql in other.sources:
        return ANYWHERE
    if other.region is not None:
        there, theirs = other.region
        bounds: Sql = f"coalesce({there.sql}.{theirs.box}, starhaul.cap_box(0, 0, 180))"
    elif other.shape is not None:
        low, high = shapes.cap_bounds(shapes.cap(other.shape))
        bounds = ("cube(", doubles(low), ", ", doubles(high), ")")
    else:
        bounds = ("starhaul.cap_box(", other.lon, ", ", other.lat, ", ", other.radius, ")")
    column = f"{source.sql}.{region.box}"
    return (f"({column} IS NULL OR {column} && ", bounds, ")")
