"""From a spectral axis to the wavelengths it covers: linear, logarithmic, FITS WCS paper III.

References: Greisen et al. 2006 (FITS WCS paper III) for CTYPEi; Ciddor-type dispersion formula of
Morton (2000, ApJS 130, 403, eq. 8; IAU standard) for air to vacuum.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from astropy.constants import c
from numpy.typing import NDArray

from service.ingest.header import Header
from service.ingest.units import SpectralUnit, spectral_unit

_C = c.si.value
_AIR_FROM_M = 2.0e-7  # the formula and the convention (air above 2000 Angstrom) end here
_SPECTRAL_CTYPES = {
    "WAVE": ("m", "vacuum"),
    "AWAV": ("m", "air"),
    "FREQ": ("Hz", None),
    "ENER": ("J", None),
    "WAVN": ("m-1", None),
}
_VELOCITY_CTYPES = ("VRAD", "VOPT", "VELO", "ZOPT", "BETA", "VELOCITY", "FELO", "VOPT-F2W")
_LOOSE_CTYPES = ("WAVELENGTH", "LAMBDA", "WAVELEN", "LAMBDA-AIR", "FREQUENCY", "ENERGY")
_ANGSTROM_CTYPES = ("ANGSTROM", "ANGSTROMS")


@dataclass(frozen=True, slots=True)
class Coverage:
    """Bounds of a spectral axis in metres, vacuum where `medium` is known, and how it was given."""

    em_min: float | None = None
    em_max: float | None = None
    unit: str | None = None
    ucd: str | None = None
    medium: str | None = None


def refraction(vacuum: NDArray[np.float64]) -> NDArray[np.float64]:
    """Refractive index of air at standard conditions at vacuum wavelengths in metres (Morton)."""
    s2 = (1e-6 / vacuum) ** 2
    return np.asarray(1 + 8.34254e-5 + 2.406147e-2 / (130 - s2) + 1.5998e-4 / (38.9 - s2))


def vacuum_from_air(metres: NDArray[np.float64]) -> NDArray[np.float64]:
    """Vacuum wavelengths of air wavelengths at standard conditions; below 200 nm unchanged.

    Morton (2000) gives n from the vacuum wavelength; three iterations settle to 1e-12.
    """
    air = np.maximum(metres, _AIR_FROM_M)
    vacuum = air
    for _ in range(3):
        vacuum = air * refraction(vacuum)
    return np.asarray(np.where(metres < _AIR_FROM_M, metres, vacuum))


def air_from_vacuum(metres: NDArray[np.float64]) -> NDArray[np.float64]:
    """Air wavelengths at standard conditions of vacuum wavelengths; below 200 nm unchanged."""
    air = metres / refraction(np.maximum(metres, _AIR_FROM_M))
    return np.asarray(np.where(air < _AIR_FROM_M, metres, air))


def coverage(bounds: Sequence[float], unit: SpectralUnit | None, medium: str | None) -> Coverage:
    """Bounds in a unit as wavelengths; without a unit nothing is known but the medium."""
    if unit is None:
        return Coverage(medium=medium)
    metres = [m for value in bounds if (m := unit.metres(value)) is not None]
    if not metres:
        return Coverage(unit=unit.name, ucd=unit.ucd, medium=medium)
    if medium == "air" and unit.kind == "wl":
        metres = [float(m) for m in vacuum_from_air(np.array(metres))]
    return Coverage(min(metres), max(metres), unit.name, unit.ucd, medium)


def finite_bounds(values: NDArray[np.floating]) -> tuple[float, float] | None:
    """Smallest and largest finite value above zero (padding is often 0); None if there is none."""
    flat = values.ravel()
    low, high = float(flat.min(initial=math.inf)), float(flat.max(initial=-math.inf))
    if not (math.isfinite(low) and math.isfinite(high) and low > 0):
        flat = flat[np.isfinite(flat) & (flat > 0)]
        if not flat.size:
            return None
        low, high = float(flat.min()), float(flat.max())
    return low, high


def declared_medium(*headers: Header) -> str | None:
    """air or vacuum as a card says it: VACUUM (SDSS, LAMOST), AIRORVAC, WAVEMED; None if none."""
    for header in headers:
        vacuum = header.flag("VACUUM")
        if vacuum is not None:
            return "vacuum" if vacuum else "air"
        word = (header.text("AIRORVAC", "AIR_VAC", "VACAIR") or "").lower()
        if word.startswith("air"):
            return "air"
        if word.startswith("vac"):
            return "vacuum"
    return None


def ucd_medium(ucd: str | None, data_class: str | None) -> str | None:
    """air or vacuum as the UCD of an ESO Phase 3 wavelength column says it (SDP standard §5.2.5).

    em.wl is in vacuum; em.wl with obs.atmos is in air. Tables of VOCLASS SPECTRUM v1.0 write em.wl
    for either: obs.atmos came with version 2.0 (HARPS's of 2014 are in air, as their lines show).
    """
    words = (ucd or "").lower().replace(" ", "").split(";")
    if "em.wl" not in words:
        return None
    if "obs.atmos" in words:
        return "air"
    return None if (data_class or "").lower().startswith("spectrum v1.") else "vacuum"


def wat_text(header: Header, axis: int) -> str:
    """The text of IRAF's WATi_nnn cards of an axis (i = 0: of all axes), put together again."""
    pieces: list[str] = []
    while (card := f"WAT{axis}_{len(pieces) + 1:03d}") in header:
        pieces.append(header.verbatim(card).ljust(68))
    return "".join(pieces)


def wat_attributes(header: Header, axis: int) -> dict[str, str]:
    """The attributes `key=value` in IRAF's WATi_nnn cards of an axis."""
    attributes: dict[str, str] = {}
    for piece in wat_text(header, axis).replace(" = ", "=").split():
        key, separator, value = piece.partition("=")
        if separator:
            attributes[key] = value.strip('"')
    return attributes


def axis_step(header: Header, axis: int) -> float | None:
    """Increment along an axis: CDi_i, else CDELTi (times PCi_i)."""
    cd = header.number(f"CD{axis}_{axis}")
    if cd:
        return cd
    step = header.number(f"CDELT{axis}")
    return None if step is None else step * (header.number(f"PC{axis}_{axis}") or 1.0)


def linear_values(
    header: Header, axis: int, pixels: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """World values of a linear axis at pixels counted from 1; None without its cards."""
    start, step = header.number(f"CRVAL{axis}"), axis_step(header, axis)
    if start is None or not step:
        return None
    reference = header.number(f"CRPIX{axis}")
    return start + (pixels - (1.0 if reference is None else reference)) * step


def is_spectral(header: Header, axis: int) -> bool:
    """Whether CTYPEi or the IRAF label of an axis says that it is a spectral one."""
    ctype = (header.text(f"CTYPE{axis}") or "").upper()
    return (
        ctype[:4] in _SPECTRAL_CTYPES
        or is_velocity(header, axis)
        or ctype in _LOOSE_CTYPES
        or ctype in _ANGSTROM_CTYPES
        or ctype in ("LOGLIN", "LOG-LINEAR", "WAVE-LOG", "LOGLAM")
        or wat_attributes(header, axis).get("label", "").lower() == "wavelength"
    )


def is_velocity(header: Header, axis: int) -> bool:
    """Whether an axis holds velocities of a line."""
    ctype = (header.text(f"CTYPE{axis}") or "").upper()
    return ctype in _VELOCITY_CTYPES or ctype[:4] in _VELOCITY_CTYPES


def axis_unit(header: Header, axis: int) -> SpectralUnit | None:
    """The unit of a spectral axis, as written, or as a convention of its cards defines it.

    CUNITi; IRAF's `units` attribute; CTYPEi = 'Angstrom' (ESO DRS); the SI unit of a paper III
    CTYPEi without CUNITi; Angstrom for a spectrum that IRAF corrected for dispersion (DC-FLAG 0
    or 1: "the units will be Angstroms for dispersion corrected spectra", IRAF specwcs §4).
    """
    ctype = (header.text(f"CTYPE{axis}") or "").upper()
    attributes = wat_attributes(header, axis)
    written = [header.text(f"CUNIT{axis}"), attributes.get("units")]
    for text in written:  # IRAF leaves CUNIT1 = 'pixel' beside the unit in its own cards
        if (unit := spectral_unit(text)) is not None:
            return unit
    if any(text and text.lower() != "pixel" for text in written):
        return None
    if ctype in _ANGSTROM_CTYPES:
        return spectral_unit("Angstrom")
    if ctype[:4] in _SPECTRAL_CTYPES and ctype not in _LOOSE_CTYPES:
        return spectral_unit(_SPECTRAL_CTYPES[ctype[:4]][0])
    if header.integer("DC-FLAG", -1) in (0, 1):
        return spectral_unit("Angstrom")
    return None


@dataclass(frozen=True, slots=True)
class SpectralAxis:
    """Values along an axis in `unit`, which is None where it is not stated.

    `log`: the values are log10 of that unit, as `unit.log` says too.
    """

    values: NDArray[np.float64]
    unit: SpectralUnit | None
    medium: str | None
    log: bool = False


def axis_medium(header: Header, axis: int, primary: Header) -> str | None:
    """air or vacuum: by a paper III CTYPEi, else by a card; None where nothing says it."""
    ctype = (header.text(f"CTYPE{axis}") or "").upper()
    if ctype[:4] in ("WAVE", "AWAV") and ctype not in _LOOSE_CTYPES:
        return _SPECTRAL_CTYPES[ctype[:4]][1]
    return declared_medium(header, primary)


def spectral_axis(
    header: Header,
    axis: int,
    pixels: NDArray[np.float64],
    primary: Header,
    medium: str | None = None,
) -> SpectralAxis | None:
    """A linear, log-linear or paper III axis at pixels counted from 1, from its cards alone.

    `medium`: of the convention, where no card says it.

    Velocities of a line become its wavelengths in metres, in vacuum. None without CRVALi and a
    step, and for velocities without the line's rest frequency or wavelength.
    """
    ctype = (header.text(f"CTYPE{axis}") or "").upper()
    values = linear_values(header, axis, pixels)
    if values is None:
        return None
    if is_velocity(header, axis):
        waves = _velocity_waves(header, axis, values)
        return None if waves is None else SpectralAxis(waves, spectral_unit("m"), "vacuum")
    unit = axis_unit(header, axis)
    logarithmic = header.integer("DC-FLAG", -1) == 1 or ctype in ("LOGLIN", "LOG-LINEAR", "LOGLAM")
    if ctype.endswith("-LOG"):  # paper III §3.2: s = s_r exp(x / s_r)
        reference = header.number(f"CRVAL{axis}") or 1.0
        values = reference * np.exp((values - reference) / reference)
        logarithmic = False
    if logarithmic and unit is not None:
        unit = SpectralUnit(unit.name, unit.kind, unit.to_metres, log=True)
    medium = axis_medium(header, axis, primary) or medium
    return SpectralAxis(values, unit, medium, logarithmic)


def axis_coverage(
    header: Header, axis: int, length: int, primary: Header, medium: str | None = None
) -> Coverage:
    """What a linear, log-linear or paper III axis covers; as `spectral_axis`."""
    along = spectral_axis(header, axis, np.array([1.0, length]), primary, medium)
    if is_velocity(header, axis):
        given, ucd = header.text(f"CUNIT{axis}"), "spect.dopplerVeloc"
        if along is None:
            return Coverage(unit=given, ucd=ucd)
        return Coverage(float(along.values.min()), float(along.values.max()), given, ucd)
    if along is None:
        return Coverage(medium=axis_medium(header, axis, primary) or medium)
    return coverage([float(value) for value in along.values], along.unit, along.medium)


def _velocity_waves(
    header: Header, axis: int, values: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """Wavelengths (m) of a velocity axis with a rest frequency or wavelength (paper III, table 3).

    None where a velocity is not slower than light, or the convention is not known.
    """
    rest_frequency = header.number("RESTFRQ", "RESTFREQ")
    rest = header.number("RESTWAV")
    if not rest and rest_frequency:
        rest = _C / rest_frequency
    unit = (header.text(f"CUNIT{axis}") or "m/s").replace(" ", "").lower()
    factor = {"m/s": 1.0, "ms-1": 1.0, "km/s": 1e3, "kms-1": 1e3}.get(unit)
    ctype = (header.text(f"CTYPE{axis}") or "").upper()
    if not rest or factor is None:
        return None
    beta = values * factor / _C
    if not np.all(np.abs(beta) < 1):
        return None
    if ctype.startswith("VOPT"):
        return np.asarray(rest * (1 + beta))
    if ctype.startswith("VRAD"):
        return np.asarray(rest / (1 - beta))
    if ctype[:4] in ("VELO", "BETA"):
        return np.asarray(rest * np.sqrt((1 + beta) / (1 - beta)))
    return None
