"""Dates and times in the subset of ISO 8601 that SSAP takes (SSAP 1.1 §4.1.1.4)."""

import re
from calendar import monthrange
from datetime import date

from service.errors import UsageError
from service.ssap.ranges import Range, Read

_MOMENT = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d(?:\.\d+)?))?Z?)?)?)?", re.ASCII
)
_MJD_0 = 678_576  # the day before 1858-11-17 as date.toordinal() counts
_MINUTES, _SECONDS = 1_440, 86_400
# Of a period, the last moment still belongs to it: this much before the next begins, in days.
_BEFORE = 1e-8


def moments(name: str) -> Read:
    """Reads the moments of a parameter as MJD of UTC; one that is not written to the second is all
    of its year, month, day or minute."""

    def read(text: str) -> Range:
        found = _MOMENT.fullmatch(text)
        if found is None:
            raise _wrong(name, text)
        year, month, day, hour, minute = (
            int(part) if part else None for part in found.groups()[:5]
        )
        assert year is not None
        try:
            begin = date(year, month or 1, day or 1)
            last_month = month or 12
            end = date(year, last_month, day or monthrange(year, last_month)[1])
        except ValueError:
            raise _wrong(name, text) from None
        if hour is None or minute is None:
            return Range(_mjd(begin), _mjd(end) + 1 - _BEFORE)
        second = float(found[6] or 0)
        if hour > 23 or minute > 59 or second >= 61:
            raise _wrong(name, text)
        moment = _mjd(begin) + (hour * 60 + minute) / _MINUTES + second / _SECONDS
        return Range(moment, moment if found[6] else moment + 1 / _MINUTES - _BEFORE)

    return read


def _mjd(day: date) -> int:
    return day.toordinal() - _MJD_0


def _wrong(name: str, text: str) -> UsageError:
    return UsageError(
        f"{name}: {text[:60]!r} is no date; write yyyy, yyyy-mm, yyyy-mm-dd or yyyy-mm-ddThh:mm:ss "
        "in UTC"
    )
