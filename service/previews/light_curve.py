"""A light curve as it is plotted: brightness against time, flagged points left out."""

import numpy as np

from service.ingest.fits import FitsFile, Hdu
from service.ingest.readers.timeseries import flux_column, light_curve
from service.previews.axes import Values
from service.previews.chart import Curve
from service.previews.drawable import Undrawable

_FLAGS = ("SAP_QUALITY", "QUALITY")


def curve_of(file: FitsFile) -> Curve:
    """The points of the table that ingest took; Undrawable where there are none."""
    table = light_curve(file)
    if table is None:
        raise Undrawable("it has no table with TIME and a flux")
    number = flux_column(table)
    when = table.column_number("TIME")
    time, flux = (_values(table, each) for each in (when, number))
    good = _good(table, len(time))
    unit = table.header.text(f"TUNIT{when}") or ""
    flux_unit = table.header.text(f"TUNIT{number}") or ""
    name = table.columns[number - 1]
    return Curve(
        parts=[(time, np.where(good, flux, np.nan))],
        x_name="Time",
        x_unit=unit,
        y_name=name,
        y_unit=flux_unit,
        described=f"Light curve: {name} against time, {int(np.isfinite(flux).sum()):,} points",
        dots=True,
    )


def _values(table: Hdu, number: int | None) -> Values:
    found = None if number is None else table.column(number)
    if found is None or found.dtype.kind not in "fiu" or not found.size:
        raise Undrawable("its times or fluxes are no numbers")
    return np.asarray(found[:, 0], dtype=np.float64)


def _good(table: Hdu, length: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """The points without a flag; all of them where there are no flags, or each has one."""
    for name in _FLAGS:
        number = table.column_number(name)
        flags = None if number is None else table.column(number)
        if flags is not None and flags.dtype.kind in "iu" and not flags.all():
            return np.asarray(flags[:, 0] == 0)
    return np.ones(length, dtype=bool)
