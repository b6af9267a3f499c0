"""Spectra in image HDUs whose wavelengths are an image too.

Either named (EXTNAME WAVE, WAVELENGTH, Sci Wavl, ...: HPF, CARMENES, ESPRESSO, MUSE tables), or the
unnamed set of XIDL and linetools: flux, sigma, wavelength as HDU 0, 1, 2 of one length.
"""

from dataclasses import replace

import numpy as np

from service.ingest.facts import DatasetFacts, Refusal
from service.ingest.fits import FitsFile, Hdu
from service.ingest.observation import observation, with_spectrum
from service.ingest.units import spectral_unit
from service.ingest.wavelength import (
    Coverage,
    coverage,
    declared_medium,
    finite_bounds,
    is_spectral,
)

TAKES = "spectra with a wavelength image (EXTNAME WAVE, Sci Wavl, ...; XIDL flux, sigma, wave)"
_WAVE_WORDS = ("WAVL", "WAVE", "WAVELENGTH", "LAMBDA", "WAVEDATA")


def named_waves(fits: FitsFile) -> list[Hdu]:
    """Wavelength images by EXTNAME, the science ones first."""
    waves = [
        hdu
        for hdu in fits.images
        if any(word in _WAVE_WORDS for word in hdu.name.replace("_", " ").split())
    ]
    return sorted(waves, key=lambda hdu: not hdu.name.startswith("SCI"))


def xidl_wave(fits: FitsFile) -> Hdu | None:
    """The third of three one-dimensional images of one length, rising from pixel to pixel."""
    first = fits.hdus[:3]
    if len(first) < 3 or any(len(hdu.shape) != 1 or hdu.name for hdu in first):
        return None
    if len({hdu.shape for hdu in first}) != 1 or is_spectral(fits.primary, 1):
        return None
    if fits.primary.number("CRVAL1") is not None or "COEFF0" in fits.primary:
        return None
    wave = first[2].image()
    rising = bool(np.all(np.diff(wave) > 0)) and float(wave[0]) > 0
    return first[2] if rising else None


def recognise(fits: FitsFile) -> str | None:
    """A wavelength image by name, or XIDL's order of HDUs."""
    if named := named_waves(fits):
        return f"EXTNAME = {named[0].name}"
    return "flux, sigma, wavelength in HDU 0, 1, 2" if xidl_wave(fits) else None


def read(fits: FitsFile) -> DatasetFacts:
    """Without BUNIT on the wavelengths, em_min and em_max stay unknown."""
    header = fits.primary
    waves = named_waves(fits)
    if not waves:
        xidl = xidl_wave(fits)
        if xidl is None:
            raise Refusal("no image of wavelengths", ("EXTNAME = 'WAVELENGTH'", "BUNIT"))
        waves = [xidl]
    facts = observation("spectrum", header)
    unit = spectral_unit(waves[0].header.text("BUNIT", "CUNIT1"))
    medium = declared_medium(waves[0].header, header)
    bounds = finite_bounds(waves[0].image()) if unit is not None else None
    covered = Coverage(medium=medium) if bounds is None else coverage(bounds, unit, medium)
    flux = next((hdu for hdu in fits.images if hdu not in waves), None)
    n_points = sum(int(np.prod(wave.shape)) for wave in waves)
    facts = with_spectrum(
        facts,
        covered,
        n_points,
        flux_unit=flux.header.text("BUNIT") if flux is not None else None,
        specsys=header.text("SPECSYS"),
    )
    return replace(facts, em_ucd=covered.ucd)
