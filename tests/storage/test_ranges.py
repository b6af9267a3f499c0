"""Range and conditional requests against RFC 9110."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.storage.ranges import (
    MOST_RANGES,
    Span,
    Unsatisfiable,
    Version,
    failed_precondition,
    http_date,
    not_modified,
    wanted_spans,
)

_VERSION = Version('"abc"', datetime(2026, 5, 1, 12, 0, 0, 250_000, tzinfo=UTC))
_SAME_DATE = "Fri, 01 May 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("value", "spans"),
    [
        ("bytes=0-0", [Span(0, 1)]),
        ("bytes=10-", [Span(10, 100)]),
        ("bytes=10-1000", [Span(10, 100)]),
        ("bytes=-5", [Span(95, 100)]),
        ("bytes=-500", [Span(0, 100)]),
        ("Bytes = 3 - 4", [Span(3, 5)]),
        ("bytes=0-1,5-6", [Span(0, 2), Span(5, 7)]),
        ("bytes=-1, 0-0", [Span(99, 100), Span(0, 1)]),
        ("bytes=20-29,,5-6,30-39,0-5,", [Span(20, 40), Span(0, 7)]),
        ("bytes=0-1,200-300", [Span(0, 2)]),
        ("bytes=" + "0-1," * 1000 + "5-6", [Span(0, 2), Span(5, 7)]),
        ("bytes=5-4", None),
        ("bytes=0-1,5-4", None),
        ("bytes=-", None),
        ("bytes=", None),
        ("bytes=a-b", None),
        ("bytes=\N{SUPERSCRIPT TWO}-", None),
        ("bytes=0-" + "9" * 5000, None),
        ("lines=0-1", None),
    ],
)
def test_ranges_are_read_as_the_standard_says(value: str, spans: list[Span] | None) -> None:
    assert wanted_spans({"range": value}, _VERSION, 100) == spans


@pytest.mark.parametrize(
    ("value", "size"),
    [("bytes=100-", 100), ("bytes=-0", 9), ("bytes=0-", 0), ("bytes=100-,200-300", 100)],
)
def test_a_range_without_a_byte_is_refused(value: str, size: int) -> None:
    with pytest.raises(Unsatisfiable, match=f"the {size} there are"):
        wanted_spans({"range": value}, _VERSION, size)


def test_too_many_ranges_are_refused_unless_they_become_few() -> None:
    apart = [f"{2 * n}-{2 * n}" for n in range(1000)]
    assert len(wanted_spans(_ranges(apart[:MOST_RANGES]), _VERSION, 10_000) or []) == MOST_RANGES
    with pytest.raises(Unsatisfiable, match=f"1000 ranges .* send {MOST_RANGES} at a time"):
        wanted_spans(_ranges(apart), _VERSION, 10_000)
    touching = [f"{2 * n}-{2 * n + 1}" for n in range(1000)]
    assert wanted_spans(_ranges(touching), _VERSION, 10_000) == [Span(0, 2000)]


def _ranges(specs: list[str]) -> dict[str, str]:
    return {"range": "bytes=" + ",".join(specs)}


@given(
    size=st.integers(1, 60),
    asked=st.lists(st.tuples(st.integers(0, 70), st.integers(1, 20)), min_size=1, max_size=12),
)
def test_the_ranges_are_the_bytes_asked_for_once_each(
    size: int, asked: list[tuple[int, int]]
) -> None:
    headers = _ranges([f"{first}-{first + length - 1}" for first, length in asked])
    wanted = {n for first, length in asked for n in range(first, first + length) if n < size}
    if not wanted:
        with pytest.raises(Unsatisfiable):
            wanted_spans(headers, _VERSION, size)
        return
    spans = wanted_spans(headers, _VERSION, size) or []
    bytes_of = [n for span in spans for n in range(span.first, span.stop)]
    assert sorted(bytes_of) == sorted(wanted)
    assert not {span.first for span in spans} & {span.stop for span in spans}
    places = [next(i for i, (f, _) in enumerate(asked) if s.first <= f < s.stop) for s in spans]
    assert places == sorted(places)


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
    spans = wanted_spans({"range": "bytes=1-2", "if-range": condition}, _VERSION, 100)
    assert spans == ([Span(1, 3)] if counts else None)


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


@pytest.mark.parametrize(
    ("headers", "fails"),
    [
        ({"if-unmodified-since": _SAME_DATE}, False),
        ({"if-unmodified-since": "Fri, 01 May 2026 11:59:59 GMT"}, True),
        ({"if-unmodified-since": "never"}, False),
        ({"if-match": '"abc"', "if-unmodified-since": "Fri, 01 May 2026 11:59:59 GMT"}, False),
    ],
)
def test_if_unmodified_since(headers: dict[str, str], fails: bool) -> None:
    assert failed_precondition(headers, _VERSION) == fails


def test_dates_are_http_dates() -> None:
    assert http_date(_VERSION.modified) == _SAME_DATE
