"""Spectra in tables of any origin: a column of wavelengths, by UCD, utype or name, with a flux."""

from dataclasses import replace

from service.ingest.facts import DatasetFacts, Refusal
from service.ingest.fits import FitsFile
from service.ingest.observation import observation, with_aperture, with_spectrum
from service.ingest.readers.columns import SpectralColumns, column_coverage, find_columns

TAKES = "spectra in tables: a column WAVE, WAVELENGTH, LAMBDA, LOGLAM, FREQ, ... and a flux"


def _columns(fits: FitsFile) -> SpectralColumns | None:
    for table in fits.tables:
        columns = find_columns(table)
        if columns is not None and columns.flux is not None and table.rows:
            return columns
    return None


def recognise(fits: FitsFile) -> str | None:
    """A spectral and a flux column in one table."""
    columns = _columns(fits)
    return f"column {columns.hdu.columns[columns.wave - 1]}" if columns else None


def read(fits: FitsFile) -> DatasetFacts:
    """Without TUNITn on the wavelengths, em_min and em_max stay unknown."""
    columns = _columns(fits)
    if columns is None:
        raise Refusal("no table with wavelengths and a flux", ("TTYPEn = 'WAVE'", "TUNITn"))
    header = columns.hdu.header
    facts = observation("spectrum", header, fits.primary)
    facts = with_spectrum(
        facts,
        column_coverage(columns, fits.primary),
        columns.n_points,
        flux_unit=columns.text("TUNIT", columns.flux),
        flux_ucd=columns.text("TUCD", columns.flux),
        specsys=header.text("SPECSYS") or fits.primary.text("SPECSYS"),
    )
    power = fits.primary.number("SPECRES")
    facts = replace(facts, em_res_power=facts.em_res_power or power)
    return with_aperture(facts, None)
