"""Write an image with its WCS in the primary array, as an imaging survey's frames."""

from pathlib import Path

import numpy as np
from astropy.wcs import WCS
from numpy.typing import NDArray

from service.demo import fits_file
from service.demo.eso_phase3 import isot
from service.demo.fits_file import WRITTEN, Card
from service.demo.images import BAND_RANGE, SEEING


def wcs_cards(wcs: WCS) -> list[Card]:
    """The WCS with a CD matrix, as surveys write it; astropy itself writes PC and CDELT."""
    left_out = ("CDELT1", "CDELT2", "LONPOLE", "LATPOLE", "MJDREF")
    return [
        (str(card.keyword).replace("PC", "CD"), card.value, card.comment)
        for card in wcs.to_header().cards
        if card.keyword not in left_out
    ]


def write_image(
    path: Path,
    image: NDArray[np.float64],
    wcs: WCS,
    *,
    title: str,
    band: str,
    mjd_start: float,
    exptime: float,
) -> None:
    """Write one sky-subtracted frame in nanomaggies; MJD in UTC, exposure in seconds."""
    lower, upper = BAND_RANGE[band]
    cards: list[Card] = [
        *wcs_cards(wcs),
        ("ORIGIN", "STARHAUL", "Simulated by the Starhaul demo generator"),
        ("TELESCOP", "SIMULATED", "No telescope took these data"),
        ("INSTRUME", "SIM-CAMERA", "Simulated instrument"),
        ("DATE", WRITTEN, "Date this file was written"),
        ("OBJECT", title, "Field"),
        ("FILTER", band, "Filter used"),
        ("PHOTPLAM", (lower + upper) / 2, "[Angstrom] Pivot wavelength of the filter"),
        ("PHOTBW", round((upper - lower) / 2.3548, 2), "[Angstrom] RMS width of the filter"),
        ("EXPTIME", exptime, "[s] Exposure time"),
        ("DATE-OBS", isot(mjd_start), "Start of observation (UTC)"),
        ("MJD-OBS", round(mjd_start, 8), "[d] Start of observation"),
        ("MJD-END", round(mjd_start + exptime / 86400, 8), "[d] End of observation"),
        ("DATE-END", isot(mjd_start + exptime / 86400), "End of observation (UTC)"),
        ("TIMESYS", "UTC", "Time system"),
        ("SEEING", SEEING[band], "[arcsec] Full width at half maximum"),
        ("MAGZERO", 22.5, "AB magnitude of 1 nanomaggy"),
        ("BUNIT", "nanomaggy", "AB mag = 22.5 - 2.5 log10(nanomaggy)"),
        ("COMMENT", "Simulated data: drawn from a physical model, not observed."),
    ]
    fits_file.write(path, [fits_file.primary(cards, image.astype(np.float32))])
