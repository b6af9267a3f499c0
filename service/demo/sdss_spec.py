"""Write a spectrum as SDSS's spec-lite: PRIMARY, COADD, SPECOBJ and SPZLINE."""

from pathlib import Path

import numpy as np
from astropy.io import fits

from service.demo.eso_phase3 import WRITTEN, write_with_checksums
from service.demo.quasars import BROAD_LINES, NARROW_LINES, Quasar, SurveySpectrum

EXPOSURES = 4
EXPTIME = 3600.0  # seconds, all exposures of a plate


def file_name(quasar: Quasar) -> str:
    """spec-PLATE-MJD-FIBER.fits."""
    return f"spec-{quasar.plate:04d}-{quasar.mjd:05d}-{quasar.fibre:04d}.fits"


def tai_seconds(quasar: Quasar) -> float:
    """Start of the first exposure: seconds since MJD 0, TAI. The night's MJD plus 0.28 day."""
    return round((quasar.mjd + 0.28) * 86400 + 37, 2)


def primary(quasar: Quasar) -> fits.PrimaryHDU:
    """Plate and exposures. RA and DEC are the pointing of the telescope, PLUG_RA the object."""
    header = fits.Header()
    start = tai_seconds(quasar)
    header["DATE"] = (WRITTEN, "Date this file was written")
    header["ORIGIN"] = ("STARHAUL", "Simulated by the Starhaul demo generator")
    header["TELESCOP"] = ("SIMULATED", "No telescope took these data")
    header["INSTRUME"] = ("SIM-FIBRES", "Simulated instrument")
    header["TAI"] = (start, "Seconds since Nov 17 1858 (TAI), 1st exposure")
    header["TAI-BEG"] = (start, "MJD(TAI) seconds at start of integration")
    header["TAI-END"] = (start + EXPTIME + 240, "MJD(TAI) seconds at end of integration")
    header["TIMESYS"] = ("tai", "TAI, not UTC")
    header["RA"] = (round(quasar.ra - 0.31, 5), "Right ascension of telescope boresight (deg)")
    header["DEC"] = (round(quasar.dec + 0.22, 5), "Declination of telescope boresight (deg)")
    header["EQUINOX"] = 2000.0
    header["RADECSYS"] = "FK5"
    header["PLUG_RA"] = (quasar.ra, "RA of object (deg)")
    header["PLUG_DEC"] = (quasar.dec, "DEC of object (deg)")
    header["PLATEID"] = (quasar.plate, "Plate Id")
    header["MJD"] = (quasar.mjd, "MJD of observation")
    header["MJDLIST"] = str(quasar.mjd)
    header["FIBERID"] = (quasar.fibre, "Fibre number")
    header["NEXP_B1"] = (EXPOSURES, "b1 camera number of exposures")
    header["NEXP_R1"] = (EXPOSURES, "r1 camera number of exposures")
    header["EXPTIME"] = (EXPTIME, "Minimum of exposure times for all cameras")
    header["FLAVOR"] = ("science", "Flavor of this sequence")
    header["QUALITY"] = ("excellent", "night/image quality")
    header["RUN2D"] = ("sim", "Version of the simulation")
    header["HELIO_RV"] = (0.0, "Heliocentric correction (added to velocities)")
    header["VACUUM"] = (True, "Wavelengths are in vacuum")
    header["COEFF0"] = (3.58, "Central wavelength (log10) of first pixel")
    header["COEFF1"] = (1e-4, "Log10 dispersion per pixel")
    header["BUNIT"] = ("1E-17 erg/cm^2/s/Ang", "")
    header["COMMENT"] = "Simulated data: drawn from a physical model, not observed."
    return fits.PrimaryHDU(header=header)


def coadd(spectrum: SurveySpectrum) -> fits.BinTableHDU:
    """One row a pixel: flux, loglam, ivar, masks, wdisp, sky, model."""
    names = ("flux", "loglam", "ivar", "and_mask", "or_mask", "wdisp", "sky", "model")
    kinds = [(name, ">i4" if name.endswith("mask") else ">f4") for name in names]
    rows = np.zeros(len(spectrum.loglam), kinds)
    for name in ("flux", "loglam", "ivar", "wdisp", "sky", "model"):
        rows[name] = getattr(spectrum, name)
    return fits.BinTableHDU(rows, name="COADD")


def specobj(quasar: Quasar, spectrum: SurveySpectrum) -> fits.BinTableHDU:
    """One row that says what the object is and how well it was seen."""
    wavelength = 10**spectrum.loglam
    snr = float(np.median(spectrum.flux * np.sqrt(spectrum.ivar)))
    fields: list[tuple[str, str, object]] = [
        ("SURVEY", "6A", "sim"),
        ("INSTRUMENT", "4A", "SIM"),
        ("PROGRAMNAME", "16A", "simulated"),
        ("PLATEQUALITY", "8A", "good"),
        ("RUN2D", "6A", "sim"),
        ("PLATE", "J", quasar.plate),
        ("MJD", "J", quasar.mjd),
        ("FIBERID", "J", quasar.fibre),
        ("OBJTYPE", "16A", "QSO"),
        ("PLUG_RA", "D", quasar.ra),
        ("PLUG_DEC", "D", quasar.dec),
        ("CLASS", "6A", "QSO"),
        ("SUBCLASS", "21A", "BROADLINE"),
        ("Z", "E", quasar.redshift),
        ("Z_ERR", "E", 0.0003 * (1 + quasar.redshift)),
        ("ZWARNING", "J", 0),
        ("WAVEMIN", "E", wavelength[0]),
        ("WAVEMAX", "E", wavelength[-1]),
        ("SN_MEDIAN_ALL", "E", snr),
    ]
    columns = [fits.Column(name, form, array=[value]) for name, form, value in fields]
    return fits.BinTableHDU.from_columns(columns, name="SPECOBJ")


def spzline(quasar: Quasar) -> fits.BinTableHDU:
    """One row an emission line; lines off the spectrum have LINEZ_ERR -1 as in the survey."""
    broad = {name: (wave, width) for wave, width, _, name in BROAD_LINES}
    merged = broad | {name: (wave, width) for wave, width, name in NARROW_LINES}
    rows = sorted((wave, name, width) for name, (wave, width) in merged.items())
    observed = np.array([wave for wave, _, _ in rows]) * (1 + quasar.redshift)
    seen = (observed > 3810) & (observed < 9190)
    count = len(rows)
    width = np.array([width for _, _, width in rows]) * quasar.line_strength
    columns = [
        fits.Column("PLATE", "J", array=np.full(count, quasar.plate)),
        fits.Column("MJD", "J", array=np.full(count, quasar.mjd)),
        fits.Column("FIBERID", "J", array=np.full(count, quasar.fibre)),
        fits.Column("LINENAME", "13A", array=[name for _, name, _ in rows]),
        fits.Column("LINEWAVE", "D", array=[wave for wave, _, _ in rows]),
        fits.Column("LINEZ", "E", array=np.where(seen, quasar.redshift, 0)),
        fits.Column("LINEZ_ERR", "E", array=np.where(seen, 3e-4, -1)),
        fits.Column("LINEEW", "E", array=np.where(seen, width * (1 + quasar.redshift), 0)),
        fits.Column("LINEEW_ERR", "E", array=np.where(seen, 0.08 * width, -1)),
    ]
    return fits.BinTableHDU.from_columns(columns, name="SPZLINE")


def write_spectrum(directory: Path, quasar: Quasar, spectrum: SurveySpectrum) -> None:
    """Write one spec-lite file with checksums; an existing file is replaced."""
    hdus = [primary(quasar), coadd(spectrum), specobj(quasar, spectrum), spzline(quasar)]
    write_with_checksums(directory / file_name(quasar), hdus)
