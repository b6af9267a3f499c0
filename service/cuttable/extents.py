"""In which ranges a dataset holds something that can be cut out of it (SODA 1.0 §4.3)."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from adql.sky import shapes, stcs
from adql.sky.shapes import Circle, Polygon
from service.cuttable.holdings import IMAGES, SPECTRUM, states_of
from service.results.cutouts import (
    BAND,
    CENTER,
    CIRCLE,
    PIXELS,
    POL,
    POLYGON,
    POS,
    RESPONSEFORMAT,
    SPECTRUM_FORMS,
    TIME,
)
from service.results.descriptors import Domain, Input

# Columns of ObsCore: dataproduct_type, s_region, s_xel1, s_xel2, em_min, em_max, em_xel, t_min,
# t_max, t_xel, pol_states.
Facts = Mapping[str, Any]


def inputs_of(facts: Facts) -> tuple[Input, ...]:
    """The parameters that cut this dataset, with the ranges of what it holds."""
    if facts["dataproduct_type"] == SPECTRUM:
        return (_interval(BAND, facts["em_min"], facts["em_max"]), RESPONSEFORMAT)
    return (*_places(facts), *_axes(facts))


def region_of(facts: Facts) -> Circle | Polygon | None:
    """The outline of an image; None where there is none that is one shape."""
    if facts["dataproduct_type"] not in IMAGES or facts["s_region"] is None:
        return None
    try:
        region = stcs.parse(facts["s_region"])
    except ValueError:
        return None
    return region if isinstance(region, Circle | Polygon) else None


@dataclass(frozen=True, slots=True)
class Suggested:
    """Values of parameters to begin with; None where there is no such parameter.

    A circle of a quarter of the radius around the middle of an image, the middle fifth of a range
    of wavelengths.
    """

    circle: str | None
    center: str | None
    band: str | None
    states: tuple[str, ...]
    forms: tuple[str, ...]

    def __bool__(self) -> bool:
        """Whether there is any field."""
        return any((self.circle, self.band, self.states, self.forms))


def suggested(facts: Facts) -> Suggested:
    """What to begin with for a dataset that is cut."""
    names = {each.name for each in inputs_of(facts)}
    region = region_of(facts)
    circle = center = band = None
    if region is not None:
        around = shapes.cap(region)
        center = f"{around.centre.lon:.6f} {around.centre.lat:.6f}"
        circle = f"{center} {around.radius / 4:.3g}"
    if BAND.name in names and None not in (facts["em_min"], facts["em_max"]):
        low, width = facts["em_min"], facts["em_max"] - facts["em_min"]
        band = f"{low + 0.4 * width:.6g} {low + 0.6 * width:.6g}"
    states = states_of(facts["pol_states"]) if POL.name in names else ()
    forms = SPECTRUM_FORMS if RESPONSEFORMAT.name in names else ()
    return Suggested(circle, center, band, states, forms)


def _places(facts: Facts) -> Iterator[Input]:
    region = region_of(facts)
    if region is None:
        return
    yield POS
    around = shapes.cap(region)
    circle = (around.centre.lon, around.centre.lat, _up(around.radius))
    yield replace(CIRCLE, domain=Domain(maximum=_numbers(*circle)))
    if isinstance(region, Polygon):
        corners = (each for vertex in region.vertices for each in (vertex.lon, vertex.lat))
        yield replace(POLYGON, domain=Domain(maximum=_numbers(*corners)))
    else:
        yield POLYGON
    yield CENTER
    sides = (facts["s_xel1"], facts["s_xel2"])
    if None in sides:
        yield PIXELS
    else:
        yield replace(PIXELS, domain=Domain("1 1", "{} {}".format(*sides)))


def _axes(facts: Facts) -> Iterator[Input]:
    """The other axes of which there is more than one pixel."""
    if (facts["em_xel"] or 0) > 1 and None not in (facts["em_min"], facts["em_max"]):
        yield _interval(BAND, facts["em_min"], facts["em_max"])
    if (facts["t_xel"] or 0) > 1 and None not in (facts["t_min"], facts["t_max"]):
        yield _interval(TIME, facts["t_min"], facts["t_max"])
    states = states_of(facts["pol_states"])
    if states:
        yield replace(POL, domain=Domain(options=states))


def _interval(said: Input, low: float | None, high: float | None) -> Input:
    if low is None or high is None:
        return said
    return replace(said, domain=Domain(repr(low), repr(high)))


def _up(radius: float) -> float:
    """Nine decimals, rounded up: 4 microarcseconds."""
    return min(180.0, math.ceil(radius * 1e9) / 1e9)


def _numbers(*values: float) -> str:
    return " ".join(repr(round(value, 10)) for value in values)
