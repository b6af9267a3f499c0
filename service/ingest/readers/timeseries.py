"""Light curves in the OGIP form of Kepler, K2 and TESS: a column TIME, TSTART and TSTOP."""

from dataclasses import replace

from service.ingest import times
from service.ingest.facts import DatasetFacts, Refusal
from service.ingest.fits import FitsFile, Hdu
from service.ingest.observation import observation
from service.ingest.units import observable_ucd

TAKES = "light curves of Kepler, K2, TESS (a table with TIME and a flux or a rate)"
_FLUXES = ("PDCSAP_FLUX", "SAP_FLUX", "FLUX", "RATE", "MAG")


def light_curve(fits: FitsFile) -> Hdu | None:
    """The table of the light curve."""
    for table in fits.tables:
        names = [name.upper() for name in table.columns]
        if "TIME" in names and any(flux in names for flux in _FLUXES):
            return table
    return None


def flux_column(table: Hdu) -> int:
    """n of the TTYPEn that is plotted against TIME."""
    names = [name.upper() for name in table.columns]
    return next(names.index(name) + 1 for name in _FLUXES if name in names)


def recognise(fits: FitsFile) -> str | None:
    """A table with TIME and a flux."""
    return None if light_curve(fits) is None else "columns TIME and a flux"


def read(fits: FitsFile) -> DatasetFacts:
    """Times from DATE-OBS and DATE-END (UTC); TIME itself may be barycentric."""
    table = light_curve(fits)
    if table is None:
        raise Refusal("no table with TIME and a flux", ("TTYPEn = 'TIME'",))
    header, primary = table.header, fits.primary
    facts = observation("timeseries", header, primary)
    flux = flux_column(table)
    unit = header.text(f"TUNIT{flux}")
    days = header.number("TIMEDEL")
    live = header.number("LIVETIME", "EXPOSURE")
    in_days = (header.text("TIMEUNIT") or "").lower() == "d"
    begin, end = (times.mjd_of_date(header.text(card)) for card in ("DATE-OBS", "DATE-END"))
    return replace(
        facts,
        calib_level=2 if facts.calib_level is None else facts.calib_level,
        t_min=begin[0] if begin else facts.t_min,
        t_max=end[0] if end else facts.t_max,
        t_exptime=live * 86400 if live and in_days else live,
        t_resolution=days * 86400 if days and in_days else days,
        t_xel=table.rows,
        o_ucd=observable_ucd(unit),
        o_unit=unit,
    )
