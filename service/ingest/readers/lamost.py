"""LAMOST low and medium resolution spectra, of all data releases."""

from dataclasses import replace

from service.ingest import times
from service.ingest.facts import DatasetFacts, Refusal
from service.ingest.fits import FitsFile
from service.ingest.header import Header
from service.ingest.observation import observation, with_spectrum
from service.ingest.readers.columns import column_coverage, find_columns
from service.ingest.units import spectral_unit
from service.ingest.wavelength import (
    Coverage,
    coverage,
    declared_medium,
    wat_attributes,
)

TAKES = "LAMOST spectra (TELESCOP = LAMOST): tables with WAVELENGTH, images with COEFF0 and COEFF1"
_BEIJING_H = 8.0  # DATE-BEG and DATE-END are local time in the LAMOST data model


def recognise(fits: FitsFile) -> str | None:
    """TELESCOP and the wavelength grid."""
    if (fits.primary.text("TELESCOP") or "").upper() == "LAMOST":
        return "TELESCOP = LAMOST"
    return None


def _covered(fits: FitsFile) -> tuple[Coverage, int | None]:
    header = fits.primary
    columns = next((c for hdu in fits.tables if (c := find_columns(hdu)) is not None), None)
    medium = declared_medium(header)
    unit = wat_attributes(header, 1).get("units")
    if columns is not None:
        if columns.unit is not None:
            return column_coverage(columns, header), columns.n_points
        values = columns.wavelengths()
        if values is None or not values.size:
            return Coverage(medium=medium), None
        bounds = (float(values.min()), float(values.max()))
        unit = f"log10({unit})" if columns.log and unit else unit
        return coverage(bounds, spectral_unit(unit), medium), columns.n_points
    start, step = header.number("COEFF0"), header.number("COEFF1")
    if start is None or step is None or not fits.hdus[0].shape:
        return Coverage(medium=medium), None
    n_points = fits.hdus[0].shape[0]
    log_unit = spectral_unit(f"log10({unit})") if unit else None
    return coverage((start, start + (n_points - 1) * step), log_unit, medium), n_points


def read(fits: FitsFile) -> DatasetFacts:
    """DATE-BEG and DATE-END are Beijing time; DATE-OBS is the middle, UTC."""
    header = fits.primary
    covered, n_points = _covered(fits)
    if n_points is None:
        raise Refusal("no wavelengths: neither a table with them nor a grid", ("COEFF0", "COEFF1"))
    facts = observation("spectrum", header)
    facts = replace(
        facts,
        calib_level=2,
        target_name=header.text("OBJNAME", "DESIG", "OBJECT"),
        target_class=header.text("CLASS"),
        instrument_name=header.text("INSTRUME"),
        t_min=_beijing(header, "DATE-BEG"),
        t_max=_beijing(header, "DATE-END"),
    )
    redshift = header.number("Z")
    return with_spectrum(
        facts,
        covered,
        n_points,
        flux_unit=header.text("BUNIT"),
        redshift=None if redshift is None or redshift < -1 else redshift,
    )


def _beijing(header: Header, card: str) -> float | None:
    date = times.mjd_of_date(header.text(card))
    return date[0] - _BEIJING_H / 24 if date and date[1] else None
