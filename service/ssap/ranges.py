"""The range-list syntax of parameters (SSAP 1.1 §8.7.2): `a/b`, `/b`, `a/`, lists by comma, and a
qualifier after a semicolon."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from service.errors import UsageError

# xs:double, as SSAP 1.1 §8.5 has numbers.
_NUMBER = re.compile(r"[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|inf)", re.ASCII | re.IGNORECASE)
_MOST_ITEMS = 1_000


@dataclass(frozen=True, slots=True)
class Range:
    """All values from `low` to `high`, both included; an open end is infinite."""

    low: float
    high: float


# From the text of one value to what it stands for, a moment of a year being all of the year.
Read = Callable[[str], Range]


def listed(name: str, text: str) -> tuple[list[str], str | None]:
    """The items of a list, and its qualifier. UsageError where one is empty, or they are too many
    for one query."""
    whole, semicolon, qualifier = text.partition(";")
    items = [item.strip() for item in whole.split(",")]
    if len(items) > _MOST_ITEMS:
        raise UsageError(
            f"{name} has {len(items)} items, more than {_MOST_ITEMS}; ask in several requests"
        )
    if not all(items):
        raise UsageError(f"{name}={text[:100]!r} has an empty item; separate items by one comma")
    return items, qualifier.strip() if semicolon else None


def number(name: str, text: str) -> float:
    """A number; UsageError where the text is none."""
    if not _NUMBER.fullmatch(text.strip()):
        raise UsageError(f"{name}: {text[:60]!r} is not a number; write one such as 5.5 or 5.5E-7")
    return float(text)


def at(name: str) -> Read:
    """Reads the numbers of a parameter."""

    def read(text: str) -> Range:
        value = number(name, text)
        return Range(value, value)

    return read


def ranged(name: str, item: str, read: Read) -> Range:
    """The range that an item is; a single value is the range of itself.

    The ends may come in any order (SSAP 1.1 §8.7.2). UsageError where the item is no range.
    """
    ends = item.split("/")
    if len(ends) > 2:
        raise UsageError(
            f"{name}: {item[:100]!r} has {len(ends)} fields; write low/high, low/ or /high"
        )
    if len(ends) == 1:
        return read(item)
    low, high = (read(end.strip()) if end.strip() else None for end in ends)
    if low is not None and high is not None and low.low > high.high:
        low, high = high, low
    return Range(
        -math.inf if low is None else low.low,
        math.inf if high is None else high.high,
    )


def one_range(name: str, text: str | None, read: Read) -> Range | None:
    """The one range of a parameter that takes a single one; None where it is absent."""
    if text is None:
        return None
    items, qualifier = listed(name, text)
    if len(items) > 1 or qualifier is not None:
        raise UsageError(f"{name}={text[:100]!r} is not one range; write low/high, low/ or /high")
    return ranged(name, items[0], read)


def limit(name: str, text: str | None, *, least: bool) -> Range | None:
    """The range of a parameter that states a limit: a number alone is the least value, or, with
    `least` false, the greatest one."""
    if text is None or "/" in text:
        return one_range(name, text, at(name))
    value = number(name, text)
    return Range(value, math.inf) if least else Range(-math.inf, value)
