"""Which column of a table holds wavelengths, and which the flux: by utype, by UCD, by name."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.ingest.fits import Hdu
from service.ingest.header import Header
from service.ingest.units import SpectralUnit, spectral_unit
from service.ingest.wavelength import (
    Coverage,
    coverage,
    declared_medium,
    finite_bounds,
    ucd_medium,
)

_WAVE_NAMES = (
    "WAVE",
    "WAVELENGTH",
    "LAMBDA",
    "WAVELEN",
    "WL",
    "LAM",
    "WAVE_AIR",
    "WAVE_VAC",
    "WAVELENGTH_AIR",
    "WAVELENGTH_VAC",
    "WAVE_BARY",
    "WAVES",
    "SPECTRAL_AXIS",
)
_LOG_WAVE_NAMES = ("LOGLAM", "LOGLAMBDA", "LOG_LAMBDA", "LOGWAVE", "LOG_WAVE")
_FREQUENCY_NAMES = ("FREQ", "FREQUENCY", "ENERGY")
_FLUX_NAMES = (
    "FLUX",
    "FLUXDENS",
    "FLUX_CAL",
    "SPEC",
    "SPECTRUM",
    "FNU",
    "FLAM",
    "FLUX_REDUCED",
    "FLUXES",
    "FLUX_DENSITY",
    "NET",
    "COUNTS",
    "INTENSITY",
)
_VAGUE_FLUX_NAMES = ("NET", "COUNTS", "INTENSITY")
_SPECTRAL_AXIS = "DATA.SPECTRALAXIS.VALUE"
_FLUX_AXIS = "DATA.FLUXAXIS.VALUE"


@dataclass(frozen=True, slots=True)
class SpectralColumns:
    """Numbers (from 1) of the columns in their table."""

    hdu: Hdu
    wave: int
    flux: int | None
    log: bool

    def text(self, card: str, number: int | None) -> str | None:
        """A card of a column, such as TUNITn."""
        return None if number is None else self.hdu.header.text(f"{card}{number}")

    @property
    def unit(self) -> SpectralUnit | None:
        """TUNITn of the wavelengths."""
        unit = spectral_unit(self.text("TUNIT", self.wave))
        if self.log and unit is not None and not unit.log:
            return SpectralUnit(unit.name, unit.kind, unit.to_metres, log=True)
        return unit

    @property
    def n_points(self) -> int:
        """Samples along the wavelengths: the rows, or all elements where arrays are in cells."""
        values = self.wavelengths()
        if values is None:
            return self.hdu.rows * self.hdu.column_length(self.wave)
        return int(values.size)

    def wavelengths(self) -> NDArray[Any] | None:
        """The column itself, or first wavelength and step along the flux array (IUE, MXLO)."""
        step = self.hdu.column_number("DELTAW")
        values = self.hdu.column(self.wave)
        if values is None or step is None or self.flux is None or values.shape[1] != 1:
            return values
        steps = self.hdu.column(step)
        along = np.arange(self.hdu.column_length(self.flux))
        return None if steps is None else values + steps * along


def find_columns(hdu: Hdu) -> SpectralColumns | None:
    """The spectral and the flux column of a table; None where it has no spectral one."""
    names = [name.upper() for name in hdu.columns]
    ucds = [(hdu.header.text(f"TUCD{i + 1}") or "").lower() for i in range(len(names))]
    utypes = [(hdu.header.text(f"TUTYP{i + 1}") or "").upper() for i in range(len(names))]
    declared = _by_utype(utypes, _SPECTRAL_AXIS) or _by_ucd(ucds)
    wave, log = declared, False
    if wave is None:
        wave, log = _by_name(names)
    if wave is None:
        return None
    flux = _flux(names, ucds, utypes, wave)
    unnamed = declared is None and hdu.header.text(f"TUNIT{wave}") is None
    if unnamed and flux is not None and names[flux - 1] in _VAGUE_FLUX_NAMES:
        return None  # lambda beside counts, without a unit, may be anything
    return SpectralColumns(hdu, wave, flux, log)


def _by_name(names: list[str]) -> tuple[int | None, bool]:
    """The number of the spectral column, and whether it holds logarithms."""
    for wanted, log in ((_WAVE_NAMES, False), (_LOG_WAVE_NAMES, True), (_FREQUENCY_NAMES, False)):
        for name in wanted:
            if name in names:
                return names.index(name) + 1, log
    for i, name in enumerate(names):  # CRIRES+ and others: a column an order, 02_01_WL
        if name.endswith(("_WL", "_WAVE")):
            return i + 1, False
    return None, False


def _by_utype(utypes: list[str], tail: str) -> int | None:
    return next((i + 1 for i, utype in enumerate(utypes) if utype.endswith(tail)), None)


def _by_ucd(ucds: list[str]) -> int | None:
    for i, ucd in enumerate(ucds):
        words = ucd.replace(" ", "").split(";")
        if words[0] in ("em.wl", "em.freq", "em.energy") and "stat.error" not in words:
            return i + 1
    return None


def _flux(names: list[str], ucds: list[str], utypes: list[str], wave: int) -> int | None:
    """The default flux of several: utype spec: or Spectrum. (ESO), meta.main, then by name."""
    standard = [
        i + 1
        for i, utype in enumerate(utypes)
        if utype.endswith(_FLUX_AXIS) and utype.startswith(("SPEC:", "SPECTRUM."))
    ]
    main = [i + 1 for i, ucd in enumerate(ucds) if "meta.main" in ucd and "stat.error" not in ucd]
    named = [names.index(name) + 1 for name in _FLUX_NAMES if name in names]
    order = [
        i + 1
        for i, name in enumerate(names)
        if name.endswith(("_SPEC", "_FLUX", "_FLAM", "_COUNTS"))
    ]
    for candidates in (standard, main, named, order):
        for number in candidates:
            if number != wave:
                return number
    return None


def column_medium(columns: SpectralColumns, *headers: Header) -> str | None:
    """air or vacuum, as the column's UCD, its name or a card says it; None where nothing does."""
    header = columns.hdu.header
    stated = ucd_medium(columns.text("TUCD", columns.wave), header.text("VOCLASS"))
    name = columns.hdu.columns[columns.wave - 1].upper()
    if name.endswith(("_AIR", "_VAC")):
        stated = "air" if name.endswith("_AIR") else "vacuum"
    return stated or declared_medium(header, *headers)


def column_coverage(
    columns: SpectralColumns, *headers: Header, medium: str | None = None
) -> Coverage:
    """What the wavelength column covers. `medium`: of the convention, where no card says it."""
    medium = column_medium(columns, *headers) or medium
    values = columns.wavelengths()
    if values is None or not np.issubdtype(values.dtype, np.number):
        low = columns.hdu.header.number(f"TDMIN{columns.wave}")
        high = columns.hdu.header.number(f"TDMAX{columns.wave}")
        bounds = None if low is None or high is None else (low, high)
    else:
        bounds = finite_bounds(values)
    if bounds is None:
        return Coverage(medium=medium)
    return coverage(bounds, columns.unit, medium)
