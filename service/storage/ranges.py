"""Range and conditional requests by RFC 9110 (§13, §14): arithmetic on numbers, no bytes.

Of several ranges those that overlap or touch become one (§15.3.7.2). More than MOST_RANGES after
that are refused (§15.5.17).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from service.errors import StarhaulError

MOST_RANGES = 100

_SPEC = re.compile(r"\s*(\d{0,99})\s*-\s*(\d{0,99})\s*", re.ASCII)
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


class Unsatisfiable(StarhaulError):
    """No byte of the ranges exists, or they are too many."""

    status = 416
    title = "Range not satisfiable"


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
    """Whether it was modified at the date or before; False for what is no date."""
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
    """Whether If-Match, or in its absence If-Unmodified-Since, makes the answer 412."""
    match = headers.get("if-match")
    if match is not None:
        tags = {tag.strip() for tag in match.split(",")}
        return "*" not in tags and version.etag not in tags
    date = headers.get("if-unmodified-since")
    return date is not None and _is_date(date) and not _not_after(date, version.modified)


def _is_date(text: str) -> bool:
    try:
        parsedate_to_datetime(text)
    except ValueError:
        return False
    return True


def _range_counts(headers: Mapping[str, str], version: Version) -> bool:
    """Whether If-Range lets the range count: only for exactly these bytes (RFC 9110 §13.1.5)."""
    condition = headers.get("if-range")
    if condition is None:
        return True
    condition = condition.strip()
    if condition.startswith('"'):
        return condition == version.etag
    return condition == http_date(version.modified)


def wanted_spans(headers: Mapping[str, str], version: Version, size: int) -> list[Span] | None:
    """The ranges that are asked for, apart from each other; None: everything.

    They keep the order of the request, a merged one the place of its first. Unsatisfiable where
    none of them has a byte, or they are too many. A header that cannot be read is ignored (§14.2).
    """
    given = _RANGE.fullmatch(headers.get("range", ""))
    if given is None or not _range_counts(headers, version):
        return None
    specs = [spec for spec in given[1].split(",") if spec.strip()]
    bounds = [_bounds(spec, size) for spec in specs]
    asked = [span for span in bounds if span is not None]
    if len(asked) < len(bounds) or not bounds:
        return None
    spans = _merged([span for span in asked if span.length > 0])
    if not spans:
        raise Unsatisfiable(f"none of the ranges has a byte of the {size} there are")
    if len(spans) > MOST_RANGES:
        raise Unsatisfiable(
            f"{len(spans)} ranges in one request are too many; send {MOST_RANGES} at a time "
            "(ranges that overlap or touch count as one)"
        )
    return spans


def _bounds(spec: str, size: int) -> Span | None:
    """One range, an empty one where it has no byte; None where it cannot be read."""
    found = _SPEC.fullmatch(spec)
    if found is None or found[1] == found[2] == "":
        return None
    if found[1] == "":
        return Span(size - min(int(found[2]), size), size)
    first = int(found[1])
    last = int(found[2]) if found[2] else max(size - 1, first)
    if last < first:
        return None
    return Span(min(first, size), min(last + 1, size))


def _merged(spans: Sequence[Span]) -> list[Span]:
    """Spans apart from each other, in the order in which they were first asked for."""
    merged: list[tuple[int, Span]] = []
    for order, span in sorted(enumerate(spans), key=lambda each: each[1].first):
        if merged and span.first <= merged[-1][1].stop:
            place, before = merged.pop()
            order, span = min(place, order), Span(before.first, max(before.stop, span.stop))
        merged.append((order, span))
    return [span for _, span in sorted(merged, key=lambda each: each[0])]
