"""Plate solutions of the Digitized Sky Survey: pixels to the sky by the GSSS astrometry model.

wcslib knows them too, but crashes on headers with damaged plate cards.
"""

import math

import numpy as np
from numpy.typing import NDArray

from service.ingest.header import Header

_ARCSEC = math.radians(1 / 3600)
_TERMS = 13
_CENTRE = ("PLTRAH", "PLTRAM", "PLTRAS", "PLTDECD", "PLTDECM", "PLTDECS")
_SCAN = ("CNPIX1", "CNPIX2", "XPIXELSZ", "YPIXELSZ", "PPO3", "PPO6")

Points = NDArray[np.float64]


class Plate:
    """The model of one plate; `centre` in radians, FK5 J2000."""

    def __init__(self, header: Header) -> None:
        """Raises ValueError where a card of the model is missing or is no number."""
        cards = [*_CENTRE, *_SCAN]
        cards += [f"AMD{axis}{n}" for axis in "XY" for n in range(1, _TERMS + 1)]
        numbers = {card: header.number(card) for card in cards}
        missing = [card for card, number in numbers.items() if number is None]
        if missing or header.text("PLTDECSN") not in ("+", "-"):
            raise ValueError(f"the plate solution lacks {', '.join(missing) or 'PLTDECSN'}")
        known = {card: number for card, number in numbers.items() if number is not None}
        hours, minutes, seconds, degrees, arcminutes, arcseconds = (known[c] for c in _CENTRE)
        sign = -1 if header.text("PLTDECSN") == "-" else 1
        self.centre = (
            math.radians(15 * (hours + minutes / 60 + seconds / 3600)),
            math.radians(sign * (degrees + arcminutes / 60 + arcseconds / 3600)),
        )
        self._scan = [known[card] for card in _SCAN]
        self._x = [known[f"AMDX{n}"] for n in range(1, _TERMS + 1)]
        self._y = [known[f"AMDY{n}"] for n in range(1, _TERMS + 1)]

    def sky(self, x: Points, y: Points) -> tuple[Points, Points]:
        """Right ascension and declination (degrees, FK5 J2000) of pixels from 1."""
        corner1, corner2, size1, size2, origin3, origin6 = self._scan
        mm1 = (origin3 - size1 * (corner1 + x - 0.5)) / 1000
        mm2 = (size2 * (corner2 + y - 0.5) - origin6) / 1000
        xi = _polynomial(self._x, mm1, mm2) * _ARCSEC
        eta = _polynomial(self._y, mm2, mm1) * _ARCSEC
        ra0, dec0 = self.centre
        down = math.cos(dec0) - eta * math.sin(dec0)
        ra = ra0 + np.arctan2(xi, down)
        dec = np.arctan2(math.sin(dec0) + eta * math.cos(dec0), np.hypot(xi, down))
        return np.mod(np.degrees(ra), 360.0), np.degrees(dec)


def _polynomial(terms: list[float], a: Points, b: Points) -> Points:
    """The 13 terms of the model in the order of the AMDX cards; AMDY's have x and y exchanged."""
    r2 = a * a + b * b
    powers = [a, b, np.ones_like(a), a * a, a * b, b * b, r2]
    powers += [a**3, a * a * b, a * b * b, b**3, a * r2, a * r2 * r2]
    return np.asarray(np.tensordot(terms, np.stack(powers), axes=1))
