"""Cubes of two celestial axes and a spectral one (FITS WCS papers II and III)."""

from dataclasses import replace

from service.ingest.celestial import has_celestial
from service.ingest.facts import DatasetFacts, Refusal
from service.ingest.fits import FitsFile, Hdu
from service.ingest.footprint import footprint
from service.ingest.observation import observation, polarization, with_spectrum
from service.ingest.readers.wcs_image import placed
from service.ingest.wavelength import axis_coverage, is_spectral

TAKES = "cubes with a spectral axis, with or without celestial WCS"


def spectral_axis(hdu: Hdu) -> int | None:
    """The axis (from 1) of wavelengths, frequencies or velocities, longer than one pixel."""
    for axis, length in enumerate(hdu.shape, start=1):
        if length > 1 and is_spectral(hdu.header, axis):
            return axis
    return None


def find_cube(fits: FitsFile) -> Hdu | None:
    """The HDU that is read: of three axes, or two where there are celestial ones, one spectral."""
    for hdu in fits.images:
        others = [n for n in hdu.shape if n > 1]
        if len(others) >= 3 and spectral_axis(hdu) is not None:
            return hdu
        if len(others) >= 2 and spectral_axis(hdu) is not None and has_celestial(hdu.header):
            return hdu
    return None


def recognise(fits: FitsFile) -> str | None:
    """Three axes, one of them spectral."""
    hdu = find_cube(fits)
    return f"a spectral axis and two more in HDU {hdu.index}" if hdu else None


def read(fits: FitsFile) -> DatasetFacts:
    """The outline from the celestial WCS; without one, the position of the object."""
    hdu = find_cube(fits)
    axis = spectral_axis(hdu) if hdu else None
    if hdu is None or axis is None:
        raise Refusal("no cube with a spectral axis", ("CTYPE3 = 'WAVE'", "CUNIT3", "CRVAL3"))
    header = hdu.header
    facts = observation("cube", header, fits.primary)
    length = hdu.shape[axis - 1]
    facts = with_spectrum(
        facts,
        axis_coverage(header, axis, length, fits.primary),
        length,
        flux_unit=header.text("BUNIT"),
        specsys=header.text("SPECSYS"),
    )
    states, n_states = polarization(header, hdu.shape)
    facts = replace(facts, pol_states=states, pol_xel=n_states)
    if has_celestial(header):
        try:
            return placed(facts, footprint(hdu, fits.primary))
        except ValueError as error:
            raise Refusal(
                f"the celestial coordinates of HDU {hdu.index} cannot be used ({error})",
                ("CTYPEi", "CRVALi", "CRPIXi", "CDi_j"),
            ) from None
    sides = [n for i, n in enumerate(hdu.shape, start=1) if i != axis]
    return replace(facts, s_xel1=sides[0], s_xel2=sides[1] if len(sides) > 1 else 1)
