"""Range and conditional requests against RFC 9110."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.storage.ranges import (
    Span,
    Unsatisfiable,
    Version,
    failed_precondition,
    http_date,
    not_modified,
    wanted_span,
)

_VERSION = Version('"abc"', datetime(2026, 5, 1, 12, 0, 0, 250_000, tzinfo=UTC))
_SAME_DATE = "Fri, 01 May 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("value", "span"),
    [
        ("bytes=0-0", Span(0, 1)),
        ("bytes=10-", Span(10, 100)),
        ("bytes=10-1000", Span(10, 100)),
        ("bytes=-5", Span(95, 100)),
        ("bytes=-500", Span(0, 100)),
        ("Bytes = 3 - 4", Span(3, 5)),
        ("bytes=5-4", None),
        ("bytes=-", None),
        ("bytes=a-b", None),
        ("bytes=0-1,5-6", None),
        ("bytes=" + "0-1," * 1000 + "5-6", None),
        ("lines=0-1", None),
    ],
)
def test_a_range_is_read_as_the_standard_says(value: str, span: Span | None) -> None:
    assert wanted_span({"range": value}, _VERSION, 100) == span


@pytest.mark.parametrize(("value", "size"), [("bytes=100-", 100), ("bytes=-0", 9), ("bytes=0-", 0)])
def test_a_range_without_a_byte_is_refused(value: str, size: int) -> None:
    with pytest.raises(Unsatisfiable):
        wanted_span({"range": value}, _VERSION, size)


@given(size=st.integers(1, 10**13), first=st.integers(0, 10**13), length=st.integers(1, 10**13))
def test_a_range_never_leaves_the_contents(size: int, first: int, length: int) -> None:
    headers = {"range": f"bytes={first}-{first + length - 1}"}
    if first >= size:
        with pytest.raises(Unsatisfiable):
            wanted_span(headers, _VERSION, size)
    else:
        span = wanted_span(headers, _VERSION, size)
        assert span == Span(first, min(first + length, size))


@pytest.mark.parametrize(
    ("condition", "counts"),
    [
        ('"abc"', True),
        ('"abd"', False),
        ('W/"abc"', False),
        (_SAME_DATE, True),
        ("Fri, 01 May 2026 12:00:01 GMT", False),
        ("yesterday", False),
    ],
)
def test_if_range_lets_a_range_count_only_for_the_same_bytes(condition: str, counts: bool) -> None:
    span = wanted_span({"range": "bytes=1-2", "if-range": condition}, _VERSION, 100)
    assert span == (Span(1, 3) if counts else None)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"if-none-match": '"x", "abc"'}, True),
        ({"if-none-match": 'W/"abc"'}, True),
        ({"if-none-match": "*"}, True),
        ({"if-none-match": '"x"', "if-modified-since": _SAME_DATE}, False),
        ({"if-modified-since": _SAME_DATE}, True),
        ({"if-modified-since": "Fri, 01 May 2026 11:59:59 GMT"}, False),
        ({"if-modified-since": "never"}, False),
        ({}, False),
    ],
)
def test_not_modified(headers: dict[str, str], expected: bool) -> None:
    assert not_modified(headers, _VERSION) == expected


def test_if_match_is_strong() -> None:
    assert not failed_precondition({}, _VERSION)
    assert not failed_precondition({"if-match": '"x", "abc"'}, _VERSION)
    assert failed_precondition({"if-match": 'W/"abc"'}, _VERSION)


def test_dates_are_http_dates() -> None:
    assert http_date(_VERSION.modified) == _SAME_DATE
