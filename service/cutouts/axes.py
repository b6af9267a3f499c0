"""What of the axes that are not celestial is wanted: wavelengths, times, states of polarization.

Where an image has no such axis, what is known of the whole of it decides: it is all there is of the
dataset at that wavelength or time, or it has nothing of what is wanted.
"""

import itertools
import math
import re

import numpy as np
from astropy.time import Time
from astropy.wcs import WCSSUB_SPECTRAL, Wcsprm

from service.cutouts.errors import NoOverlap, NotCuttable
from service.cutouts.product import Source
from service.cutouts.wanted import Interval, Wanted
from service.ingest import times
from service.ingest.celestial import Points, wcs_cards
from service.ingest.fits import Hdu
from service.ingest.header import Header
from service.ingest.observation import STOKES
from service.ingest.wavelength import (
    is_spectral,
    linear_values,
    spectral_axis,
    vacuum_from_air,
)

_TIME_TYPES = ("TIME", "UTC", "TAI", "TT", "TDB", "TCB", "TCG", "UT1", "IAT", "ET", "TDT")
_DAYS = {
    "s": 1 / 86400,
    "min": 1 / 1440,
    "h": 1 / 24,
    "d": 1.0,
    "day": 1.0,
    "a": 365.25,
    "yr": 365.25,
}
_SCALES = {"TAI": "tai", "IAT": "tai", "TT": "tt", "TDT": "tt", "ET": "tt", "TDB": "tdb"}
_SCALES |= {"TCB": "tcb", "TCG": "tcg", "UT1": "ut1"}
_NOT_LINEAR = re.compile(r"[A-Z]{4}-([A-Z]2[A-Z]|GR[IA]|TAB)$")


def chosen(hdu: Hdu, primary: Header, source: Source, wanted: Wanted) -> dict[int, range]:
    """The pixels (from 0) of the axes (from 0) that BAND, TIME and POL are about.

    NoOverlap where the image has none of what is wanted, NotCuttable where it does not say.
    """
    pixels: dict[int, range] = {}
    if wanted.band is not None:
        axis = next((i for i, n in enumerate(hdu.shape) if is_spectral(hdu.header, i + 1)), None)
        if axis is None:
            _must_meet(wanted.band, source.band, "wavelengths", "m")
        else:
            edges = _wavelengths(hdu, axis, primary)
            pixels[axis] = _between(edges, wanted.band, "wavelengths", "m")
    if wanted.time is not None:
        axis = next((i for i in range(len(hdu.shape)) if _is_time(hdu.header, i)), None)
        if axis is None:
            _must_meet(wanted.time, source.time or _taken(hdu.header, primary), "times", "MJD")
        else:
            pixels[axis] = _between(_mjd(hdu, axis, primary), wanted.time, "times", "MJD")
    if wanted.pol:
        axis = next((i for i in range(len(hdu.shape)) if _ctype(hdu.header, i) == "STOKES"), None)
        if axis is not None:
            pixels[axis] = _states(hdu, axis, wanted.pol)
        elif not source.pol:
            raise NotCuttable("the dataset does not say its states of polarization")
        elif not set(source.pol) & set(wanted.pol):
            raise NoOverlap(f"the states of polarization are {' '.join(source.pol)}")
    return pixels


def _ctype(header: Header, axis: int) -> str:
    return (header.text(f"CTYPE{axis + 1}") or "").upper()


def _must_meet(wanted: Interval, held: Interval | None, what: str, unit: str) -> None:
    if held is None:
        raise NotCuttable(f"the dataset does not say its {what}")
    if held[0] > wanted[1] or held[1] < wanted[0]:
        raise _nothing(what, held, unit)


def _nothing(what: str, held: Interval, unit: str) -> NoOverlap:
    return NoOverlap(f"the {what} of the dataset are {held[0]:.9g} to {held[1]:.9g} {unit}")


def _between(edges: Points, wanted: Interval, what: str, unit: str) -> range:
    """The pixels that have some of an interval, by the values at their n + 1 edges.

    A pixel that is only touched at its edge has none; of an interval without width one is taken.
    """
    low, high = np.minimum(edges[:-1], edges[1:]), np.maximum(edges[:-1], edges[1:])
    some = (high > wanted[0]) & (low < wanted[1])
    if not some.any():
        some = (high >= wanted[0]) & (low <= wanted[1])
        some[np.flatnonzero(some)[1:]] = False
    found = np.flatnonzero(some)
    if not len(found):
        finite = edges[np.isfinite(edges)]
        if not len(finite):
            raise NotCuttable(f"the axis of {what} has no values")
        raise NoOverlap(
            f"the {what} of the dataset are {finite.min():.9g} to {finite.max():.9g} {unit}"
        )
    return range(int(found[0]), int(found[-1]) + 1)


def _edges(length: int) -> Points:
    return np.asarray(np.arange(length + 1) + 0.5, np.float64)


def _wavelengths(hdu: Hdu, axis: int, primary: Header) -> Points:
    """Metres in vacuum at the edges of the pixels."""
    header, edges = hdu.header, _edges(hdu.shape[axis])
    if _NOT_LINEAR.match(_ctype(header, axis)):
        return _by_wcslib(header, edges)
    along = spectral_axis(header, axis + 1, edges, primary)
    if along is None or along.unit is None:
        raise NotCuttable(
            "the spectral axis does not say its wavelengths: it lacks CRVALi, CDELTi or CUNITi, or "
            "is one of velocities without RESTFRQ or RESTWAV"
        )
    with np.errstate(all="ignore"):
        values = 10.0**along.values if along.unit.log or along.log else along.values
        metres = np.array([along.unit.to_metres(float(v)) if v else math.inf for v in values])
    if along.medium == "air" and along.unit.kind == "wl":
        return vacuum_from_air(metres)
    return metres


def _by_wcslib(header: Header, edges: Points) -> Points:
    """An axis whose algorithm (paper III, table 2) is wcslib's own."""
    try:
        axis = Wcsprm(header=wcs_cards(header.wcs_bytes()), relax=True).sub([WCSSUB_SPECTRAL])
        axis.set()
        axis.sptr("WAVE-???")
        return np.asarray(axis.p2s(edges[:, None], 1)["world"][:, 0])
    except Exception as error:  # astropy.wcs raises many kinds, for -TAB too
        raise NotCuttable("the spectral axis cannot be turned into wavelengths") from error


def _is_time(header: Header, axis: int) -> bool:
    return _ctype(header, axis) in _TIME_TYPES


def _mjd(hdu: Hdu, axis: int, primary: Header) -> Points:
    """MJD in UTC at the edges of the pixels (FITS 4.0 §9)."""
    header = hdu.header
    values = linear_values(header, axis + 1, _edges(hdu.shape[axis]))
    unit = header.text(f"CUNIT{axis + 1}", "TIMEUNIT") or primary.text("TIMEUNIT") or "s"
    if values is None or unit.lower() not in _DAYS:
        raise NotCuttable("the time axis does not say its times: CRVALi, CDELTi or CUNITi")
    start = 0.0
    for each in (header, primary):
        whole, part = each.number("MJDREF", "MJDREFI"), each.number("MJDREFF") or 0.0
        if whole is not None:
            start = whole + part
            break
        if (stated := times.mjd_of_date(each.text("DATEREF"))) is not None:
            start = stated[0]
            break
    mjd = start + values * _DAYS[unit.lower()]
    ctype = _ctype(header, axis)
    scale = ctype if ctype != "TIME" else header.text("TIMESYS") or primary.text("TIMESYS") or "UTC"
    if scale.upper() in _SCALES:
        mjd = Time(mjd, format="mjd", scale=_SCALES[scale.upper()]).utc.mjd
    return np.asarray(mjd)


def _taken(header: Header, primary: Header) -> Interval | None:
    """When the observation began and ended, as its cards say."""
    began = times.start(header, primary)
    if began is None:
        return None
    ended = times.end(header, primary)
    if ended is None or ended < began:
        ended = began + (times.exposure(header, primary) or 0.0) / 86400
    return began, ended


def _states(hdu: Hdu, axis: int, wanted: tuple[str, ...]) -> range:
    """The planes of some states: those alone where they are evenly apart, else with what lies
    between, which the axis of a FITS image cannot leave out."""
    values = linear_values(hdu.header, axis + 1, _edges(hdu.shape[axis])[:-1] + 0.5)
    if values is None:
        raise NotCuttable("the axis of polarization does not say its states: CRVALi, CDELTi")
    states = [STOKES.get(round(float(value)), "?") for value in values]
    found = [i for i, state in enumerate(states) if state in wanted]
    if not found:
        raise NoOverlap(f"the states of polarization are {' '.join(states)}")
    step = found[1] - found[0] if len(found) > 1 else 1
    even = all(b - a == step for a, b in itertools.pairwise(found))
    return range(found[0], found[-1] + 1, step if even else 1)
