"""Flux units in the spellings of real headers, made into the one that FITS 4.0 §4.3 defines."""

import re
import warnings
from functools import lru_cache

from astropy import units

# Single units that astropy does not know by the name that headers give them.
_SPELLINGS = {
    "a": "Angstrom",
    "aa": "Angstrom",
    "ang": "Angstrom",
    "angs": "Angstrom",
    "angstrom": "Angstrom",
    "angstroms": "Angstrom",
    "angstroem": "Angstrom",
    "adu": "adu",
    "adus": "adu",
    "dn": "adu",
    "du": "adu",
    "beam": "beam",
    "count": "ct",
    "counts": "ct",
    "cts": "ct",
    "e-": "ct",  # neither FITS nor VOUnits has the electron
    "electron": "ct",
    "electrons": "ct",
    "ergs": "erg",
    "hertz": "Hz",
    "hz": "Hz",
    "jansky": "Jy",
    "janskys": "Jy",
    "jy": "Jy",
    "kev": "keV",
    "mags": "mag",
    "micrometer": "um",
    "micron": "um",
    "microns": "um",
    "mum": "um",
    "photons": "photon",
    "pixel": "pix",
    "pixels": "pix",
    "sec": "s",
    "second": "s",
    "seconds": "s",
    "watt": "W",
    "watts": "W",
}
# Words for a whole unit.
_NAMED = {
    "flam": "erg cm-2 s-1 Angstrom-1",
    "fnu": "erg cm-2 s-1 Hz-1",
}
_WORDED = re.compile(r"(?:flux|fnu|flam)\w*(?: density)?\s*[(\[](.+)[)\]]", re.I)
_FACTOR = re.compile(
    r"\s*\(?\s*(?:(?P<mantissa>\d+(?:\.\d*)?)\s*[xX*]\s*)?"
    r"(?:10\s*(?:\*\*|\^)?\s*(?P<power>\(\s*[+-]?\d+\s*\)|[+-]\d+|(?<=[*^])\d+)"
    r"|(?P<number>\d+(?:\.\d*)?[eE][+-]?\d+))\s*\)?\s*[*.]?\s*"
)
_TOKEN = re.compile(
    r"\s*(?:(?P<name>e-(?![\w(])|[^\W\d_][^\W\d_]*)"
    r"(?:\s*(?:\*\*|\^)\s*(?P<given>\(\s*[+-]?\d+\s*\)|[+-]?\d+)|(?P<bare>[+-]?\d+))?"
    r"|(?P<sign>\*|\.|/|\(|\)))\s*"
)
_NAME = re.compile(r"[^\W\d_]")
_LARGEST_POWER = 60
# What a flux measures, by a unit it can be converted to (Spectrum DM 1.1, table 3).
_MEASURES = (
    ("erg s-1 cm-2 Angstrom-1", "phot.flux.density;em.wl"),
    ("Jy", "phot.flux.density;em.freq"),
    ("erg s-1 cm-2 keV-1", "phot.flux.density;em.energy"),
    ("erg s-1 cm-2 Angstrom-1 sr-1", "phot.flux.density.sb;em.wl"),
    ("Jy sr-1", "phot.flux.density.sb;em.freq"),
    ("Jy beam-1", "phot.flux.density.sb;em.freq"),
    ("photon s-1 cm-2 Angstrom-1", "phot.flux.density;em.wl;meta.number"),
    ("photon s-1 cm-2 keV-1", "phot.flux.density;em.energy;meta.number"),
    ("erg s-1 Angstrom-1", "phys.luminosity;em.wl"),
    ("erg s-1 Hz-1", "phys.luminosity;em.freq"),
    ("erg s-1 cm-2", "phot.flux"),
    ("K", "phys.temperature"),
    ("ct", "phot.count"),
    ("adu", "phot.count"),
    ("photon", "phot.count"),
    ("ct s-1", "arith.rate;phot.count"),
    ("adu s-1", "arith.rate;phot.count"),
    ("mag", "phot.mag"),
)
_UNKNOWN = "phot.flux.density"
_COUNTS = (units.adu, units.ct, units.ph)


@lru_cache(maxsize=1024)
def parse_unit(text: str | None) -> units.UnitBase | None:
    """The unit that a TUNITn or BUNIT means, with its power of ten; None where it is not known."""
    written = (text or "").strip().strip("'\"[]").strip()
    if not written or len(written) > 100:
        return None
    if match := _WORDED.fullmatch(written):
        written = match[1]
    written = _NAMED.get(written.lower(), written)
    factor = 1.0
    try:
        if match := _FACTOR.match(written):
            factor = float(match["mantissa"] or 1)
            factor *= float(match["number"] or f"1e{match['power'].strip('() ')}")
            written = written[match.end() :]
            if not 10.0**-_LARGEST_POWER < factor < 10.0**_LARGEST_POWER:
                return None
        unit = _product(written)
        if any(unit.is_equivalent(count / units.pix) for count in _COUNTS):
            unit = unit * units.pix  # a point is a pixel
        return unit if factor == 1.0 else units.Unit(units.CompositeUnit(factor, [unit], [1]))
    except (ValueError, OverflowError, TypeError, ZeroDivisionError):
        return None


def _product(text: str) -> units.UnitBase:
    """Units multiplied and divided; a `/` is for the next unit or bracket alone."""
    stack: list[tuple[units.UnitBase, bool]] = []
    product, divide, position = units.dimensionless_unscaled, False, 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ValueError(text)
        position = match.end()
        sign = match["sign"]
        if sign == "(":
            stack.append((product, divide))
            product, divide = units.dimensionless_unscaled, False
            continue
        if sign == ")":
            if not stack:
                raise ValueError(text)
            factor = product
            product, divide = stack.pop()
        elif sign is not None:
            divide = sign == "/"
            continue
        else:
            power = int((match["given"] or match["bare"] or "1").strip("() "))
            if abs(power) > 9:
                raise ValueError(text)
            factor = _single(match["name"]) ** power
        product = product / factor if divide else product * factor
        divide = False
    if stack or not _NAME.search(text):
        raise ValueError(text)
    return product


def _single(name: str) -> units.UnitBase:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", units.UnitsWarning)
        return units.Unit(_SPELLINGS.get(name.lower(), name))


def unit_text(unit: units.UnitBase) -> str | None:
    """The unit as FITS writes it, a factor as 10**n; None for what FITS cannot say."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", units.UnitsWarning)
            text: str = unit.to_string("fits")
    except (ValueError, TypeError):
        return None
    return text


def vounit_text(text: str) -> str:
    """A unit of `unit_text` as VOUnits 1.1 writes it: factor**-n.unit**-n without blanks."""
    plain = re.sub(r"([A-Za-z]+)(-?\d+)", r"\1**\2", text)
    return re.sub(r"^(10\*\*-?\d+)\.", r"\1", plain.replace(" ", "."))


def flux_ucd(unit: units.UnitBase | None) -> str:
    """What a flux in this unit measures; a flux density, where the unit does not say."""
    if unit is None:
        return _UNKNOWN
    if unit.is_equivalent(units.dimensionless_unscaled):
        return f"arith.ratio;{_UNKNOWN}"
    return next((ucd for text, ucd in _measures() if unit.is_equivalent(text)), _UNKNOWN)


@lru_cache(maxsize=1)
def _measures() -> tuple[tuple[units.UnitBase, str], ...]:
    return tuple((units.Unit(text), ucd) for text, ucd in _MEASURES)
