"""How long to wait before a request is made again, and when to give up."""

import random
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from starhaul_client.errors import Stopped, Unreachable

_FIRST_S = 0.05
_LONGEST_S = 30.0
_TELL_S = 3.0  # of a longer wait the user hears


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """The seconds that Retry-After asks for, as seconds or a date (RFC 9110 §10.2.3); None: none.

    `now` is the client's time, which counts only where the answer has no Date.
    """
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    moment = _date(value)
    if moment is None:
        return None
    return max(0.0, (moment - (_date(headers.get("date", "")) or now)).total_seconds())


def _date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


class Patience:
    """Shared by all connections: when one gives up depends on when any had an answer.

    `seconds` without a byte, beside the waits the archive asked for, are too many. `tell` hears
    of long waits, in a sentence.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until = time.monotonic() + seconds
        self._stop = threading.Event()
        self._told = ""
        self.tell: Callable[[str], None] = lambda _sentence: None

    def progress(self) -> None:
        """Something arrived."""
        self._until = max(self._until, time.monotonic() + self._seconds)
        self._told = ""

    def stop(self) -> None:
        """End every wait."""
        self._stop.set()

    @property
    def stopped(self) -> bool:
        """Whether all should end."""
        return self._stop.is_set()

    def wait(self, attempt: int, asked: float | None, reason: str) -> None:
        """Wait before attempt `attempt` (from 1) in vain, at least `asked` seconds.

        Unreachable where it lasted too long, Stopped where the download was stopped.
        """
        if asked is not None:
            self._until = max(self._until, time.monotonic() + asked + self._seconds)
        if time.monotonic() > self._until:
            raise Unreachable(
                f"nothing has arrived for {self._seconds:.0f} s: {reason}. Run the same command "
                "again: it goes on where it stopped"
            )
        delay = min(_LONGEST_S, _FIRST_S * 2 ** min(attempt - 1, 10))
        # Clients that were refused together should not come back together.
        delay = delay * random.uniform(0.5, 1) if asked is None else asked + random.uniform(0, 0.5)
        if delay > _TELL_S and reason != self._told:
            self._told = reason
            self.tell(f"waiting {delay:.0f} s: {reason}")
        if self._stop.wait(delay):
            raise Stopped("the download was stopped")
