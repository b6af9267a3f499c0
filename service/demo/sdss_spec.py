"""Write a spectrum as SDSS's spec-lite: PRIMARY, COADD, SPECOBJ and SPZLINE."""

from pathlib import Path

import numpy as np

from service.demo import fits_file
from service.demo.fits_file import WRITTEN, Card, Hdu
from service.demo.quasars import BROAD_LINES, NARROW_LINES, Quasar, SurveySpectrum

EXPOSURES = 4
EXPTIME = 3600.0  # seconds, all exposures of a plate


def file_name(quasar: Quasar) -> str:
    """spec-PLATE-MJD-FIBER.fits."""
    return f"spec-{quasar.plate:04d}-{quasar.mjd:05d}-{quasar.fibre:04d}.fits"


def tai_seconds(quasar: Quasar) -> float:
    """Start of the first exposure: seconds since MJD 0, TAI. The night's MJD plus 0.28 day."""
    return round((quasar.mjd + 0.28) * 86400 + 37, 2)


def primary(quasar: Quasar) -> Hdu:
    """Plate and exposures. RA and DEC are the pointing of the telescope, PLUG_RA the object."""
    start = tai_seconds(quasar)
    cards: list[Card] = [
        ("DATE", WRITTEN, "Date this file was written"),
        ("ORIGIN", "STARHAUL", "Simulated by the Starhaul demo generator"),
        ("TELESCOP", "SIMULATED", "No telescope took these data"),
        ("INSTRUME", "SIM-FIBRES", "Simulated instrument"),
        ("TAI", start, "Seconds since Nov 17 1858 (TAI), 1st exposure"),
        ("TAI-BEG", start, "MJD(TAI) seconds at start of integration"),
        ("TAI-END", start + EXPTIME + 240, "MJD(TAI) seconds at end of integration"),
        ("TIMESYS", "tai", "TAI, not UTC"),
        ("RA", round(quasar.ra - 0.31, 5), "Right ascension of telescope boresight (deg)"),
        ("DEC", round(quasar.dec + 0.22, 5), "Declination of telescope boresight (deg)"),
        ("EQUINOX", 2000.0),
        ("RADECSYS", "FK5"),
        ("PLUG_RA", quasar.ra, "RA of object (deg)"),
        ("PLUG_DEC", quasar.dec, "DEC of object (deg)"),
        ("PLATEID", quasar.plate, "Plate Id"),
        ("MJD", quasar.mjd, "MJD of observation"),
        ("MJDLIST", str(quasar.mjd)),
        ("FIBERID", quasar.fibre, "Fibre number"),
        ("NEXP_B1", EXPOSURES, "b1 camera number of exposures"),
        ("NEXP_R1", EXPOSURES, "r1 camera number of exposures"),
        ("EXPTIME", EXPTIME, "Minimum of exposure times for all cameras"),
        ("FLAVOR", "science", "Flavor of this sequence"),
        ("QUALITY", "excellent", "night/image quality"),
        ("RUN2D", "sim", "Version of the simulation"),
        ("HELIO_RV", 0.0, "Heliocentric correction (added to velocities)"),
        ("VACUUM", True, "Wavelengths are in vacuum"),
        ("COEFF0", 3.58, "Central wavelength (log10) of first pixel"),
        ("COEFF1", 1e-4, "Log10 dispersion per pixel"),
        ("BUNIT", "1E-17 erg/cm^2/s/Ang"),
        ("COMMENT", "Simulated data: drawn from a physical model, not observed."),
    ]
    return fits_file.primary(cards)


def coadd(spectrum: SurveySpectrum) -> Hdu:
    """One row a pixel: flux, loglam, ivar, masks, wdisp, sky, model."""
    names = ("flux", "loglam", "ivar", "and_mask", "or_mask", "wdisp", "sky", "model")
    kinds = [(name, ">i4" if name.endswith("mask") else ">f4") for name in names]
    rows = np.zeros(len(spectrum.loglam), kinds)
    for name in ("flux", "loglam", "ivar", "wdisp", "sky", "model"):
        rows[name] = getattr(spectrum, name)
    return fits_file.table("COADD", rows)


def specobj(quasar: Quasar, spectrum: SurveySpectrum) -> Hdu:
    """One row that says what the object is and how well it was seen."""
    wavelength = 10**spectrum.loglam
    snr = float(np.median(spectrum.flux * np.sqrt(spectrum.ivar)))
    fields: list[tuple[str, str, object]] = [
        ("SURVEY", "S6", "sim"),
        ("INSTRUMENT", "S4", "SIM"),
        ("PROGRAMNAME", "S16", "simulated"),
        ("PLATEQUALITY", "S8", "good"),
        ("RUN2D", "S6", "sim"),
        ("PLATE", ">i4", quasar.plate),
        ("MJD", ">i4", quasar.mjd),
        ("FIBERID", ">i4", quasar.fibre),
        ("OBJTYPE", "S16", "QSO"),
        ("PLUG_RA", ">f8", quasar.ra),
        ("PLUG_DEC", ">f8", quasar.dec),
        ("CLASS", "S6", "QSO"),
        ("SUBCLASS", "S21", "BROADLINE"),
        ("Z", ">f4", quasar.redshift),
        ("Z_ERR", ">f4", 0.0003 * (1 + quasar.redshift)),
        ("ZWARNING", ">i4", 0),
        ("WAVEMIN", ">f4", wavelength[0]),
        ("WAVEMAX", ">f4", wavelength[-1]),
        ("SN_MEDIAN_ALL", ">f4", snr),
    ]
    row = np.array(
        [tuple(value for _, _, value in fields)], [(name, kind) for name, kind, _ in fields]
    )
    return fits_file.table("SPECOBJ", row)


def spzline(quasar: Quasar) -> Hdu:
    """One row an emission line; lines off the spectrum have LINEZ_ERR -1 as in the survey."""
    broad = {name: (wave, width) for wave, width, _, name in BROAD_LINES}
    merged = broad | {name: (wave, width) for wave, width, name in NARROW_LINES}
    rows = sorted((wave, name, width) for name, (wave, width) in merged.items())
    observed = np.array([wave for wave, _, _ in rows]) * (1 + quasar.redshift)
    seen = (observed > 3810) & (observed < 9190)
    width = np.array([width for _, _, width in rows]) * quasar.line_strength
    columns: list[tuple[str, str, object]] = [
        ("PLATE", ">i4", quasar.plate),
        ("MJD", ">i4", quasar.mjd),
        ("FIBERID", ">i4", quasar.fibre),
        ("LINENAME", "S13", [name for _, name, _ in rows]),
        ("LINEWAVE", ">f8", [wave for wave, _, _ in rows]),
        ("LINEZ", ">f4", np.where(seen, quasar.redshift, 0)),
        ("LINEZ_ERR", ">f4", np.where(seen, 3e-4, -1)),
        ("LINEEW", ">f4", np.where(seen, width * (1 + quasar.redshift), 0)),
        ("LINEEW_ERR", ">f4", np.where(seen, 0.08 * width, -1)),
    ]
    lines = np.empty(len(rows), [(name, kind) for name, kind, _ in columns])
    for name, _, values in columns:
        lines[name] = values
    return fits_file.table("SPZLINE", lines)


def write_spectrum(directory: Path, quasar: Quasar, spectrum: SurveySpectrum) -> None:
    """Write one spec-lite file with checksums; an existing file is replaced."""
    hdus = [primary(quasar), coadd(spectrum), specobj(quasar, spectrum), spzline(quasar)]
    fits_file.write(directory / file_name(quasar), hdus)
