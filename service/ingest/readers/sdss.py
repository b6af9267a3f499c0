"""SDSS, BOSS and eBOSS spectra: spec files (COADD table) and the older image form (COEFF0, COEFF1).

Wavelengths are log10 of Angstrom, in vacuum: the SDSS data model of spec and spSpec files, which
their cards VACUUM and WAT1_001 repeat.
"""

from dataclasses import replace
from typing import Any

from service.ingest import times
from service.ingest.facts import DatasetFacts, Refusal
from service.ingest.fits import FitsFile, Hdu
from service.ingest.header import Header
from service.ingest.observation import observation, with_spectrum
from service.ingest.units import spectral_unit
from service.ingest.wavelength import Coverage, coverage, declared_medium, finite_bounds

TAKES = "SDSS, BOSS, eBOSS spectra: spec-lite and full (COADD table), spSpec images (COEFF0/1)"
_LOG_ANGSTROM = "log10(Angstrom)"


def _coadd(fits: FitsFile) -> Hdu | None:
    return next(
        (
            table
            for table in fits.tables
            if table.column_number("loglam") and table.column_number("flux")
        ),
        None,
    )


def recognise(fits: FitsFile) -> str | None:
    """A table of flux and loglam, or an image on the grid COEFF0 + COEFF1 i."""
    if _coadd(fits) is not None and ("PLATEID" in fits.primary or "FIBERID" in fits.primary):
        return "COADD table with loglam"
    if fits.hdus[0].is_image and "COEFF0" in fits.primary and "PLATEID" in fits.primary:
        return "COEFF0 and COEFF1"
    return None


def read(fits: FitsFile) -> DatasetFacts:
    """The object is where the fibre was plugged; RA and DEC may be the telescope's."""
    header, coadd = fits.primary, _coadd(fits)
    medium = declared_medium(header) or "vacuum"
    if coadd is not None:
        n_points = coadd.rows
        values = coadd.column(coadd.column_number("loglam") or 0)
        bounds = None if values is None else finite_bounds(values)
    else:
        if not fits.hdus[0].shape:
            raise Refusal("no table with loglam, and no image", ("COEFF0", "COEFF1"))
        n_points = fits.hdus[0].shape[0]
        start, step = header.number("COEFF0"), header.number("COEFF1")
        bounds = None
        if start is not None and step is not None:
            bounds = (start, start + (n_points - 1) * step)
    covered = (
        Coverage(medium=medium)
        if bounds is None
        else coverage(bounds, spectral_unit(_LOG_ANGSTROM), medium)
    )
    facts = _with_exposures(observation("spectrum", header), fits)
    row = _row(fits)
    place = _number(row, "PLUG_RA"), _number(row, "PLUG_DEC")
    if "PLUG_RA" not in header and None not in place:
        facts = replace(facts, s_ra=place[0], s_dec=place[1])
    snr = _number(row, "SN_MEDIAN_ALL")
    facts = replace(
        facts,
        calib_level=2,
        s_snr=facts.s_snr if snr is None else snr,
        target_class=_text(row, "CLASS") or None,
        instrument_name=facts.instrument_name or _text(row, "INSTRUMENT") or None,
        t_min=facts.t_min if facts.t_min is not None else _night(header),
    )
    return with_spectrum(
        facts,
        covered,
        n_points,
        flux_unit=header.text("BUNIT"),
        specsys=header.text("SPECSYS"),
        redshift=_number(row, "Z"),
    )


def _with_exposures(facts: DatasetFacts, fits: FitsFile) -> DatasetFacts:
    """First start and last end of the single exposures that full spec files carry."""
    exposures = [hdu.header for hdu in fits.tables if "TAI-BEG" in hdu.header]
    starts = [t for header in exposures if (t := times.start(header)) is not None]
    ends = [t for header in exposures if (t := times.end(header)) is not None]
    if not starts:
        return facts
    return replace(facts, t_min=min(starts), t_max=max(ends) if ends else None)


def _night(header: Header) -> float | None:
    """The first MJD of the nights that were added up."""
    nights = (header.text("MJDLIST", "MJD") or "").split()
    if not nights or not nights[0].isdigit():
        return None
    night = float(nights[0])
    return night if times.MJD_FIRST < night < times.MJD_LAST else None


def _row(fits: FitsFile) -> Hdu | None:
    """The one-row table of the catalogue entry: SPECOBJ, or SPALL in BOSS."""
    return fits.named("SPECOBJ") or fits.named("SPALL")


def _cell(row: Hdu | None, name: str) -> Any:
    number = row.column_number(name) if row is not None else None
    values = row.column(number) if row is not None and number else None
    return None if values is None or not values.size else values.ravel()[0]


def _number(row: Hdu | None, name: str) -> float | None:
    value = _cell(row, name)
    if value is None or isinstance(value, bytes):
        return None
    return float(value) if float(value) - float(value) == 0 else None


def _text(row: Hdu | None, name: str) -> str:
    value = _cell(row, name)
    return value.decode("latin-1").strip(" \0") if isinstance(value, bytes) else ""
