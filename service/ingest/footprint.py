"""The outline of an image on the sky from its WCS: all of wcslib's projections, SIP, TPV, DSS.

wcslib is used directly where it can be (0.2 ms); astropy.wcs.WCS, ten times slower to build, adds
the SIP polynomials and the old SCAMP headers.
"""

import math
import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning
from astropy.wcs import WCS, Wcsprm
from astropy.wcs import WCSSUB_CELESTIAL as CELESTIAL
from numpy.typing import NDArray

from service.ingest.fits import Hdu
from service.ingest.header import Header
from service.ingest.plate import PLATE_CARD, Plate
from service.ingest.sky import frame_of, separation, to_icrs, unit_vector

_EDGE_POINTS = 8
_HALF_SKY = 85.0  # degrees from the centre, beyond which an outline is no polygon
_SCAMP = re.compile(rb"PV[12]_\d+ *=")
_PLATE = re.compile(PLATE_CARD.encode())
_LOOKUP = re.compile(r"^(CPDIS|CQDIS|D2IM|DP\d|DQ\d|D2IMDIS|CPERR|CQERR|D2IMERR|AXISCORR)")

# wcslib speaks of small repairs it made (dates, units, CDELTi beside CDi_j), astropy of cards that
# break the standard: with a million files that is no help, and it says nothing about positions
warnings.simplefilter("ignore", AstropyWarning)
warnings.filterwarnings("ignore", "cdelt will be ignored", RuntimeWarning)

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Footprint:
    """An outline in ICRS degrees, counter-clockwise as seen from the Earth (DALI 1.1 §3.3.7).

    `vertices` is empty and `s_region` None where the outline is no polygon; the whole sky is a
    circle of 180 degrees.
    """

    ra: float | None
    dec: float | None
    fov: float | None
    pixel_scale: float | None  # arcseconds
    vertices: tuple[float, ...]
    s_region: str | None
    xel1: int
    xel2: int


class _Sky:
    """Pixels (from 1) of the celestial axes of a header to ICRS."""

    def __init__(self, header: Header, fallback: Header) -> None:
        self._wcs: Any = None
        self._plate = _plate(header)
        if self._plate is not None:
            self.axes = (0, 1)
            self._frame, self._equinox = "FK5", 2000.0
            return
        raw = header.wcs_bytes()
        if "AMDX1" in header:
            raw = _without_plate(raw)
        # IRAF's TNX is a gnomonic projection with a small polynomial that wcslib does not know
        raw = raw.replace(b"RA---TNX", b"RA---TAN").replace(b"DEC--TNX", b"DEC--TAN")
        sip = (header.text("CTYPE1") or "").endswith("-SIP") or "A_ORDER" in header
        tan = "TAN" in (header.text("CTYPE1") or "") and _SCAMP.search(raw) is not None
        if sip or tan:
            cards = fits.Header.fromstring(raw.decode("latin-1"))
            for keyword in [k for k in cards if _LOOKUP.match(k)]:
                del cards[keyword]
            self._wcs = WCS(cards).celestial
            prm = self._wcs.wcs
        else:
            prm = Wcsprm(header=raw, relax=True)
            whole = prm
            if prm.naxis != 2:  # before set(): a third axis may have no usable increment
                prm = prm.sub([CELESTIAL])
            prm.set()
            self.axes = _axes(list(whole.ctype)) if prm is not whole else (prm.lng, prm.lat)
        if prm.lng < 0 or prm.lat < 0:
            raise ValueError("no celestial axes")
        if self._wcs is not None:
            self.axes = (prm.lng, prm.lat)
        self._prm = prm
        self._frame, self._equinox = _frame(prm.lngtyp, header, fallback)

    def icrs(self, x: Points, y: Points) -> tuple[Points, Points]:
        """NaN for pixels that are not on the sky."""
        if self._plate is not None:
            return to_icrs(*self._plate.sky(x, y), self._frame, self._equinox)
        pixels = np.stack([x, y], axis=-1)
        if self._wcs is not None:
            lon, lat = self._wcs.all_pix2world(pixels, 1).T
        else:
            result = self._prm.p2s(pixels, 1)
            world = result["world"]
            lon, lat = world[:, self._prm.lng].copy(), world[:, self._prm.lat].copy()
            bad = np.asarray(result["stat"]) != 0
            lon[bad], lat[bad] = math.nan, math.nan
        return to_icrs(lon, lat, self._frame, self._equinox)


def _axes(ctypes: list[str]) -> tuple[int, int]:
    """Indices (from 0) of the longitude and the latitude axis."""
    lon = next(i for i, ctype in enumerate(ctypes) if re.match(r"RA|.LON", ctype))
    lat = next(i for i, ctype in enumerate(ctypes) if re.match(r"DEC|.LAT", ctype))
    return lon, lat


def _frame(lngtyp: str, header: Header, fallback: Header) -> tuple[str, float]:
    if lngtyp == "GLON":
        return "GALACTIC", 2000.0
    if lngtyp != "RA":
        raise ValueError(f"coordinates of type {lngtyp}")
    cards = ("RADESYS", "RADECSYS", "EQUINOX", "EPOCH")
    return frame_of(header if any(card in header for card in cards) else fallback)


def _without_plate(raw: bytes) -> bytes:
    cards = [raw[i : i + 80] for i in range(0, len(raw), 80)]
    return b"".join(card for card in cards if not _PLATE.match(card))


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
    lon = any(re.match(r"(RA--|GLON|RA$)", ctype) for ctype in ctypes)
    lat = any(re.match(r"(DEC-|GLAT|DEC$)", ctype) for ctype in ctypes)
    return lon and lat


def _outline(width: int, height: int, inset: float) -> tuple[Points, Points]:
    """Points along the edges of an image, a corner first and every _EDGE_POINTS."""
    low, right, top = 0.5 + inset, width + 0.5 - inset, height + 0.5 - inset
    step = np.arange(_EDGE_POINTS) / _EDGE_POINTS
    east = low + step * (right - low)
    north = low + step * (top - low)
    first, last = np.full(_EDGE_POINTS, low), np.full(_EDGE_POINTS, right)
    bottom, upper = first, np.full(_EDGE_POINTS, top)
    x = np.concatenate([east, last, low + right - east, first])
    y = np.concatenate([bottom, north, upper, low + top - north])
    return x, y


def _vectors(ra: Points, dec: Points) -> Points:
    a, d = np.radians(ra), np.radians(dec)
    return np.stack([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)], axis=-1)


def _straight(vectors: Points, tolerance: float) -> bool:
    """Whether the points between corners lie within `tolerance` (radians) of the great circles."""
    corners = vectors[::_EDGE_POINTS]
    normals = _cross(corners, np.concatenate([corners[1:], corners[:1]]))
    lengths = np.sqrt((normals**2).sum(axis=1))
    edges = vectors.reshape(len(corners), _EDGE_POINTS, 3)
    away = np.abs(np.einsum("eps,es->ep", edges, normals)).max(axis=1)
    return bool(np.all(away <= tolerance * lengths))


def _cross(a: Points, b: Points) -> Points:
    """Rows of a cross rows of b (np.cross does the same with ten times the overhead)."""
    return np.stack(
        [
            a[:, 1] * b[:, 2] - a[:, 2] * b[:, 1],
            a[:, 2] * b[:, 0] - a[:, 0] * b[:, 2],
            a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0],
        ],
        axis=-1,
    )


def _counter_clockwise(vectors: Points) -> Points:
    """The same vertices, counter-clockwise as seen from the centre of the sphere."""
    following = np.concatenate([vectors[1:], vectors[:1]])
    turns = _cross(vectors, following).sum(axis=0) @ vectors.sum(axis=0)
    return vectors[::-1] if turns > 0 else vectors


def _degrees(vectors: Points) -> tuple[float, ...]:
    x, y, z = vectors.T
    ra = np.mod(np.degrees(np.arctan2(y, x)), 360.0)
    dec = np.degrees(np.arctan2(z, np.hypot(x, y)))
    return tuple(float(v) for v in np.stack([ra, dec], axis=-1).ravel())


def polygon_text(vertices: Iterable[float]) -> str:
    """s_region of a polygon: POLYGON ICRS ra dec ra dec ..."""
    return "POLYGON ICRS " + " ".join(f"{value:.8f}" for value in vertices)


def footprint(hdu: Hdu, primary: Header) -> Footprint:
    """The outline of an image HDU.

    Raises ValueError where the header's WCS has no celestial axes or wcslib cannot use it.
    """
    try:
        sky = _Sky(hdu.header, primary)
    except Exception as error:  # astropy.wcs raises many kinds for cards that make no sense
        lines = str(error).strip().splitlines()
        raise ValueError(lines[-1] if lines else type(error).__name__) from None
    width, height = (hdu.shape[axis] if axis < len(hdu.shape) else 1 for axis in sky.axes)
    cx, cy = (width + 1) / 2, (height + 1) / 2
    ra, dec = sky.icrs(np.array([cx, cx + 0.5, cx]), np.array([cy, cy, cy + 0.5]))
    if not (math.isfinite(ra[0]) and math.isfinite(dec[0])):
        return Footprint(None, None, None, None, (), None, width, height)
    centre = unit_vector(float(ra[0]), float(dec[0]))
    scale = _pixel_scale(ra, dec)
    for inset in (0.0, 0.01, 0.5):  # corners of HEALPix tiles touch points that are off the sky
        outline = _vectors(*sky.icrs(*_outline(width, height, inset)))
        if np.isfinite(outline).all():
            break
    finite = bool(np.isfinite(outline).all())
    reach = math.degrees(math.acos(np.clip(np.min(outline @ centre), -1, 1))) if finite else 180.0
    here = (float(ra[0]), float(dec[0]))
    if reach > _HALF_SKY:
        whole = _covers_sky(sky, width, height)
        region = f"CIRCLE ICRS {here[0]:.8f} {here[1]:.8f} 180" if whole else None
        return Footprint(*here, 360.0 if whole else None, scale, (), region, width, height)
    if _straight(outline, math.radians((scale or 0.0) / 3600) / 2):
        outline = outline[::_EDGE_POINTS]
    vertices = _degrees(_counter_clockwise(outline))
    return Footprint(*here, 2 * reach, scale, vertices, polygon_text(vertices), width, height)


def _pixel_scale(ra: Points, dec: Points) -> float | None:
    """Arcseconds: the geometric mean of the sides of the centre's pixel."""
    sides = [separation(ra[0], dec[0], ra[i], dec[i]) * 7200 for i in (1, 2)]
    scale = math.sqrt(sides[0] * sides[1])
    return scale if math.isfinite(scale) and scale > 0 else None


def _covers_sky(sky: _Sky, width: int, height: int) -> bool:
    """Whether an image shows the whole sky: the pixels found fall into every 15 degree patch."""
    x, y = np.meshgrid(np.linspace(1, width, 160), np.linspace(1, height, 160))
    ra, dec = sky.icrs(x.ravel(), y.ravel())
    good = np.isfinite(ra) & np.isfinite(dec)
    bands = np.clip(((np.sin(np.radians(dec[good])) + 1) * 6).astype(int), 0, 11)
    patches = bands * 24 + (ra[good] // 15).astype(int) % 24
    return len(np.unique(patches)) == 12 * 24


def hull(footprints: list[Footprint]) -> tuple[tuple[float, ...], float]:
    """Vertices of the convex hull of several outlines, and the diameter around its centre.

    The outlines lie within one hemisphere (a mosaic of detectors); gnomonic about their centre.
    """
    points = np.concatenate([_vectors(*np.reshape(f.vertices, (-1, 2)).T) for f in footprints])
    centre = points.sum(axis=0) / np.linalg.norm(points.sum(axis=0))
    pole = np.array([0.0, 0.0, 1.0]) if abs(centre[2]) < 0.9 else np.array([1.0, 0.0, 0.0])
    east = np.cross(pole, centre)
    east /= np.linalg.norm(east)
    north = np.cross(centre, east)
    plane = np.stack([points @ east, points @ north], axis=-1) / (points @ centre)[:, None]
    order = sorted(range(len(plane)), key=lambda i: (plane[i][0], plane[i][1]))
    chain: list[int] = []
    for sweep in (order, order[::-1]):
        half: list[int] = []
        for i in sweep:
            while len(half) > 1 and _turn(plane[half[-2]], plane[half[-1]], plane[i]) <= 0:
                half.pop()
            half.append(i)
        chain += half[:-1]
    vectors = _counter_clockwise(points[chain])
    reach = math.degrees(math.acos(np.clip(np.min(vectors @ centre), -1, 1)))
    return _degrees(vectors), 2 * reach


def _turn(a: Points, b: Points, c: Points) -> float:
    return float((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))
