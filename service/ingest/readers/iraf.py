"""One-dimensional spectra in images: linear and log-linear axes, IRAF equispec and multispec.

IRAF's formats: "The IRAF/NOAO Spectral World Coordinate Systems" (Valdes 1993); other linear axes:
FITS WCS paper III.
"""

import re

import numpy as np
from numpy.polynomial import chebyshev, legendre
from numpy.typing import NDArray

from service.ingest.celestial import has_celestial
from service.ingest.facts import DatasetFacts, Refusal
from service.ingest.fits import FitsFile, Hdu
from service.ingest.header import Header
from service.ingest.observation import observation, with_spectrum
from service.ingest.units import SpectralUnit, spectral_unit
from service.ingest.wavelength import (
    Coverage,
    axis_coverage,
    axis_step,
    coverage,
    declared_medium,
    is_spectral,
    wat_attributes,
    wat_text,
)

TAKES = "spectra in images: linear and log-linear axes (CTYPE1, CRVAL1, CDELT1), IRAF multispec"
_SPEC = re.compile(r'spec(\d+)\s*=\s*"([^"]*)"')
_MOST_PIXELS = 10_000_000
_LINEAR = ("LINEAR", "MULTISPE", "LOGLIN", "LOG-LINEAR")


def dispersed_image(fits: FitsFile) -> Hdu | None:
    """The first image whose first axis is a dispersion axis."""
    for hdu in fits.images:
        header = hdu.header
        ctype = (header.text("CTYPE1") or "").upper()
        if has_celestial(header) or len([n for n in hdu.shape if n > 1]) > 3:
            continue
        if ctype.startswith("MULTISPE") or is_spectral(header, 1):
            return hdu
        dispersed = "DC-FLAG" in header or ctype in _LINEAR or len(hdu.shape) == 1
        if dispersed and header.number("CRVAL1") is not None and axis_step(header, 1):
            return hdu
    return None


def recognise(fits: FitsFile) -> str | None:
    """A spectral CTYPE1, DC-FLAG, WAT cards, or a linear axis of a one-dimensional image."""
    hdu = dispersed_image(fits)
    return f"a dispersion axis in HDU {hdu.index}" if hdu else None


def read(fits: FitsFile) -> DatasetFacts:
    """What the axis covers; without a unit in the header em_min and em_max stay unknown."""
    hdu = dispersed_image(fits)
    if hdu is None:
        raise Refusal(
            "no image with a dispersion axis", ("CTYPE1 = 'WAVE'", "CUNIT1", "CRVAL1", "CDELT1")
        )
    header = hdu.header
    if is_multispec(header):
        covered, n_points = _multispec(header, fits.primary)
    else:
        covered = axis_coverage(header, 1, hdu.shape[0], fits.primary)
        n_points = hdu.shape[0]
    return with_spectrum(
        observation("spectrum", header, fits.primary),
        covered,
        n_points,
        flux_unit=header.text("BUNIT"),
        specsys=header.text("SPECSYS") or fits.primary.text("SPECSYS"),
    )


def is_multispec(header: Header) -> bool:
    """Whether each line of the image has a dispersion function of its own."""
    return (header.text("CTYPE1") or "").upper().startswith("MULTISPE")


def multispec_waves(header: Header) -> list[NDArray[np.float64]]:
    """Wavelengths of the apertures, line by line of the image (Valdes 1993 §5)."""
    specs = [match[2].split() for match in _SPEC.finditer(wat_text(header, 2))]
    if not specs:
        raise Refusal("a multispec image without its dispersion functions", ("WAT2_001",))
    waves: list[NDArray[np.float64]] = []
    for spec in specs:
        try:
            waves.append(_aperture(spec))
        except (ValueError, IndexError):
            raise Refusal(f"the dispersion function of aperture {spec[0]} cannot be read") from None
    return waves


def multispec_unit(header: Header) -> SpectralUnit | None:
    """The unit of the dispersion functions, Angstrom where it is not written."""
    written = wat_attributes(header, 1).get("units") or wat_attributes(header, 2).get("units")
    return spectral_unit(written) if written else spectral_unit("Angstrom")


def _multispec(header: Header, primary: Header) -> tuple[Coverage, int]:
    """Bounds over all apertures, and the number of points of all of them."""
    waves = multispec_waves(header)
    bounds = [float(end) for wave in waves for end in (wave.min(), wave.max())]
    covered = coverage(bounds, multispec_unit(header), declared_medium(header, primary))
    return covered, sum(wave.size for wave in waves)


def _aperture(spec: list[str]) -> NDArray[np.float64]:
    """Wavelengths of an aperture: ap beam dtype w1 dw nw z aplow aphigh [functions]."""
    dtype, start, step, count = int(spec[2]), float(spec[3]), float(spec[4]), int(float(spec[5]))
    redshift = float(spec[6])
    if dtype in (0, 1):
        waves = start + step * np.arange(_bounded(count))
        waves = 10.0**waves if dtype == 1 else waves
    elif dtype == 2:
        waves = _functions([float(word) for word in spec[9:]], _bounded(count))
    else:
        raise ValueError("not dispersion corrected")
    return np.asarray(waves / (1 + redshift), dtype=np.float64)


def _bounded(count: int) -> int:
    """The points of an aperture; ValueError for what no image line holds."""
    if not 0 < count <= _MOST_PIXELS:
        raise ValueError("a wrong number of pixels")
    return count


def _functions(words: list[float], count: int) -> NDArray[np.float64]:
    """Sum of weighted dispersion functions, evaluated at the pixels 1 to count."""
    pixels = np.arange(1.0, count + 1)
    total = np.zeros(count)
    i = 0
    while i < len(words):
        weight, offset, kind = words[i], words[i + 1], int(words[i + 2])
        i += 3
        if kind in (1, 2):
            order, pmin, pmax = int(words[i]), words[i + 1], words[i + 2]
            terms = words[i + 3 : i + 3 + order]
            x = (2 * pixels - (pmax + pmin)) / (pmax - pmin)
            values = (chebyshev.chebval if kind == 1 else legendre.legval)(x, terms)
            i += 3 + order
        elif kind in (3, 4):
            pieces, pmin, pmax = int(words[i]), words[i + 1], words[i + 2]
            size = pieces + (3 if kind == 3 else 1)
            values = _spline(words[i + 3 : i + 3 + size], pieces, pixels, pmin, pmax, kind == 3)
            i += 3 + size
        elif kind == 5:
            size = int(words[i])
            values = np.interp(pixels, np.arange(1.0, size + 1), words[i + 1 : i + 1 + size])
            i += 1 + size
        else:
            raise ValueError("a sampled dispersion function")
        total += weight * (offset + np.asarray(values))
    return total


def _spline(
    terms: list[float],
    pieces: int,
    pixels: NDArray[np.float64],
    pmin: float,
    pmax: float,
    cubic: bool,
) -> NDArray[np.float64]:
    """IRAF's linear and cubic splines in their cardinal form."""
    s = np.clip((pixels - pmin) / (pmax - pmin) * pieces, 0, pieces - 1e-9)
    j = s.astype(int)
    a, b = (j + 1) - s, s - j
    c = np.asarray(terms)
    if not cubic:
        return np.asarray(c[j] * a + c[j + 1] * b)
    return np.asarray(
        c[j] * a**3
        + c[j + 1] * (1 + 3 * a * (1 + a * b))
        + c[j + 2] * (1 + 3 * b * (1 + a * b))
        + c[j + 3] * b**3
    )
