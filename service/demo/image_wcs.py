"""Write an image with its WCS in the primary array, as an imaging survey's frames."""

from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from numpy.typing import NDArray

from service.demo.eso_phase3 import WRITTEN, isot, write_with_checksums
from service.demo.images import BAND_RANGE, SEEING


def wcs_cards(wcs: WCS) -> fits.Header:
    """The WCS with a CD matrix, as surveys write it; astropy itself writes PC and CDELT."""
    header = wcs.to_header()
    for axes in ("1_1", "1_2", "2_1", "2_2"):
        header.rename_keyword(f"PC{axes}", f"CD{axes}")
    for keyword in ("CDELT1", "CDELT2", "LONPOLE", "LATPOLE", "MJDREF"):
        del header[keyword]
    return header


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
    header = wcs_cards(wcs)
    lower, upper = BAND_RANGE[band]
    header["ORIGIN"] = ("STARHAUL", "Simulated by the Starhaul demo generator")
    header["TELESCOP"] = ("SIMULATED", "No telescope took these data")
    header["INSTRUME"] = ("SIM-CAMERA", "Simulated instrument")
    header["DATE"] = (WRITTEN, "Date this file was written")
    header["OBJECT"] = (title, "Field")
    header["FILTER"] = (band, "Filter used")
    header["PHOTPLAM"] = ((lower + upper) / 2, "[Angstrom] Pivot wavelength of the filter")
    header["PHOTBW"] = (round((upper - lower) / 2.3548, 2), "[Angstrom] RMS width of the filter")
    header["EXPTIME"] = (exptime, "[s] Exposure time")
    header["DATE-OBS"] = (isot(mjd_start), "Start of observation (UTC)")
    header["MJD-OBS"] = (round(mjd_start, 8), "[d] Start of observation")
    header["MJD-END"] = (round(mjd_start + exptime / 86400, 8), "[d] End of observation")
    header["DATE-END"] = (isot(mjd_start + exptime / 86400), "End of observation (UTC)")
    header["TIMESYS"] = ("UTC", "Time system")
    header["SEEING"] = (SEEING[band], "[arcsec] Full width at half maximum")
    header["MAGZERO"] = (22.5, "AB magnitude of 1 nanomaggy")
    header["BUNIT"] = ("nanomaggy", "AB mag = 22.5 - 2.5 log10(nanomaggy)")
    header["COMMENT"] = "Simulated data: drawn from a physical model, not observed."
    write_with_checksums(path, [fits.PrimaryHDU(image.astype(np.float32), header=header)])
