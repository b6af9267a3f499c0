"""Retry-After in both its forms, and when to give up."""

import time
from datetime import UTC, datetime

import pytest

from starhaul_client import Unreachable
from starhaul_client.waiting import Patience, retry_after

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "17"}, 17),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "Sat, 21 Nov 2026 12:00:30 GMT"}, 30),
        ({"retry-after": "Sat, 21 Nov 2026 11:59:00 GMT"}, 0),
        # The archive's clock, where it tells it, and not the client's.
        (
            {
                "retry-after": "Sat, 21 Nov 2026 13:00:05 GMT",
                "date": "Sat, 21 Nov 2026 13:00:00 GMT",
            },
            5,
        ),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "1e9"}, None),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOW) == seconds


def test_patience_ends_after_its_seconds_without_a_byte() -> None:
    patience = Patience(0.3)
    began = time.monotonic()

    def wait_on() -> None:
        for attempt in range(1, 100):
            patience.wait(attempt, None, "no route")

    with pytest.raises(Unreachable, match="no route"):
        wait_on()
    assert time.monotonic() - began >= 0.3


def test_waits_that_were_asked_for_do_not_count() -> None:
    patience = Patience(0.01)
    for attempt in range(1, 4):
        patience.wait(attempt, 0.05, "full")
