"""Range and conditional requests by RFC 9110 (§13, §14): arithmetic on numbers, no bytes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

_SPEC = re.compile(r"\s*(\d*)\s*-\s*(\d*)\s*")
_RANGE = re.compile(r"bytes\s*=(.*)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes from `first` to before `stop`."""

    first: int
    stop: int

    @property
    def length(self) -> int:
        """How many."""
        return self.stop - self.first


@dataclass(frozen=True, slots=True)
class Version:
    """What identifies the bytes behind a URL: a strong ETag with its quotes, and their date."""

    etag: str
    modified: datetime


class Unsatisfiable(Exception):
    """No byte of the range exists: 416."""


def http_date(moment: datetime) -> str:
    """A date as HTTP has it."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def not_modified(headers: Mapping[str, str], version: Version) -> bool:
    """Whether If-None-Match, or in its absence If-Modified-Since, makes the answer 304."""
    match = headers.get("if-none-match")
    if match is not None:
        tags = {tag.strip().removeprefix("W/") for tag in match.split(",")}
        return "*" in tags or version.etag in tags
    return _not_after(headers.get("if-modified-since"), version.modified)


def _not_after(date: str | None, modified: datetime) -> bool:
    if date is None:
        return False
    try:
        given = parsedate_to_datetime(date)
    except ValueError:
        return False
    if given.tzinfo is None:
        given = given.replace(tzinfo=UTC)
    return modified.replace(microsecond=0) <= given


def failed_precondition(headers: Mapping[str, str], version: Version) -> bool:
    """Whether If-Match makes the answer 412."""
    match = headers.get("if-match")
    if match is None:
        return False
    tags = {tag.strip() for tag in match.split(",")}
    return "*" not in tags and version.etag not in tags


def _range_counts(headers: Mapping[str, str], version: Version) -> bool:
    """Whether If-Range lets the range count: only for exactly these bytes (RFC 9110 §13.1.5)."""
    condition = headers.get("if-range")
    if condition is None:
        return True
    condition = condition.strip()
    if condition.startswith('"'):
        return condition == version.etag
    return condition == http_date(version.modified)


def wanted_span(headers: Mapping[str, str], version: Version, size: int) -> Span | None:
    """The one range that is asked for; None: everything.

    Unsatisfiable where it begins behind the end. A range that cannot be read, and several ranges
    at once, are answered with everything, as RFC 9110 §14.2 allows.
    """
    given = _RANGE.fullmatch(headers.get("range", ""))
    if given is None or not _range_counts(headers, version):
        return None
    spec = _SPEC.fullmatch(given[1])
    if spec is None or spec[1] == spec[2] == "":
        return None
    if spec[1] == "":
        length = min(int(spec[2]), size)
        if length == 0:
            raise Unsatisfiable
        return Span(size - length, size)
    first = int(spec[1])
    last = int(spec[2]) if spec[2] else size - 1
    if spec[2] and last < first:
        return None
    if first >= size:
        raise Unsatisfiable
    return Span(first, min(last + 1, size))
