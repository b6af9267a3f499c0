"""What /soda is asked for (SODA 1.0 §3), and the combinations of values in it.

CIRCLE, POLYGON, POS and CENTER with PIXELS all give regions: their values count as values of one
parameter. All values of POL together are one (§3.3.6).
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from adql.sky import shapes
from service.cutouts.wanted import Circle, Interval, PixelBox, Polygon, Range, Region, Wanted
from service.cuttable.cutting import FITS, NATIVE, VOTABLE, Form
from service.dali.intervals import interval, numbers
from service.dali.places import CoordinateRange, Place, circle, place, polygon, position
from service.dali.polarizations import polarizations
from service.errors import UsageError
from service.parameters import Parameters

_PLACES = ("CIRCLE", "POLYGON", "POS", "CENTER")
_AXES = ("BAND", "TIME")
_MOST_PIXELS = 1_000_000
_FORMS: dict[str, Form] = {
    "native": NATIVE,
    "votable": VOTABLE,
    "application/x-votable+xml": VOTABLE,
    "text/xml": VOTABLE,
    "fits": FITS,
    "application/fits": FITS,
    "image/fits": FITS,
}


class MultiValued(UsageError):
    """A parameter has several values where one is supported (SODA 1.0 §3.1)."""


@dataclass(frozen=True, slots=True)
class Combination:
    """One value of each parameter: what makes one result."""

    identifier: str
    wanted: Wanted


@dataclass(frozen=True, slots=True)
class SodaRequest:
    """The values of all parameters; those not given leave their axis whole."""

    ids: tuple[str, ...]
    regions: tuple[Region, ...]
    bands: tuple[Interval, ...]
    times: tuple[Interval, ...]
    pol: tuple[str, ...]
    form: Form

    def combinations(self) -> Iterator[Combination]:
        """Each of them; those of one dataset follow each other."""
        for identifier, region, band, time in product(
            self.ids, self.regions or (None,), self.bands or (None,), self.times or (None,)
        ):
            yield Combination(identifier, Wanted(region, band, time, self.pol))


def count_combinations(parameters: Parameters) -> int:
    """How many combinations of values there are, before any of them is read."""
    count = {name: len(parameters.many(name)) for name in (*_PLACES, "PIXELS", "ID", *_AXES)}
    boxes = count["CENTER"] * count["PIXELS"]
    regions = count["CIRCLE"] + count["POLYGON"] + count["POS"] + boxes
    return count["ID"] * math.prod(max(1, n) for n in (regions, *(count[a] for a in _AXES)))


def soda_request(parameters: Parameters) -> SodaRequest:
    """Read the parameters; UsageError where one of them is wrong, or ID is missing."""
    ids = parameters.many("ID")
    if not ids:
        raise UsageError("ID is missing; give the obs_publisher_did of a dataset")
    return SodaRequest(
        ids=ids,
        regions=tuple(_regions(parameters)),
        bands=_intervals(parameters, "BAND"),
        times=_intervals(parameters, "TIME"),
        pol=polarizations(parameters),
        form=_form(parameters.single("RESPONSEFORMAT")),
    )


def refuse_several(parameters: Parameters) -> None:
    """MultiValued where a request that is answered at once has several values of a parameter."""
    for names in (("ID",), _PLACES, ("PIXELS",), *((axis,) for axis in _AXES), ("RESPONSEFORMAT",)):
        given = [name for name in names for _ in parameters.many(name)]
        if len(given) > 1:
            raise MultiValued(
                f"{' and '.join(dict.fromkeys(given))}: {len(given)} values; /soda/sync cuts one "
                "product, so give one, or send the request to /soda/async, where each combination "
                "of values is a result"
            )


def _regions(parameters: Parameters) -> Iterator[Region]:
    for text in parameters.many("CIRCLE"):
        yield region_of(circle("CIRCLE", text))
    for text in parameters.many("POLYGON"):
        yield region_of(polygon("POLYGON", text))
    for text in parameters.many("POS"):
        yield region_of(place(text))
    yield from _boxes(parameters.many("CENTER"), parameters.many("PIXELS"))


def region_of(shape: Place) -> Region:
    """A place of DALI as the cutting room has it."""
    if isinstance(shape, shapes.Circle):
        return Circle(shape.centre.lon, shape.centre.lat, shape.radius)
    if isinstance(shape, CoordinateRange):
        return Range(shape.west, shape.east, shape.south, shape.north)
    return Polygon(tuple((vertex.lon, vertex.lat) for vertex in shape.vertices))


def _boxes(centers: Sequence[str], sizes: Sequence[str]) -> Iterator[PixelBox]:
    if bool(centers) != bool(sizes):
        raise UsageError(
            "CENTER and PIXELS go together: CENTER=lon lat in degrees, and PIXELS=width height "
            "for the pixels around it"
        )
    for center, size in product(centers, sizes):
        middle = position("CENTER", center)
        yield PixelBox(middle.lon, middle.lat, *_size(size))


def _size(text: str) -> tuple[int, int]:
    """Width and height; one number is both."""
    found = numbers("PIXELS", text.split())
    if len(found) not in (1, 2) or not all(map(_is_count, found)):
        raise UsageError(
            f"PIXELS={text[:60]!r} is no size; write width and height as two whole numbers from 1 "
            f"to {_MOST_PIXELS:,}".replace(",", "")
        )
    return int(found[0]), int(found[-1])


def _is_count(value: float) -> bool:
    return 1 <= value <= _MOST_PIXELS and value == int(value)


def _intervals(parameters: Parameters, name: str) -> tuple[Interval, ...]:
    found = (interval(name, text) for text in parameters.many(name))
    return tuple((each.low, each.high) for each in found)


def _form(asked: str | None) -> Form:
    if asked is None:
        return NATIVE
    kind = asked.partition(";")[0].strip().lower()
    if kind not in _FORMS:
        raise UsageError(f"RESPONSEFORMAT={asked[:60]!r} is not known; use {_choice(_FORMS)}")
    return _FORMS[kind]


def _choice(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} or {last}"
