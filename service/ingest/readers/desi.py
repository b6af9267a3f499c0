"""DESI spectra and coadds: FIBERMAP, and arms B, R, Z (or brz) with a wavelength image each.

Wavelengths are in vacuum by the DESI data model.
"""

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.ingest.facts import DatasetFacts, Refusal
from service.ingest.fits import FitsFile, Hdu
from service.ingest.observation import observation, with_aperture, with_spectrum
from service.ingest.sky import separation, unit_vector
from service.ingest.units import spectral_unit
from service.ingest.wavelength import coverage, finite_bounds

TAKES = "DESI spectra and coadds of one target or many (FIBERMAP, B_WAVELENGTH, ...)"


def _arms(fits: FitsFile) -> list[Hdu]:
    return [hdu for hdu in fits.images if hdu.name.endswith("_WAVELENGTH")]


def recognise(fits: FitsFile) -> str | None:
    """A fibre map beside wavelength images of arms."""
    if fits.named("FIBERMAP") is not None and _arms(fits):
        return "FIBERMAP and _WAVELENGTH images"
    return None


def read(fits: FitsFile) -> DatasetFacts:
    """One dataset a file: of several targets it gives the circle that holds them."""
    fibres = fits.named("FIBERMAP")
    arms = _arms(fits)
    if fibres is None or not arms:
        raise Refusal("no FIBERMAP with _WAVELENGTH images", ("EXTNAME = 'FIBERMAP'",))
    headers = [fits.primary, *(hdu.header for hdu in fits.hdus[1:])]
    facts = observation("spectrum", fits.primary)
    bounds = [b for arm in arms if (b := finite_bounds(arm.image())) is not None]
    unit = spectral_unit(arms[0].header.text("BUNIT"))
    flux = fits.named(arms[0].name.replace("WAVELENGTH", "FLUX"))
    survey, program = (fits.primary.text(card) for card in ("SURVEY", "PROGRAM"))
    facts = replace(
        facts,
        calib_level=2,
        facility_name=next((t for h in headers if (t := h.text("TELESCOP"))), "KPNO 4.0-m Mayall"),
        instrument_name=next((t for h in headers if (t := h.text("INSTRUME"))), "DESI"),
        obs_title=f"DESI {survey} {program}" if survey and program else None,
    )
    exposures = fits.named("EXP_FIBERMAP") or fibres
    return with_spectrum(
        _with_times(_with_targets(facts, fibres), exposures),
        coverage([value for pair in bounds for value in pair], unit, "vacuum"),
        sum(arm.shape[0] for arm in arms),
        flux_unit=flux.header.text("BUNIT") if flux is not None else None,
    )


def _values(hdu: Hdu, name: str) -> NDArray[Any] | None:
    number = hdu.column_number(name)
    values = hdu.column(number) if number else None
    return None if values is None else values.ravel()


def _with_targets(facts: DatasetFacts, fibres: Hdu) -> DatasetFacts:
    ra, dec = _values(fibres, "TARGET_RA"), _values(fibres, "TARGET_DEC")
    if ra is None or dec is None or not ra.size:
        return facts
    names = _values(fibres, "TARGETID")
    places = sorted({(float(a), float(d)) for a, d in zip(ra, dec, strict=True)})
    if len(places) == 1:
        name = None if names is None else str(names[0])
        return replace(facts, s_ra=places[0][0], s_dec=places[0][1], target_name=name)
    x, y, z = np.sum([unit_vector(*place) for place in places], axis=0)
    centre = (math.degrees(math.atan2(y, x)) % 360.0, math.degrees(math.atan2(z, math.hypot(x, y))))
    radius = max(separation(*centre, *place) for place in places)
    facts = replace(facts, s_ra=centre[0], s_dec=centre[1], target_name=None)
    return with_aperture(facts, 2 * radius)


def _with_times(facts: DatasetFacts, exposures: Hdu) -> DatasetFacts:
    """First and last exposure, and the sum of the exposure times, each exposure once."""
    mjd, seconds = _values(exposures, "MJD"), _values(exposures, "EXPTIME")
    numbers = _values(exposures, "EXPID")
    if mjd is None or seconds is None or numbers is None or not mjd.size:
        return facts
    _, once = np.unique(numbers, return_index=True)
    ends = mjd + seconds / 86400.0
    return replace(
        facts,
        t_min=float(mjd.min()),
        t_max=float(ends.max()),
        t_exptime=float(seconds[once].sum()),
    )
