"""Positions to ICRS degrees, and circles: what headers write about where an object is."""

import math
import re
from functools import lru_cache

import numpy as np
from astropy import units as u
from astropy.coordinates import (
    FK4,
    FK5,
    ICRS,
    BarycentricMeanEcliptic,
    Galactic,
    SkyCoord,
    Supergalactic,
)
from numpy.typing import NDArray

from service.ingest.header import Header, Value

_SEXAGESIMAL = re.compile(r"^([+-]?)\s*(\d{1,3})[:\sh]+\s*(\d{1,2})[:\sm]+\s*(\d{1,2}\.?\d*)s?$")

_DECIMAL_HOURS = ("HET",)  # telescopes whose control system writes RA in decimal hours

# Position of the object first, where a convention has cards for it; the telescope's cards last.
OBJECT_CARDS = (
    ("PLUG_RA", "PLUG_DEC"),  # SDSS fibre
    ("RAOBJ", "DECOBJ"),  # SDSS spSpec
    ("RA_TARG", "DEC_TARG"),  # HST
    ("TARG_RA", "TARG_DEC"),  # JWST
    ("RA_OBJ", "DEC_OBJ"),  # HEASARC, Kepler, TESS
    ("RA_OBS", "DEC_OBS"),  # LAMOST
    ("OBJRA", "OBJDEC"),
    ("OBJCTRA", "OBJCTDEC"),
    ("RA_2000", "DEC_2000"),  # HET: RA, DEC beside it are of date
    ("RA", "DEC"),
    ("RA_DEG", "DEC_DEG"),
)


@lru_cache(maxsize=16)
def _rotation(frame: str, equinox: float) -> NDArray[np.float64]:
    """Matrix from a frame's unit vectors to ICRS (FK5 and ecliptic of any equinox, galactic)."""
    systems = {"GALACTIC": Galactic, "SUPERGALACTIC": Supergalactic}
    if frame in systems:
        system = systems[frame]()
    elif frame == "ECLIPTIC":
        system = BarycentricMeanEcliptic(equinox=f"J{equinox}")
    else:
        system = FK5(equinox=f"J{equinox}")
    poles = SkyCoord([0, 90, 0] * u.deg, [0, 0, 90] * u.deg, frame=system).transform_to(ICRS())
    return np.asarray(poles.cartesian.xyz.value, dtype=np.float64)


Angles = NDArray[np.float64]


def to_icrs(lon: Angles, lat: Angles, frame: str, equinox: float = 2000.0) -> tuple[Angles, Angles]:
    """Degrees in a frame to right ascension [0, 360) and declination, ICRS.

    Frames: ICRS, FK5, FK4, GALACTIC, SUPERGALACTIC, ECLIPTIC (mean, of the equinox).
    """
    if frame == "ICRS":
        return np.mod(lon, 360.0), lat
    if frame == "FK4":
        sky = SkyCoord(lon * u.deg, lat * u.deg, frame=FK4(equinox=f"B{equinox}"))
        icrs = sky.transform_to(ICRS())
        return icrs.ra.deg, icrs.dec.deg
    return _turned(lon, lat, _rotation(frame, equinox))


def from_icrs(
    ra: Angles, dec: Angles, frame: str, equinox: float = 2000.0
) -> tuple[Angles, Angles]:
    """Degrees in ICRS to longitude and latitude in a frame; the inverse of `to_icrs`."""
    if frame == "ICRS":
        return ra, dec
    if frame == "FK4":
        sky = SkyCoord(ra * u.deg, dec * u.deg, frame=ICRS())
        fk4 = sky.transform_to(FK4(equinox=f"B{equinox}"))
        return fk4.ra.deg, fk4.dec.deg
    return _turned(ra, dec, _rotation(frame, equinox).T)


def rotation_from_icrs(frame: str, equinox: float) -> NDArray[np.float64] | None:
    """Matrix from ICRS unit vectors to a frame's; None for FK4, which no rotation reaches."""
    if frame == "ICRS":
        return np.identity(3)
    return None if frame == "FK4" else _rotation(frame, equinox).T


def _turned(lon: Angles, lat: Angles, matrix: NDArray[np.float64]) -> tuple[Angles, Angles]:
    lon_r, lat_r = np.radians(lon), np.radians(lat)
    vectors = np.stack(
        [np.cos(lat_r) * np.cos(lon_r), np.cos(lat_r) * np.sin(lon_r), np.sin(lat_r)]
    )
    x, y, z = matrix @ vectors
    return np.mod(np.degrees(np.arctan2(y, x)), 360.0), np.degrees(np.arctan2(z, np.hypot(x, y)))


def frame_of(header: Header) -> tuple[str, float]:
    """Frame and equinox of equatorial coordinates by FITS 4.0 §8.3: RADESYS, else from EQUINOX."""
    system = (header.text("RADESYS", "RADECSYS", "FRAME", "REFFRAME") or "").upper()
    equinox = header.number("EQUINOX")
    if equinox is None:
        epoch = header.number("EPOCH")  # its old meaning, equinox, only for the two usual ones
        equinox = epoch if epoch in (1950.0, 2000.0) else None
    if system.startswith("ICRS"):
        return "ICRS", 2000.0
    if system.startswith("FK4"):
        return "FK4", equinox or 1950.0
    if system.startswith("FK5"):
        return "FK5", equinox or 2000.0
    if equinox is None or equinox <= 0:
        return "ICRS", 2000.0
    return ("FK4", equinox) if equinox < 1984.0 else ("FK5", equinox)


def _sexagesimal(text: str) -> float | None:
    match = _SEXAGESIMAL.match(text.strip())
    if match is None:
        return None
    value = int(match[2]) + int(match[3]) / 60 + float(match[4]) / 3600
    return -value if match[1] == "-" else value


def ra_degrees(value: Value | None, comment: str = "", hours: bool = False) -> float | None:
    """Right ascension in degrees: sexagesimal text is in hours, a number in degrees.

    A number is in hours where the card's comment or the convention (`hours`) says so.
    """
    if isinstance(value, str):
        if (parsed := _sexagesimal(value)) is not None:
            return parsed * 15.0 if abs(parsed) <= 24 else None
        try:
            value = float(value)
        except ValueError:
            return None
    if value is None or isinstance(value, bool):
        return None
    if hours or re.search(r"\[h|\bhours?\b|\bhrs?\b", comment, re.I):
        value *= 15.0
    return float(value) if 0 <= value <= 360 else None


def dec_degrees(value: Value | None) -> float | None:
    """Declination in degrees from a number or sexagesimal text."""
    if isinstance(value, str):
        parsed = _sexagesimal(value)
        if parsed is None:
            try:
                parsed = float(value)
            except ValueError:
                return None
        value = parsed
    if value is None or isinstance(value, bool) or not -90 <= value <= 90:
        return None
    return float(value)


def position(*headers: Header) -> tuple[float, float] | None:
    """Position of the object, ICRS degrees, from the first pair of cards that holds one."""
    hours = any((header.text("TELESCOP") or "").upper() in _DECIMAL_HOURS for header in headers)
    for ra_card, dec_card in OBJECT_CARDS:
        for header in headers:
            if ra_card not in header:
                continue
            ra = ra_degrees(header.get(ra_card), header.comment(ra_card), hours)
            dec = dec_degrees(header.get(dec_card))
            if ra is None or dec is None:
                continue
            if ra_card in ("OBJCTRA", "RA_2000"):
                frame, equinox = "FK5", 2000.0
            else:
                frame, equinox = frame_of(header if _has_frame(header) else headers[0])
            lon, lat = to_icrs(np.array([ra]), np.array([dec]), frame, equinox)
            return float(lon[0]), float(lat[0])
    return None


def _has_frame(header: Header) -> bool:
    return any(card in header for card in ("RADESYS", "RADECSYS", "EQUINOX", "FRAME"))


def unit_vector(ra: float, dec: float) -> tuple[float, float, float]:
    """x, y, z of a position in degrees."""
    a, d = math.radians(ra), math.radians(dec)
    return math.cos(d) * math.cos(a), math.cos(d) * math.sin(a), math.sin(d)


_CORNERS = 24
_CIRCLE = tuple(
    (math.cos(2 * math.pi * i / _CORNERS), math.sin(2 * math.pi * i / _CORNERS))
    for i in range(_CORNERS)
)
_SAME_AREA = math.sqrt(2 * math.pi / _CORNERS / math.sin(2 * math.pi / _CORNERS))
_SMALL_DEG = 0.02


def circle_vertices(ra: float, dec: float, radius: float) -> tuple[float, ...]:
    """A regular polygon of the circle's area, counter-clockwise seen from inside the sphere.

    Small circles away from the poles are drawn on the tangent plane: right to 0.02 of the radius.
    """
    r = radius * _SAME_AREA
    vertices: list[float] = []
    if radius < _SMALL_DEG and abs(dec) < 89:
        stretch = r / math.cos(math.radians(dec))
        for north, east in _CIRCLE:
            vertices += ((ra + stretch * east) % 360.0, dec + r * north)
        return tuple(vertices)
    sin_r, cos_r = math.sin(math.radians(r)), math.cos(math.radians(r))
    sin_d, cos_d = math.sin(math.radians(dec)), math.cos(math.radians(dec))
    for north, east in _CIRCLE:
        sine = max(-1.0, min(1.0, sin_d * cos_r + cos_d * sin_r * north))
        turn = math.atan2(east * sin_r * cos_d, cos_r - sin_d * sine)
        vertices += ((ra + math.degrees(turn)) % 360.0, math.degrees(math.asin(sine)))
    return tuple(vertices)


def separation(ra1: float, dec1: float, ra2: float, dec2: float) -> float:
    """Angle between two positions, degrees."""
    a, b = unit_vector(ra1, dec1), unit_vector(ra2, dec2)
    chord = math.dist(a, b) / 2
    return 2 * math.degrees(math.asin(min(1.0, chord)))
