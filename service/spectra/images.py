"""Spectra in images with a dispersion axis: linear, logarithmic, IRAF's, echelle polynomials."""

import re
from collections.abc import Sequence
from typing import Literal

import numpy as np
from astropy.constants import c

from service.ingest.fits import FitsFile, Hdu
from service.ingest.header import Header
from service.ingest.readers.eso_drs import drs_kind, drs_medium, echelle_waves
from service.ingest.readers.iraf import (
    dispersed_image,
    is_multispec,
    multispec_unit,
    multispec_waves,
)
from service.ingest.units import SpectralUnit, spectral_unit
from service.ingest.wavelength import declared_medium, is_velocity, spectral_axis
from service.spectra.arrays import image
from service.spectra.companions import find_error, find_flags
from service.spectra.layout import NotConvertible, Spectrum
from service.spectra.pieces import Described, Piece, Values, sigma, spectra_of, spectrum_of

_MOST_SPECTRA = 1000


def axis_spectra(fits: FitsFile, medium: str | None = None) -> tuple[Spectrum, ...]:
    """The spectra of an image whose first axis is linear, logarithmic or of FITS WCS paper III.

    `medium`: of the convention, where no card says it.
    """
    hdu = dispersed_image(fits)
    if hdu is None:
        raise NotConvertible("no image has a dispersion axis")
    header = hdu.header
    values = image(hdu)
    if is_multispec(header):
        return _multispec(fits, hdu, values)
    pixels = np.arange(1.0, hdu.shape[0] + 1)
    axis = spectral_axis(header, 1, pixels, fits.primary, medium)
    if axis is None:
        raise NotConvertible(
            f"the dispersion axis of HDU {hdu.index} has no CRVAL1 and step, or is of velocities "
            "without a rest frequency"
        )
    wave, unit = axis.values, axis.unit
    if is_velocity(header, 1) and header.number("RESTFRQ", "RESTFREQ"):
        wave, unit = c.si.value / wave / 1e9, spectral_unit("GHz")
    said = described(fits, hdu, unit, axis.medium, axis.log)
    rows = _lines(fits, hdu, values, [wave])
    return spectra_of(rows, said, _labels(header, len(rows)))


def echelle_spectra(fits: FitsFile) -> tuple[Spectrum, ...]:
    """s1d and e2ds of the DRS of HARPS and its relatives; the orders of e2ds are one spectrum."""
    hdu, medium = fits.hdus[0], drs_medium(fits.primary)
    if drs_kind(fits) != "e2ds":
        return axis_spectra(fits, medium)
    values = image(hdu)
    waves = echelle_waves(hdu.header, np.arange(float(hdu.shape[0])), hdu.shape[1])
    rows = [Piece(wave, flux) for wave, flux in zip(waves, values, strict=True)]
    return (spectrum_of(rows, described(fits, hdu, spectral_unit("Angstrom"), medium, False)),)


def grid_spectra(fits: FitsFile, survey: Literal["sdss", "lamost"]) -> tuple[Spectrum, ...]:
    """SDSS and LAMOST images on the grid COEFF0 + COEFF1 i: log10 of Angstrom, in vacuum.

    Lines of SDSS's spSpec: flux, continuum-subtracted flux, error, mask; of LAMOST: flux, inverse
    variance, wavelength, masks. An image of one line may have inverse variances in the next HDU, as
    spPlate has them.
    """
    hdu = fits.hdus[0]
    header = hdu.header
    start, step = header.number("COEFF0"), header.number("COEFF1")
    if start is None or step is None or not hdu.shape:
        raise NotConvertible("the header has no COEFF0 and COEFF1 of its wavelengths")
    wave = start + step * np.arange(hdu.shape[0])
    lines = image(hdu).reshape(-1, hdu.shape[0])
    error = None
    flags = lines[3] if len(lines) > 3 else None
    if survey == "lamost" and len(lines) > 1:
        error = sigma(lines[1], "ivar")
    elif len(lines) > 2:
        error = np.where(lines[2] > 0, lines[2], np.nan)
    elif any(other.is_image and other.shape == hdu.shape for other in fits.hdus[1:2]):
        error = sigma(image(fits.hdus[1]), "ivar")
    medium = declared_medium(header) or "vacuum"
    said = described(fits, hdu, spectral_unit("log10(Angstrom)"), medium, True)
    return (spectrum_of([Piece(wave, lines[0], error, flags)], said),)


def described(
    fits: FitsFile, hdu: Hdu, unit: SpectralUnit | None, medium: str | None, log: bool
) -> Described:
    header, primary = hdu.header, fits.primary
    return Described(
        place=f"the dispersion axis of HDU {hdu.index}",
        unit=unit,
        medium=medium,
        log=log,
        flux_unit=header.text("BUNIT") or primary.text("BUNIT"),
        specsys=header.text("SPECSYS") or primary.text("SPECSYS"),
    )


def _multispec(fits: FitsFile, hdu: Hdu, values: Values) -> tuple[Spectrum, ...]:
    """IRAF's multispec: apertures of an echelle that follow each other are one spectrum."""
    waves = multispec_waves(hdu.header)
    bands = values.reshape(-1, hdu.shape[1] if len(hdu.shape) > 1 else 1, hdu.shape[0])
    if len(waves) != bands.shape[1]:
        raise NotConvertible(
            f"HDU {hdu.index} has {bands.shape[1]} lines and {len(waves)} dispersion functions"
        )
    medium = declared_medium(hdu.header, fits.primary)
    said = described(fits, hdu, multispec_unit(hdu.header), medium, False)
    rows = _lines(fits, hdu, values, waves)
    return spectra_of(rows, said, _labels(hdu.header, len(rows)))


def _lines(fits: FitsFile, hdu: Hdu, values: Values, waves: Sequence[Values]) -> list[Piece]:
    """Line by line of the image; `waves` is one for all lines, or one a line.

    Errors and flags are lines that the header names as such (ARRAYn, ROWn), a band of them
    (BANDIDn), or other images of the same shape by their names (VARIANCE, DQ).
    """
    width = hdu.shape[0]
    if values.ndim > 2:
        values, band_error = _bands(hdu.header, values)
    else:
        values, band_error = values.reshape(-1, width), None
    named = _named_lines(hdu.header, values)
    if named is not None:
        return [Piece(waves[0], named[0], named[1])]
    if len(values) > _MOST_SPECTRA:
        raise NotConvertible(
            f"HDU {hdu.index} holds {len(values)} spectra; files of up to {_MOST_SPECTRA} are "
            "converted"
        )
    error, flags = band_error, None
    if error is None:
        names = [h.name if h.is_image and h.shape == hdu.shape else "" for h in fits.hdus]
        found, flagged = find_error(hdu.index, names), find_flags(hdu.index, names)
        if found is not None:
            error = sigma(image(fits.hdus[found[0]]).reshape(values.shape), found[1])
        if flagged is not None:
            flags = image(fits.hdus[flagged]).reshape(values.shape)
    pieces = []
    for i, flux in enumerate(values):
        wave = waves[i] if len(waves) > 1 else waves[0]
        count = min(wave.size, width)
        pieces.append(
            Piece(
                wave[:count],
                flux[:count],
                None if error is None else error[i, :count],
                None if flags is None else flags[i, :count],
            )
        )
    return pieces


def _bands(header: Header, values: Values) -> tuple[Values, Values | None]:
    """The first band (the spectra), and the one that BANDIDn calls sigma (IRAF apall)."""
    bands = values.reshape(-1, *values.shape[-2:])
    error = None
    for i in range(1, len(bands)):
        if _is_error(header.text(f"BANDID{i + 1}")):
            error = np.where(bands[i] > 0, bands[i], np.nan)
    return bands[0], error


def _named_lines(header: Header, values: Values) -> tuple[Values, Values | None] | None:
    """Flux and error where cards name the lines of the image: ARRAYn (UVES_popler), ROWn (GAMA)."""
    names = [header.text(f"ARRAY{i + 1}", f"ROW{i + 1}") for i in range(len(values))]
    if len(values) < 2 or names[0] is None or names[1] is None:
        return None
    errors = [i for i, name in enumerate(names) if _is_error(name)]
    error = np.where(values[errors[0]] > 0, values[errors[0]], np.nan) if errors else None
    return values[0], error


def _is_error(name: str | None) -> bool:
    return bool(name and re.search(r"\b(sigma|error|uncertainty)\b", name, re.I))


def _labels(header: Header, count: int) -> list[str | None]:
    """IRAF's titles of apertures (APIDn), else their numbers."""
    return [header.text(f"APID{i + 1}") or f"aperture {i + 1}" for i in range(count)]
