"""Times of an observation as headers write them, to MJD (UTC) and seconds.

FITS 4.0 §9 for DATE-OBS; the older forms DD/MM/YY, YYYYMMDD and a date with the time of day in a
card of its own are read as well.
"""

import re
from datetime import date

from astropy.time import Time

from service.ingest.header import Header

MJD_FIRST, MJD_LAST = 0.0, 100_000.0  # 1858 to 2132: what lies outside is no date of observation
_ISO = re.compile(r"^(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{1,2})(?::(\d{1,2}\.?\d*))?)?")
_SLASHED = re.compile(r"^(\d{1,2})/(\d{1,2})/(\d{2})$")
_COMPACT = re.compile(r"^(\d{4})(\d{2})(\d{2})$")
_COLONS = re.compile(r"^(\d{4}):(\d{2}):(\d{2})$")
_CLOCK = re.compile(r"^(\d{1,2}):(\d{1,2}):(\d{1,2}\.?\d*)")
_DAY_S = 86400.0
_MJD_ORDINAL = date(1858, 11, 17).toordinal()

_START_MJD = ("MJD-OBS", "MJD-BEG", "EXPSTART", "MJD_OBS", "UTMJD")
_END_MJD = ("MJD-END", "EXPEND", "MJD_END")
_START_DATE = ("DATE-OBS", "DATE-BEG", "DATE_OBS", "UTDATE", "UT-DATE")
_END_DATE = ("DATE-END", "DATE_END")
_START_CLOCK = ("TIME-OBS", "TIME_OBS", "UTC-OBS", "UT-TIME", "UTSTART", "UTOBS", "UT", "UTC")
_END_CLOCK = ("UT-END", "UTEND", "TIME-END")
_EXPOSURE = (
    "EXPTIME",
    "TEXPTIME",
    "EFFEXPTM",
    "XPOSURE",
    "EXP_TIME",
    "EXPOSURE",
    "TOTALEXP",
    "EXPOSED",
    "ITIME",
)


def mjd_of_date(text: str | None) -> tuple[float, bool] | None:
    """MJD of a date, and whether it holds a time of day. Minutes and seconds may be 60."""
    text = (text or "").strip()
    clock, timed = 0.0, False
    if match := _ISO.match(text):
        year, month, day = int(match[1]), int(match[2]), int(match[3])
        if match[4]:
            timed = True
            clock = int(match[4]) * 3600 + int(match[5]) * 60 + float(match[6] or 0)
    elif match := _SLASHED.match(text):
        day, month, year = int(match[1]), int(match[2]), 1900 + int(match[3])
    elif match := _COMPACT.match(text) or _COLONS.match(text):
        year, month, day = int(match[1]), int(match[2]), int(match[3])
    else:
        return None
    try:
        days = date(year, month, day).toordinal() - _MJD_ORDINAL
    except ValueError:
        return None
    return days + clock / _DAY_S, timed


def clock_seconds(header: Header, keywords: tuple[str, ...]) -> float | None:
    """Seconds after midnight from the first card that holds HH:MM:SS, or seconds (ESO's UTC)."""
    for keyword in keywords:
        value = header.get(keyword)
        if isinstance(value, str) and (match := _CLOCK.match(value.strip())):
            return int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3])
        if isinstance(value, int | float) and not isinstance(value, bool) and keyword == "UTC":
            return float(value) if 0 <= value < _DAY_S else None
    return None


def utc_from_tai(mjd: float) -> float:
    """MJD on the scale UTC of one on TAI."""
    return float(Time(mjd, format="mjd", scale="tai").utc.mjd)


def _sensible(mjd: float | None) -> float | None:
    return mjd if mjd is not None and MJD_FIRST < mjd < MJD_LAST else None


def _moment(
    header: Header, mjds: tuple[str, ...], dates: tuple[str, ...], clocks: tuple[str, ...]
) -> float | None:
    for keyword in mjds:
        if (mjd := _sensible(header.number(keyword))) is not None:
            return mjd
    for keyword in dates:
        if (date := mjd_of_date(header.text(keyword))) is not None:
            mjd, timed = date
            if not timed and (clock := clock_seconds(header, clocks)) is not None:
                mjd += clock / _DAY_S
            return _sensible(mjd)
    return None


def start(*headers: Header) -> float | None:
    """Start of the observation, MJD (UTC); a date without time of day stands for its midnight."""
    for header in headers:
        tai = header.number("TAI-BEG", "TAI")  # SDSS: seconds since MJD 0, on TAI
        if tai and (mjd := _sensible(tai / _DAY_S)) is not None:
            return utc_from_tai(mjd)
        moment = _moment(header, _START_MJD, _START_DATE, _START_CLOCK)
        if moment is not None:
            return moment
    return None


def end(*headers: Header) -> float | None:
    """End of the observation, MJD (UTC), where a card states it."""
    for header in headers:
        tai = header.number("TAI-END")
        if tai and (mjd := _sensible(tai / _DAY_S)) is not None:
            return utc_from_tai(mjd)
        moment = _moment(header, _END_MJD, _END_DATE, ())
        if moment is not None:
            return moment
        clock = clock_seconds(header, _END_CLOCK)
        began = start(header)
        if clock is not None and began is not None:
            midnight = float(int(began))
            ended = midnight + clock / _DAY_S
            return ended if ended >= began else ended + 1.0
    return None


def exposure(*headers: Header) -> float | None:
    """Exposure time in seconds; minutes where the card's comment says so (photographic plates)."""
    for header in headers:
        for keyword in _EXPOSURE:
            value = header.number(keyword)
            if value is not None and value >= 0:
                minutes = "minute" in header.comment(keyword).lower()
                return value * 60 if minutes else value
    return None
