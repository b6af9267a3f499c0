"""Intervals as DALI writes them: one number, or two separated by blanks, -Inf and +Inf where an end
is open (SIA 2.0 §2.1, DALI 1.1 §3.3.4)."""

import math
import re
from dataclasses import dataclass

from service.errors import UsageError

_NUMBER = re.compile(r"[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|inf(inity)?)", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Interval:
    """All values from `low` to `high`, both included; an open end is infinite."""

    low: float
    high: float


def numbers(name: str, words: list[str]) -> list[float]:
    """Words as numbers; UsageError where one of them is none."""
    wrong = next((word for word in words if not _NUMBER.fullmatch(word)), None)
    if wrong is not None:
        raise UsageError(
            f"{name}: {wrong[:60]!r} is not a number; write one such as 5.5 or 5.5e-7, or -Inf and "
            "+Inf for open ends"
        )
    return [float(word) for word in words]


def interval(name: str, text: str) -> Interval:
    """The interval that a value of a parameter is; one number is the interval of itself.

    UsageError where it is none.
    """
    found = numbers(name, text.split())
    if len(found) not in (1, 2):
        raise UsageError(
            f"{name}={text[:100]!r} has {len(found)} numbers; write one, or the two ends of an "
            "interval separated by a blank"
        )
    low, high = found[0], found[-1]
    if low > high:
        raise UsageError(f"{name}={text[:100]!r} ends before it begins; write the lower end first")
    if low == high and math.isinf(low):
        raise UsageError(f"{name}={text[:100]!r} holds no number")
    return Interval(low, high)
