"""Spectral units in all the spellings of real headers, to metres; what a flux unit measures.

A unit that is not written is not known: nothing here looks at values.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from astropy.constants import c, h

_C = c.si.value
_HC = h.si.value * _C
_EV = 1.602176634e-19

_LENGTHS = {
    "m": 1.0,
    "cm": 1e-2,
    "mm": 1e-3,
    "um": 1e-6,
    "nm": 1e-9,
    "pm": 1e-12,
    "angstrom": 1e-10,
}
_FREQUENCIES = {"hz": 1.0, "khz": 1e3, "mhz": 1e6, "ghz": 1e9, "thz": 1e12}
_ENERGIES = {"ev": _EV, "kev": 1e3 * _EV, "mev": 1e6 * _EV, "gev": 1e9 * _EV, "j": 1.0}
_SPELLINGS = {
    "a": "angstrom",
    "aa": "angstrom",
    "ang": "angstrom",
    "ang.": "angstrom",
    "angs": "angstrom",
    "angstroms": "angstrom",
    "angstroem": "angstrom",
    "å": "angstrom",
    "micron": "um",
    "microns": "um",
    "micrometer": "um",
    "micrometers": "um",
    "micrometre": "um",
    "micrometres": "um",
    "mum": "um",
    "µm": "um",
    "nanometer": "nm",
    "nanometers": "nm",
    "nanometre": "nm",
    "nanometres": "nm",
    "millimeter": "mm",
    "centimeter": "cm",
    "meter": "m",
    "meters": "m",
    "metre": "m",
    "metres": "m",
    "hertz": "hz",
    "gigahertz": "ghz",
    "megahertz": "mhz",
}
_PRETTY = {"angstrom": "Angstrom", "hz": "Hz", "khz": "kHz", "mhz": "MHz", "ghz": "GHz"}
_PRETTY |= {"thz": "THz", "ev": "eV", "kev": "keV", "mev": "MeV", "gev": "GeV", "j": "J"}
_PRETTY |= {"m-1": "m-1", "cm-1": "cm-1"}
_WAVENUMBERS = {"m-1": 1.0, "1/m": 1.0, "m**-1": 1.0, "m^-1": 1.0}
_WAVENUMBERS |= {"cm-1": 100.0, "1/cm": 100.0, "cm**-1": 100.0, "cm^-1": 100.0}
_LOG = re.compile(r"^log(?:10)?\s*\(?\s*(?:lambda|wavelength)?\s*\(?/?\s*\[?([^\])]+)\]?\)*$", re.I)


@dataclass(frozen=True, slots=True)
class SpectralUnit:
    """A unit of wavelength, frequency, energy or wavenumber. `log`: values are log10 of it."""

    name: str
    kind: str  # "wl", "freq", "energy", "wavenumber": the word after em. of the UCD
    to_metres: Callable[[float], float]
    log: bool = False

    @property
    def ucd(self) -> str:
        """UCD1+ of an axis in this unit."""
        return f"em.{self.kind}"

    def metres(self, value: float) -> float | None:
        """Wavelength in metres, in the medium of the value; None for what has none."""
        try:
            metres = self.to_metres(10.0**value if self.log else value)
        except (ZeroDivisionError, OverflowError):
            return None
        return metres if math.isfinite(metres) and metres > 0 else None


def spectral_unit(text: str | None) -> SpectralUnit | None:
    """The unit that a CUNITi, TUNITn, BUNIT or WAT attribute names; None where it names none."""
    if not text or not text.strip():
        return None
    if match := _LOG.match(text.strip()):
        base = spectral_unit(match[1])
        return SpectralUnit(base.name, base.kind, base.to_metres, log=True) if base else None
    word = text.strip().strip("'\"[]").strip()
    lower = _SPELLINGS.get(word.lower(), word.lower())
    name = _PRETTY.get(lower, lower)
    if lower in _LENGTHS:
        factor = _LENGTHS[lower]
        return SpectralUnit(name, "wl", lambda value: value * factor)
    if lower in _FREQUENCIES:
        factor = _FREQUENCIES[lower]
        return SpectralUnit(name, "freq", lambda value: _C / (value * factor))
    if lower in _ENERGIES:
        factor = _ENERGIES[lower]
        return SpectralUnit(name, "energy", lambda value: _HC / (value * factor))
    if lower in _WAVENUMBERS:
        factor = _WAVENUMBERS[lower]
        return SpectralUnit(name, "wavenumber", lambda value: 1.0 / (value * factor))
    return None


_COUNTS = re.compile(r"^(adu|counts?|dn|du|electrons?|e-|photons?|ct)s?\b", re.I)
_JANSKY = re.compile(r"\b[munkM]?jy\b", re.I)


def observable_ucd(unit: str | None) -> str | None:
    """UCD of what pixels or flux values in this unit measure; None where the unit does not say."""
    if not unit:
        return None
    text = unit.strip()
    if re.search(r"/\s*beam|beam-1|/\s*sr|sr-1|/\s*sr\b", text, re.I) and _JANSKY.search(text):
        return "phot.flux.density.sb"
    if _COUNTS.match(text):
        return "phot.count"
    if _JANSKY.search(text):
        return "phot.flux.density;em.freq"
    if re.search(r"erg", text, re.I) and re.search(r"ang|nm|micron|um|\bA\b", text, re.I):
        return "phot.flux.density;em.wl"
    if text.upper() == "FLAM":
        return "phot.flux.density;em.wl"
    if text.upper() == "FNU":
        return "phot.flux.density;em.freq"
    if re.fullmatch(r"K( km/s| km s-1)?", text):
        return "phys.temperature"
    if re.search(r"nanomaggy|nmgy", text, re.I):
        return "phot.flux"
    if text.lower() in ("mag", "mags"):
        return "phot.mag"
    return None
