"""ESO Phase 3 spectra: the Science Data Products Standard, one-row binary tables with utypes."""

from dataclasses import replace

from service.ingest.facts import DatasetFacts, Refusal
from service.ingest.fits import FitsFile
from service.ingest.observation import observation, with_aperture, with_spectrum
from service.ingest.readers.columns import column_coverage, find_columns
from service.ingest.readers.eso_drs import drs_medium

TAKES = "ESO Phase 3 spectra (PRODCATG = SCIENCE.SPECTRUM, or VOCLASS = SPECTRUM in a table)"


def recognise(fits: FitsFile) -> str | None:
    """PRODCATG of a spectrum, or a table that declares the class SPECTRUM."""
    category = (fits.primary.text("PRODCATG") or "").upper()
    if not fits.tables:
        return None
    if category.startswith("SCIENCE.SPECTRUM"):
        return f"PRODCATG = {category}"
    if any((t.header.text("VOCLASS") or "").upper().startswith("SPECTRUM") for t in fits.tables):
        return "VOCLASS = SPECTRUM"
    return None


def read(fits: FitsFile) -> DatasetFacts:
    """Facts from the standard's cards; the default flux of several is told by utype and UCD."""
    columns = next((c for hdu in fits.tables if (c := find_columns(hdu)) is not None), None)
    if columns is None:
        raise Refusal(
            "a Phase 3 spectrum whose table has no spectral axis",
            ("TUTYPn = 'spec:Data.SpectralAxis.Value'", "TTYPEn = 'WAVE'"),
        )
    header, primary = columns.hdu.header, fits.primary
    facts = observation("spectrum", primary, header)
    covered = column_coverage(columns, primary, medium=drs_medium(primary))
    ucd = columns.text("TUCD", columns.flux)
    facts = with_spectrum(
        facts,
        covered,
        columns.n_points,
        flux_unit=columns.text("TUNIT", columns.flux),
        flux_ucd=ucd.replace(";meta.main", "") if ucd else None,
        specsys=primary.text("SPECSYS") or header.text("SPECSYS"),
    )
    facts = replace(
        facts,
        calib_level=2 if facts.calib_level is None else facts.calib_level,
        obs_title=header.text("TITLE") or facts.obs_title,
        obs_creator_name=primary.text("PI-COI") if primary.text("PI-COI") != "UNKNOWN" else None,
        t_resolution=facts.t_exptime if primary.flag("SINGLEXP") else None,
    )
    return with_aperture(facts, header.number("APERTURE"))
