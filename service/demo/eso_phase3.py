"""Write a spectrum as ESO's Phase 3 has it: one row of a binary table, arrays in cells."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.time import Time

from service.demo import fits_file
from service.demo.fits_file import WRITTEN, Card, Hdu
from service.demo.stars import Spectrograph, Spectrum1D, Target


@dataclass(frozen=True)
class Exposure:
    """When and how: MJD (UTC) of the start, seconds, barycentric correction in km/s or None."""

    mjd_start: float
    exptime: float
    berv: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def mjd_end(self) -> float:
        """MJD of the end of the exposure."""
        return self.mjd_start + self.exptime / 86400


def isot(mjd: float) -> str:
    """An MJD as FITS writes dates, to the millisecond."""
    return str(Time(round(mjd, 8), format="mjd", scale="utc").isot)


def primary_cards(
    target: Target, instrument: Spectrograph, spectrum: Spectrum1D, exposure: Exposure
) -> list[Card]:
    """Cards of the primary header; wavelengths in nm as Phase 3 wants them."""
    wavelength = spectrum.wavelength / 10
    cards: list[Card] = [
        ("DATE", WRITTEN, "Date this file was written"),
        ("ORIGIN", "STARHAUL", "Simulated by the Starhaul demo generator"),
        ("TELESCOP", "SIMULATED", "No telescope took these data"),
        ("INSTRUME", instrument.name, "Simulated instrument"),
        ("OBJECT", target.name, "Target designation"),
        ("RA", round(target.ra, 6), "[deg] Right ascension (J2000)"),
        ("DEC", round(target.dec, 6), "[deg] Declination (J2000)"),
        ("EQUINOX", 2000.0, "Standard FK5 (years)"),
        ("RADECSYS", "FK5", "Coordinate reference frame"),
        ("EXPTIME", exposure.exptime, "[s] Total integration time"),
        ("TEXPTIME", exposure.exptime, "[s] Total integration time of all exposures"),
        ("MJD-OBS", round(exposure.mjd_start, 8), "[d] Start of observation"),
        ("MJD-END", round(exposure.mjd_end, 8), "[d] End of observation"),
        ("DATE-OBS", isot(exposure.mjd_start), "Start of observation (UTC)"),
        ("TIMESYS", "UTC", "Time system"),
        ("M_EPOCH", False, "T if resulting from multiple epochs"),
        ("SINGLEXP", True, "T if resulting from single exposure"),
        ("NCOMBINE", 1, "Number of combined exposures"),
        ("PROG_ID", "SIM.D-0001", "Programme"),
        ("OBSTECH", "ECHELLE" if instrument.resolving_power > 2e4 else "SPECTRUM", "Technique"),
        ("PRODCATG", "SCIENCE.SPECTRUM", "Data product category"),
        ("PRODLVL", 2, "Product level: 1-raw 2-science grade 3-advanced"),
        ("FLUXCAL", "ABSOLUTE", "Type of flux calibration"),
        ("CONTNORM", False, "T if normalised to the continuum"),
        ("TOT_FLUX", True, "T if all source flux is captured"),
        ("FLUXERR", 2.0, "[%] Uncertainty in flux scale"),
        ("SPECSYS", "BARYCENT", "Reference frame of the wavelengths"),
        ("EXT_OBJ", False, "T if extended"),
        ("WAVELMIN", round(float(wavelength[0]), 5), "[nm] Minimum wavelength"),
        ("WAVELMAX", round(float(wavelength[-1]), 5), "[nm] Maximum wavelength"),
        ("SPEC_BIN", round(float(np.diff(wavelength).mean()), 6), "[nm] Mean bin size"),
        ("SPEC_RES", instrument.resolving_power, "Reference spectral resolving power"),
        ("SNR", round(spectrum.snr, 2), "Median signal to noise ratio per bin"),
    ]
    if exposure.berv is not None:
        cards += [
            ("SIM BERV", round(exposure.berv, 6), "[km/s] barycentric correction"),
            ("SIM BERV APPLIED", True, "wavelengths corrected with it"),
        ]
    cards.append(("COMMENT", "Simulated data: drawn from a physical model, not observed."))
    return cards + [("COMMENT", note) for note in exposure.notes]


def spectrum_table(target: Target, spectrum: Spectrum1D, exposure: Exposure) -> Hdu:
    """The extension SPECTRUM: columns WAVE (Angstrom, air), FLUX and ERR, one row."""
    wavelength = spectrum.wavelength
    count = len(wavelength)
    row = np.empty(1, [("WAVE", ">f8", count), ("FLUX", ">f4", count), ("ERR", ">f4", count)])
    row["WAVE"], row["FLUX"], row["ERR"] = wavelength, spectrum.flux, spectrum.error
    unit = "10**(-16)erg.cm**(-2).s**(-1).angstrom**(-1)"
    columns = {
        "WAVE": {
            "TUTYP": "Spectrum.Data.SpectralAxis.Value",
            "TUCD": "em.wl;obs.atmos",
            "TUNIT": "angstrom",
        },
        "FLUX": {
            "TUTYP": "Spectrum.Data.FluxAxis.Value",
            "TUCD": "phot.flux.density;em.wl;src.net",
            "TUNIT": unit,
        },
        "ERR": {
            "TUTYP": "Spectrum.Data.FluxAxis.Accuracy.StatError",
            "TUCD": "stat.error;phot.flux.density;em.wl;src.net",
            "TUNIT": unit,
        },
    }
    cards: list[Card] = [
        ("TDMIN1", wavelength[0]),
        ("TDMAX1", wavelength[-1]),
        ("VOCLASS", "SPECTRUM v1.0", "VO Data Model"),
        ("VOPUB", "STARHAUL/DEMO", "VO Publishing Authority"),
        ("INHERIT", True, "Primary HDU inherited"),
        ("TITLE", f"Simulated spectrum of {target.name}"),
        ("OBJECT", target.name),
        ("RA", round(target.ra, 6), "[deg] Right ascension"),
        ("DEC", round(target.dec, 6), "[deg] Declination"),
        ("APERTURE", 0.00027778, "[deg] Aperture diameter"),
        ("TELAPSE", exposure.exptime, "[s] Total elapsed time"),
        ("TMID", round((exposure.mjd_start + exposure.mjd_end) / 2, 8), "[d] MJD mid exposure"),
        ("NELEM", count, "Length of the data arrays"),
        ("SPEC_VAL", (wavelength[0] + wavelength[-1]) / 20, "[nm] Mean wavelength"),
        ("SPEC_BW", (wavelength[-1] - wavelength[0]) / 10, "[nm] Bandpass width"),
    ]
    return fits_file.table("SPECTRUM", row, cards, columns)


def write_spectrum(
    path: Path,
    target: Target,
    instrument: Spectrograph,
    spectrum: Spectrum1D,
    exposure: Exposure,
) -> None:
    """Write one Phase 3 file with checksums; an existing file is replaced."""
    primary = fits_file.primary(primary_cards(target, instrument, spectrum, exposure))
    fits_file.write(path, [primary, spectrum_table(target, spectrum, exposure)])
