"""The chart of the home page that shows which wavelengths each collection covers."""

from dataclasses import dataclass
from math import ceil, floor, log10

from service.html.numbers import wavelength
from service.pages.holdings import CollectionSummary

_BANDS = (
    ("gamma", 0.0, 1e-11),
    ("X-ray", 1e-11, 1e-8),
    ("UV", 1e-8, 3.8e-7),
    ("visible", 3.8e-7, 7.5e-7),
    ("infrared", 7.5e-7, 1e-3),
    ("radio", 1e-3, 1e6),
)
_STEPS = (1, 1.5, 2, 3, 5, 7)


@dataclass(frozen=True)
class Span:
    """A stretch of the axis in per cent of its length, with its words."""

    start: float
    length: float
    label: str


@dataclass(frozen=True)
class Coverage:
    """Ticks, the names of the bands behind, and one bar a collection by its name."""

    ticks: tuple[Span, ...]
    bands: tuple[Span, ...]
    bars: dict[str, Span]


def coverage(collections: tuple[CollectionSummary, ...]) -> Coverage | None:
    """The chart on a logarithmic axis just as long as needed; None if no wavelength is known."""
    known = [
        (c.name, c.em_min, c.em_max)
        for c in collections
        if c.em_min is not None and c.em_max is not None and c.em_min > 0
    ]
    if not known:
        return None
    first = log10(min(low for _, low, _ in known)) - 0.06
    last = log10(max(high for _, _, high in known)) + 0.06
    width = last - first

    def place(metres: float) -> float:
        return round(100 * (log10(metres) - first) / width, 2)

    ticks = []
    decades = range(floor(first), ceil(last) + 1)
    steps = (1,) if width > 3 else _STEPS
    for metres in (step * 10.0**decade for decade in decades for step in steps):
        if 1 < place(metres) < 97:
            ticks.append(Span(place(metres), 0, wavelength(metres)))
    bands = []
    for name, low, high in _BANDS:
        start = max(0.0, place(low)) if low > 0 else 0.0
        end = min(100.0, place(high))
        if end > start:
            bands.append(Span(start, round(end - start, 2), name))
    bars = {
        name: Span(place(low), max(0.6, round(place(high) - place(low), 2)), "")
        for name, low, high in known
    }
    return Coverage(tuple(ticks), tuple(bands), bars)
