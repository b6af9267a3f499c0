"""The celestial axes of an image, pixels to the sky and back: wcslib's projections, SIP, TPV, DSS.

wcslib is used directly where it can be (50 us to build, 2 us to ask); astropy.wcs.WCS, ten times
slower to build, adds the SIP polynomials, lookup tables of distortions and the old SCAMP headers.
"""

import math
import re
import warnings
from functools import cached_property
from typing import Any

import numpy as np
from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning
from astropy.wcs import WCS, Wcsprm
from astropy.wcs import WCSSUB_CELESTIAL as CELESTIAL
from numpy.typing import NDArray

from service.ingest.header import Header
from service.ingest.plate import Plate
from service.ingest.sky import frame_of, from_icrs, rotation_from_icrs, to_icrs

_SCAMP = re.compile(rb"PV[12]_\d+ *=")
_LOOKUP = re.compile(r"^(CPDIS|CQDIS|D2IM|DP\d|DQ\d|D2IMDIS|CPERR|CQERR|D2IMERR|AXISCORR)")
# What wcslib reads of a header; the rest only takes its time (four fifths of it, measured).
_WCS_CARD = re.compile(
    rb"(WCSAXES|CTYPE|CUNIT|CRPIX|CRVAL|CDELT|CROTA|CD\d|PC\d|PV\d|PS\d|PROJP|LON|LAT|RADE|EQUINOX"
    rb"|EPOCH|MJD|DATE|A_|B_|AP_|BP_|CPDIS|CPERR|CQ|D2IM|DP\d|DQ\d|NAXIS|SIMPLE|VELREF|REST|SPECSYS"
    rb"|CNAME)"
)
_WCS_FIRST = frozenset(letter.encode() for letter in "ABCDELMNPRSVW")
_LONGITUDE, _LATITUDE = re.compile(r"(RA--|[GES]LON|RA$)"), re.compile(r"(DEC-|[GES]LAT|DEC$)")
_ECLIPTICS = {"ELON": "ECLIPTIC", "SLON": "SUPERGALACTIC", "GLON": "GALACTIC"}
_STEPS = 30  # of Newton's method; 3 to 5 are usual
_SETTLED = 1e-9  # pixels

# wcslib speaks of small repairs it made (dates, units, CDELTi beside CDi_j), astropy of cards that
# break the standard: with a million files that is no help, and it says nothing about positions
warnings.simplefilter("ignore", AstropyWarning)
warnings.filterwarnings("ignore", "cdelt will be ignored", RuntimeWarning)

Points = NDArray[np.float64]


class Celestial:
    """Pixels of the two celestial axes of a header (from 1, along `axes`) and ICRS degrees.

    `axes` are the two axes, from 0, ascending: x runs along the first, whichever of longitude and
    latitude that is. `fallback` is the header that names the frame where this one does not;
    `lookups` are the HDUs with the tables of distortions that the header names.
    Raises ValueError, or what astropy.wcs raises, for a header that cannot be used.
    """

    def __init__(
        self, header: Header, fallback: Header, lookups: fits.HDUList | None = None
    ) -> None:
        self._wcs: Any = None
        self._plate = _plate(header)
        if self._plate is not None:
            self.axes = (0, 1)
            self._frame, self._equinox = "FK5", 2000.0
            return
        raw = wcs_cards(header.wcs_bytes())
        # IRAF's TNX is a gnomonic projection with a small polynomial that wcslib does not know
        raw = raw.replace(b"RA---TNX", b"RA---TAN").replace(b"DEC--TNX", b"DEC--TAN")
        # an axis by a table is none of these two, and wcslib would ask for the file
        raw = raw.replace(b"-TAB'", b"    '")
        first = header.text("CTYPE1") or ""
        sip = first.endswith("-SIP") or "A_ORDER" in header
        tan = "TAN" in first and _SCAMP.search(raw) is not None
        if sip or tan or lookups is not None:
            prm = self._distorted(raw, lookups)
        else:
            prm = Wcsprm(header=raw, relax=True)
            ctypes = list(prm.ctype)
            if prm.naxis != 2:  # before set(): a third axis may have no usable increment
                prm = prm.sub([CELESTIAL])
            prm.set()
            self.axes = _axes(ctypes) if len(ctypes) != 2 else (0, 1)
        if prm.lng < 0 or prm.lat < 0:
            raise ValueError("no celestial axes")
        self._prm = prm
        self._frame, self._equinox = _frame(prm.lngtyp, header, fallback)

    def _distorted(self, raw: bytes, lookups: fits.HDUList | None) -> Any:
        cards = fits.Header.fromstring(raw.decode("latin-1"))
        if lookups is None:
            for keyword in [k for k in cards if _LOOKUP.match(k)]:
                del cards[keyword]
        whole = WCS(cards, lookups)
        self.axes = _axes(list(whole.wcs.ctype))
        self._wcs = whole if whole.naxis == 2 else whole.celestial
        return self._wcs.wcs

    def icrs(self, x: Points, y: Points) -> tuple[Points, Points]:
        """NaN for pixels that are not on the sky."""
        if self._plate is not None:
            return to_icrs(*self._plate.sky(x, y), self._frame, self._equinox)
        pixels = np.stack([x, y], axis=-1)
        if self._wcs is not None:
            world = self._wcs.all_pix2world(pixels, 1)
            lon, lat = world[:, self._prm.lng], world[:, self._prm.lat]
        else:
            result = self._prm.p2s(pixels, 1)
            world = result["world"]
            lon, lat = world[:, self._prm.lng].copy(), world[:, self._prm.lat].copy()
            bad = np.asarray(result["stat"]) != 0
            lon[bad], lat[bad] = math.nan, math.nan
        return to_icrs(lon, lat, self._frame, self._equinox)

    def pixel(self, ra: float, dec: float) -> tuple[float, float]:
        """`pixels` of one position, eight times faster."""
        if self._plate is None and self._wcs is None and (turn := self._turn) is not None:
            a, d = math.radians(ra), math.radians(dec)
            u, v, w = math.cos(d) * math.cos(a), math.cos(d) * math.sin(a), math.sin(d)
            p, q, r = (row[0] * u + row[1] * v + row[2] * w for row in turn)
            lon, lat = math.degrees(math.atan2(q, p)), math.degrees(math.atan2(r, math.hypot(p, q)))
            world = [[lon, lat]] if self._prm.lng == 0 else [[lat, lon]]
            result = self._prm.s2p(world, 1)
            if result["stat"][0]:
                return math.nan, math.nan
            x, y = result["pixcrd"][0]
            return float(x), float(y)
        xs, ys = self.pixels(np.array([ra]), np.array([dec]))
        return float(xs[0]), float(ys[0])

    @cached_property
    def _turn(self) -> list[list[float]] | None:
        """The matrix from ICRS to the frame; None where it is more than a rotation."""
        matrix = rotation_from_icrs(self._frame, self._equinox)
        return None if matrix is None else matrix.tolist()

    def pixels(self, ra: Points, dec: Points) -> tuple[Points, Points]:
        """NaN for positions that no pixel has, on or off the image."""
        if self._plate is not None:
            return self._found(ra, dec, np.ones_like(ra), np.ones_like(ra))
        world = np.empty((len(ra), 2))
        lon, lat = from_icrs(ra, dec, self._frame, self._equinox)
        world[:, self._prm.lng], world[:, self._prm.lat] = lon, lat
        result = self._prm.s2p(world, 1)
        found = result["pixcrd"]
        stat = np.asarray(result["stat"])
        if stat.any():
            found[stat != 0] = math.nan
        if self._wcs is not None:
            return self._found(ra, dec, found[:, 0], found[:, 1])
        return found[:, 0], found[:, 1]

    def _found(self, ra: Points, dec: Points, x: Points, y: Points) -> tuple[Points, Points]:
        """Newton's method from x, y: the inverse of what is only known from pixels to the sky."""
        target = unit_vectors(ra, dec)
        east = np.stack([-np.sin(np.radians(ra)), np.cos(np.radians(ra)), np.zeros_like(ra)], -1)
        north = np.cross(target, east)

        def away(x: Points, y: Points) -> tuple[Points, Points, Points]:
            sky = unit_vectors(*self.icrs(x, y))
            return (sky * east).sum(-1), (sky * north).sum(-1), (sky * target).sum(-1)

        with np.errstate(all="ignore"):
            for _ in range(_STEPS):
                e, n, depth = away(x, y)
                ex, nx, _ = away(x + 0.5, y)
                ey, ny, _ = away(x, y + 0.5)
                a, b, c, d = 2 * (ex - e), 2 * (ey - e), 2 * (nx - n), 2 * (ny - n)
                det = a * d - b * c
                dx, dy = (b * n - d * e) / det, (c * e - a * n) / det
                x, y = x + dx, y + dy
                moved = np.hypot(dx, dy)
                if not np.any(moved > _SETTLED):
                    break
            lost = ~((moved < 1e-6) & (depth > 0))
        return np.where(lost, math.nan, x), np.where(lost, math.nan, y)


def unit_vectors(ra: Points, dec: Points) -> Points:
    """Positions in degrees as vectors, shape (n, 3)."""
    a, d = np.radians(ra), np.radians(dec)
    return np.stack([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)], axis=-1)


def _axes(ctypes: list[str]) -> tuple[int, int]:
    """Indices (from 0) of the celestial axes, ascending."""
    lon = next((i for i, ctype in enumerate(ctypes) if _LONGITUDE.match(ctype)), None)
    lat = next((i for i, ctype in enumerate(ctypes) if _LATITUDE.match(ctype)), None)
    if lon is None or lat is None:
        raise ValueError("no celestial axes")
    return min(lon, lat), max(lon, lat)


def _frame(lngtyp: str, header: Header, fallback: Header) -> tuple[str, float]:
    if lngtyp in _ECLIPTICS:
        return _ECLIPTICS[lngtyp], header.number("EQUINOX") or 2000.0
    if lngtyp != "RA":
        raise ValueError(f"coordinates of type {lngtyp}")
    cards = ("RADESYS", "RADECSYS", "EQUINOX", "EPOCH")
    return frame_of(header if any(card in header for card in cards) else fallback)


def wcs_cards(raw: bytes) -> bytes:
    """The cards of a header that wcslib reads, and END."""
    cards = [
        raw[i : i + 80]
        for i in range(0, len(raw), 80)
        if raw[i : i + 1] in _WCS_FIRST and _WCS_CARD.match(raw, i)
    ]
    cards.append(b"END".ljust(80))
    return b"".join(cards)


def _plate(header: Header) -> Plate | None:
    """The plate solution; None without one, and where a damaged one has a WCS beside it."""
    if "AMDX1" not in header:
        return None
    try:
        return Plate(header)
    except ValueError:
        if _is_celestial(header):
            return None
        raise


def has_celestial(header: Header) -> bool:
    """Whether CTYPEi of some axes are celestial, or the cards of a DSS plate solution are there."""
    return _is_celestial(header) or ("AMDX1" in header and "PLTRAH" in header)


def _is_celestial(header: Header) -> bool:
    ctypes = [(header.text(f"CTYPE{i}") or "").upper() for i in range(1, 5)]
    lon = any(_LONGITUDE.match(ctype) for ctype in ctypes)
    lat = any(_LATITUDE.match(ctype) for ctype in ctypes)
    return lon and lat
