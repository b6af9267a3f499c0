"""Products of the HARPS pipeline DRS and its relatives (HARPS-N, SOPHIE): s1d, e2ds, ccf, bis."""

import re
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from service.ingest.facts import DatasetFacts, Refusal
from service.ingest.fits import FitsFile
from service.ingest.header import Header
from service.ingest.observation import observation, with_spectrum
from service.ingest.units import spectral_unit
from service.ingest.wavelength import axis_coverage, coverage, declared_medium

TAKES = "DRS products of HARPS, HARPS-N, SOPHIE: s1d, e2ds (DRS CAL TH COEFF), ccf and bis"
_PREFIX = re.compile(r"^(ESO|TNG|OHP) DRS ")


def _prefix(header: Header) -> str | None:
    return next((match[0] for key in header if (match := _PREFIX.match(key))), None)


def drs_kind(fits: FitsFile) -> str | None:
    """s1d, e2ds, ccf or bis, from cards and the shape alone."""
    prefix = _prefix(fits.primary)
    shape = fits.hdus[0].shape
    if prefix is None or not shape:
        return None
    header = fits.primary
    ctype = (header.text("CTYPE1") or "").upper()
    if len(shape) == 1 and ctype.startswith("ANGSTROM"):
        return "s1d"
    if f"{prefix}BIS SPAN" in header and len(shape) == 1:
        return "bis"
    if f"{prefix}CCF RV" in header or f"{prefix}CCF RVC" in header:
        return "ccf"
    if len(shape) == 2 and f"{prefix}CAL TH COEFF LL0" in header:
        return "e2ds"
    return None


def recognise(fits: FitsFile) -> str | None:
    """DRS cards around an array of one of the four kinds."""
    kind = drs_kind(fits)
    return f"{_prefix(fits.primary)}cards, {kind}" if kind else None


def drs_medium(header: Header) -> str | None:
    """air, where DRS made the spectrum and no card says otherwise: its calibration is in air, and
    so are the s1d spectra that ESO published as Phase 3 tables."""
    return declared_medium(header) or ("air" if _prefix(header) else None)


def read(fits: FitsFile) -> DatasetFacts:
    """Spectra with the wavelengths of their cards; ccf and bis are measurements."""
    kind, header = drs_kind(fits), fits.primary
    prefix = _prefix(header)
    if kind is None or prefix is None:
        raise Refusal("none of the DRS products s1d, e2ds, ccf, bis", ("ESO DRS CAL TH COEFF LL0",))
    shape = fits.hdus[0].shape
    if kind in ("ccf", "bis"):
        facts = observation("measurements", header)
        return replace(facts, calib_level=4, dataproduct_subtype=kind)
    facts = replace(observation("spectrum", header), calib_level=2)
    if kind == "s1d":
        covered = axis_coverage(header, 1, shape[0], header, drs_medium(header))
    else:
        ends = echelle_waves(header, np.array([0.0, shape[0] - 1.0]), shape[1])
        bounds = float(ends.min()), float(ends.max())
        covered = coverage(bounds, spectral_unit("Angstrom"), drs_medium(header))
    unit = header.text("BUNIT")
    facts = with_spectrum(facts, covered, int(np.prod(shape)), flux_unit=unit)
    return replace(facts, dataproduct_subtype=kind)


def echelle_waves(header: Header, pixels: NDArray[np.float64], orders: int) -> NDArray[np.float64]:
    """Wavelengths (Angstrom) of all orders at pixels counted from 0, shape (orders, pixels).

    Order o has the polynomial of CAL TH COEFF LL(o (d + 1) + k), k = 0..d.
    """
    prefix = _prefix(header) or ""
    degree = header.integer(f"{prefix}CAL TH DEG LL", 3)
    waves = np.empty((orders, pixels.size))
    for order in range(orders):
        cards = [f"{prefix}CAL TH COEFF LL{order * (degree + 1) + k}" for k in range(degree + 1)]
        terms = [header.number(card) for card in cards]
        if not terms or None in terms:
            raise Refusal(f"order {order} has no wavelength polynomial", tuple(cards))
        waves[order] = np.polynomial.polynomial.polyval(pixels, [t or 0.0 for t in terms])
    return waves
