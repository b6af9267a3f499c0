"""Write a spectrum as ESO's Phase 3 has it: one row of a binary table, arrays in cells."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.time import Time

from service.demo.stars import Spectrograph, Spectrum1D, Target

WRITTEN = "2026-01-01T00:00:00"  # the date on every file, so that bytes depend on the seed alone


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


def primary_header(
    target: Target, instrument: Spectrograph, spectrum: Spectrum1D, exposure: Exposure
) -> fits.Header:
    """Cards of the primary header; wavelengths in nm as Phase 3 wants them."""
    wavelength = spectrum.wavelength / 10
    header = fits.Header()
    header["DATE"] = (WRITTEN, "Date this file was written")
    header["ORIGIN"] = ("STARHAUL", "Simulated by the Starhaul demo generator")
    header["TELESCOP"] = ("SIMULATED", "No telescope took these data")
    header["INSTRUME"] = (instrument.name, "Simulated instrument")
    header["OBJECT"] = (target.name, "Target designation")
    header["RA"] = (round(target.ra, 6), "[deg] Right ascension (J2000)")
    header["DEC"] = (round(target.dec, 6), "[deg] Declination (J2000)")
    header["EQUINOX"] = (2000.0, "Standard FK5 (years)")
    header["RADECSYS"] = ("FK5", "Coordinate reference frame")
    header["EXPTIME"] = (exposure.exptime, "[s] Total integration time")
    header["TEXPTIME"] = (exposure.exptime, "[s] Total integration time of all exposures")
    header["MJD-OBS"] = (round(exposure.mjd_start, 8), "[d] Start of observation")
    header["MJD-END"] = (round(exposure.mjd_end, 8), "[d] End of observation")
    header["DATE-OBS"] = (isot(exposure.mjd_start), "Start of observation (UTC)")
    header["TIMESYS"] = ("UTC", "Time system")
    header["M_EPOCH"] = (False, "T if resulting from multiple epochs")
    header["SINGLEXP"] = (True, "T if resulting from single exposure")
    header["NCOMBINE"] = (1, "Number of combined exposures")
    header["PROG_ID"] = ("SIM.D-0001", "Programme")
    header["OBSTECH"] = ("ECHELLE" if instrument.resolving_power > 2e4 else "SPECTRUM", "Technique")
    header["PRODCATG"] = ("SCIENCE.SPECTRUM", "Data product category")
    header["PRODLVL"] = (2, "Product level: 1-raw 2-science grade 3-advanced")
    header["FLUXCAL"] = ("ABSOLUTE", "Type of flux calibration")
    header["CONTNORM"] = (False, "T if normalised to the continuum")
    header["TOT_FLUX"] = (True, "T if all source flux is captured")
    header["FLUXERR"] = (2.0, "[%] Uncertainty in flux scale")
    header["SPECSYS"] = ("BARYCENT", "Reference frame of the wavelengths")
    header["EXT_OBJ"] = (False, "T if extended")
    header["WAVELMIN"] = (round(float(wavelength[0]), 5), "[nm] Minimum wavelength")
    header["WAVELMAX"] = (round(float(wavelength[-1]), 5), "[nm] Maximum wavelength")
    header["SPEC_BIN"] = (round(float(np.diff(wavelength).mean()), 6), "[nm] Mean bin size")
    header["SPEC_RES"] = (instrument.resolving_power, "Reference spectral resolving power")
    header["SNR"] = (round(spectrum.snr, 2), "Median signal to noise ratio per bin")
    if exposure.berv is not None:
        header["HIERARCH SIM BERV"] = (round(exposure.berv, 6), "[km/s] barycentric correction")
        header["HIERARCH SIM BERV APPLIED"] = (True, "wavelengths are corrected with it")
    header["COMMENT"] = "Simulated data: drawn from a physical model, not observed."
    for note in exposure.notes:
        header["COMMENT"] = note
    return header


def spectrum_table(target: Target, spectrum: Spectrum1D, exposure: Exposure) -> fits.BinTableHDU:
    """The extension SPECTRUM: columns WAVE (Angstrom, air), FLUX and ERR, one row."""
    count = len(spectrum.wavelength)
    unit = "10**(-16)erg.cm**(-2).s**(-1).angstrom**(-1)"
    columns = [
        fits.Column("WAVE", f"{count}D", array=spectrum.wavelength[None, :]),
        fits.Column("FLUX", f"{count}E", array=spectrum.flux[None, :]),
        fits.Column("ERR", f"{count}E", array=spectrum.error[None, :]),
    ]
    table = fits.BinTableHDU.from_columns(columns, name="SPECTRUM")
    header = table.header
    meanings = (
        ("Spectrum.Data.SpectralAxis.Value", "em.wl;obs.atmos", "angstrom"),
        ("Spectrum.Data.FluxAxis.Value", "phot.flux.density;em.wl;src.net", unit),
        (
            "Spectrum.Data.FluxAxis.Accuracy.StatError",
            "stat.error;phot.flux.density;em.wl;src.net",
            unit,
        ),
    )
    for index, (utype, ucd, column_unit) in enumerate(meanings, start=1):
        header[f"TUTYP{index}"] = utype
        header[f"TUCD{index}"] = ucd
        header[f"TUNIT{index}"] = column_unit
    wavelength = spectrum.wavelength
    header["TDMIN1"], header["TDMAX1"] = float(wavelength[0]), float(wavelength[-1])
    header["VOCLASS"] = ("SPECTRUM v1.0", "VO Data Model")
    header["VOPUB"] = ("STARHAUL/DEMO", "VO Publishing Authority")
    header["INHERIT"] = (True, "Primary HDU inherited")
    header["TITLE"] = f"Simulated spectrum of {target.name}"
    header["OBJECT"] = target.name
    header["RA"] = (round(target.ra, 6), "[deg] Right ascension")
    header["DEC"] = (round(target.dec, 6), "[deg] Declination")
    header["APERTURE"] = (0.00027778, "[deg] Aperture diameter")
    header["TELAPSE"] = (exposure.exptime, "[s] Total elapsed time")
    header["TMID"] = (round((exposure.mjd_start + exposure.mjd_end) / 2, 8), "[d] MJD mid exposure")
    header["NELEM"] = (count, "Length of the data arrays")
    header["SPEC_VAL"] = (float(wavelength[0] + wavelength[-1]) / 20, "[nm] Mean wavelength")
    header["SPEC_BW"] = (float(wavelength[-1] - wavelength[0]) / 10, "[nm] Bandpass width")
    return table


def write_spectrum(
    path: Path,
    target: Target,
    instrument: Spectrograph,
    spectrum: Spectrum1D,
    exposure: Exposure,
) -> None:
    """Write one Phase 3 file with checksums; an existing file is replaced."""
    primary = fits.PrimaryHDU(header=primary_header(target, instrument, spectrum, exposure))
    write_with_checksums(path, [primary, spectrum_table(target, spectrum, exposure)])


def write_with_checksums(path: Path, hdus: list[fits.hdu.base.ExtensionHDU]) -> None:
    """CHECKSUM and DATASUM on every HDU, with a fixed date in their comments."""
    hdu_list = fits.HDUList(hdus)
    hdu_list.update_extend()  # writing would do it too, but after the checksums
    for hdu in hdu_list:
        hdu.add_checksum(when=f"HDU checksum updated {WRITTEN}")
    hdu_list.writeto(path, overwrite=True)
