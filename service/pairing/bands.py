"""Bands by the names of filters: an image has a band where it covers the filter's wavelength.

ObsCore keeps the wavelengths of an image and no names. Those here are the effective ones of the
usual systems: SDSS ugriz, Pan-STARRS y, Bessell UBVRI, 2MASS JHKs, WISE.
"""

import math
from dataclasses import dataclass

from service.dali.intervals import interval
from service.errors import UsageError

# In metres. Case matters: r is SDSS's, R is Bessell's.
FILTERS = {
    **{"u": 3.56e-7, "g": 4.70e-7, "r": 6.18e-7, "i": 7.49e-7, "z": 8.95e-7, "y": 9.61e-7},
    **{"U": 3.61e-7, "B": 4.40e-7, "V": 5.51e-7, "R": 6.59e-7, "I": 8.06e-7},
    **{"J": 1.235e-6, "H": 1.662e-6, "K": 2.159e-6, "Ks": 2.159e-6},
    **{"W1": 3.353e-6, "W2": 4.603e-6, "W3": 1.156e-5, "W4": 2.209e-5},
}


@dataclass(frozen=True, slots=True)
class Band:
    """A band as it was `said`: the name of a filter, or an interval of vacuum wavelengths.

    `low` and `high` in metres; those of a filter are one number.
    """

    said: str
    name: str | None
    low: float
    high: float


def bands_of(text: str, where: str) -> list[Band]:
    """Filters separated by commas or blanks, or one interval in metres; UsageError with `where`
    where it is neither."""
    words = text.replace(",", " ").split()
    if words and all(word in FILTERS for word in words):
        return [Band(text, word, FILTERS[word], FILTERS[word]) for word in words]
    try:
        found = interval(where, text)
    except UsageError:
        raise UsageError(
            f"{where}={text[:60]!r} is no band; write names of filters ({', '.join(FILTERS)}), or "
            "an interval of vacuum wavelengths in metres such as 4e-7 5.5e-7"
        ) from None
    if found.low <= 0 and math.isfinite(found.low):
        raise UsageError(f"{where}={text[:60]!r}: wavelengths are above 0, in metres")
    return [Band(text, None, found.low, found.high)]
