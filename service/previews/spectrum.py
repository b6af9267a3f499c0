"""A spectrum as it is plotted: flux against wavelength, each order a curve of its own."""

import re

import numpy as np

from service.ingest.fits import FitsFile
from service.previews.axes import Values, raised
from service.previews.chart import Curve
from service.previews.drawable import Undrawable
from service.spectra.layout import NotConvertible, Spectrum
from service.spectra.reading import read_spectra

_NAMES = {
    "wl": "Wavelength",
    "freq": "Frequency",
    "energy": "Energy",
    "wavenumber": "Wavenumber",
}
_WORST = 10.0  # times the usual error
_CLEAR = 5.0  # times its own error
_EXPONENT = re.compile(r"(10\^|(?<=[^\W\d])\^?)(-?\d+)\b")
_SIGNS = {"Angstrom": "Å", "um": "µm", "cm-1": "cm⁻¹", "m-1": "m⁻¹"}


def curve_of(file: FitsFile, reader: str) -> Curve:
    """A spectrum of the file that this reader of ingest took, of several the first with a flux.

    Undrawable where there is none.
    """
    try:
        spectra = read_spectra(file, reader)
    except NotConvertible as error:
        raise Undrawable(error.message) from error
    spectrum = next((each for each in spectra if np.any(each.flux > 0)), spectra[0])
    name, unit = _NAMES[spectrum.kind], _SIGNS.get(spectrum.unit, spectrum.unit)
    known = spectrum.kind == "wl" and spectrum.medium != "unknown"
    one = f", one of {len(spectra)} spectra" if len(spectra) > 1 else ""
    ends = f"{spectrum.wavelength[0]:.6g} to {spectrum.wavelength[-1]:.6g} {unit}"
    return Curve(
        parts=_parts(spectrum),
        x_name=name,
        x_unit=f"{unit}, {spectrum.medium}" if known else unit,
        y_name="Flux",
        y_unit=_readable(spectrum.flux_unit or spectrum.flux_unit_written or ""),
        scale=_scale(spectrum),
        described=f"Spectrum: flux against {name.lower()}, {ends}, {len(spectrum):,} points{one}",
    )


def _parts(spectrum: Spectrum) -> list[tuple[Values, Values]]:
    wave, flux = spectrum.wavelength, _trusted(spectrum)
    if spectrum.order is None:
        return [(wave, flux)]
    orders = [spectrum.order == each for each in np.unique(spectrum.order)]
    return [(wave[order], flux[order]) for order in orders]


def _scale(spectrum: Spectrum) -> Values | None:
    """The flux that is known best, and bright lines; noise at the ends of a detector may be cut."""
    flux = _trusted(spectrum)
    if spectrum.error is None or not np.isfinite(flux).any():
        return None
    error = np.where(np.isfinite(flux), spectrum.error, np.nan)
    with np.errstate(invalid="ignore"):
        good = (error <= _WORST * float(np.nanmedian(error))) | (flux > _CLEAR * error)
    return flux[good] if good.any() else None


def _readable(unit: str) -> str:
    """10**-17 erg s-1 cm-2 with raised exponents."""
    words = unit.replace("Angstrom", "Å").replace("10**", "10^")
    return _EXPONENT.sub(lambda found: found[1].replace("^", "") + raised(int(found[2])), words)


def _trusted(spectrum: Spectrum) -> Values:
    """The flux; NaN where it has no error although most points have one."""
    flux = np.asarray(spectrum.flux, dtype=np.float64)
    if spectrum.error is None:
        return flux
    measured = np.isfinite(spectrum.error) & (spectrum.error > 0)
    return np.where(measured, flux, np.nan) if 2 * measured.sum() > flux.size else flux
