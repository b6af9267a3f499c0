"""Numbers as readers want them: sizes, dates, wavelengths."""

from datetime import datetime, timedelta

_WAVELENGTH_UNITS = ((1e-9, 1e-12, "pm"), (1e-6, 1e-9, "nm"), (1e-3, 1e-6, "µm"), (1.0, 1e-3, "mm"))


def count(number: int) -> str:
    """12345 as 12,345."""
    return f"{number:,}"


def size(number: int) -> str:
    """Bytes with a decimal prefix: 52.3 MB."""
    value = float(number)
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:,.1f} PB"


def date(mjd: float) -> str:
    """The calendar date of an MJD, as 2019-01-07."""
    return (datetime(1858, 11, 17) + timedelta(days=mjd)).strftime("%Y-%m-%d")


def dates(first: float | None, last: float | None) -> str:
    """A range of MJDs as dates; "unknown" where none is."""
    if first is None or last is None:
        return "unknown"
    begin, end = date(first), date(last)
    return begin if begin == end else f"{begin} to {end}"


def wavelength(metres: float) -> str:
    """A wavelength in the unit that suits it: 656 nm."""
    for limit, unit, name in _WAVELENGTH_UNITS:
        if metres < limit:
            return f"{metres / unit:.3g} {name}"
    return f"{metres:.3g} m"


def wavelengths(shortest: float | None, longest: float | None) -> str:
    """A range of wavelengths in metres; "unknown" where none is."""
    if shortest is None or longest is None:
        return "unknown"
    begin, end = wavelength(shortest), wavelength(longest)
    number, _, unit = begin.partition(" ")
    if end.endswith(f" {unit}"):
        return begin if begin == end else f"{number} to {end}"
    return f"{begin} to {end}"
