"""What a plot shows of its values, and the numbers at its edges."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.previews.drawable import Undrawable

Values = NDArray[np.float64]

_WINDOW = 5  # a spike of at most two points does not set the scale
_MARGIN = 0.05
_EQUAL = 1e-12  # relative; a Julian date is known to that, and numbers between cannot be told apart
_STEPS = (1.0, 2.0, 5.0, 10.0)
_MINUS = "\N{MINUS SIGN}"
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class Axis:
    """From `low` to `high`; `ticks` are values with their texts, in units of 10^`exponent`."""

    low: float
    high: float
    ticks: Sequence[tuple[float, str]]
    exponent: int

    def part(self, values: Values) -> Values:
        """0 at the low end, 1 at the high one."""
        return np.asarray((values - self.low) / (self.high - self.low))

    def factor(self) -> str:
        """The power of ten that the numbers leave out, "" for none."""
        return f"10{raised(self.exponent)}" if self.exponent else ""


def axis(low: float, high: float, most: int) -> Axis:
    """At most so many round numbers between two values; about equal ones are moved apart."""
    if not high - low > _EQUAL * max(abs(low), abs(high)):
        apart = abs(low) * _MARGIN or 1.0
        low, high = low - apart, high + apart
    largest = max(abs(low), abs(high))
    power = math.floor(math.log10(largest))
    exponent = power if power >= 5 or power <= -3 else 0
    step = _step((high - low) / most)
    decimals = max(0, exponent - math.floor(math.log10(step) + 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    places = [n * step for n in range(first, last + 1)]
    scaled = [(place, place / 10.0**exponent) for place in places]
    texts = [(place, f"{value:.{decimals}f}".replace("-", _MINUS)) for place, value in scaled]
    return Axis(low, high, texts, exponent)


def decades(low: float, high: float) -> Axis:
    """The same for logarithms to the base of ten: whole powers, or every second, third, ..."""
    if not high - low > _EQUAL * max(abs(low), abs(high)):
        low, high = low - 0.5, high + 0.5
    step = max(1, math.ceil((high - low) / 8))
    powers = range(math.ceil(low / step) * step, math.floor(high) + 1, step)
    return Axis(low, high, [(float(n), f"10{raised(n)}") for n in powers], 0)


def raised(number: int) -> str:
    """As an exponent is written."""
    return str(number).translate(_RAISED)


def _step(least: float) -> float:
    power = 10.0 ** math.floor(math.log10(least))
    return next(each * power for each in _STEPS if each * power >= least * (1 - 1e-9))


def bounds(values: Values) -> tuple[float, float]:
    """What to show of values, with a margin: lines and continuum, not spikes of a pixel or two, nor
    the noise of edges that would flatten all else. Undrawable where none is finite."""
    known = values[np.isfinite(values)]
    if not known.size:
        raise Undrawable("no point of it has a value")
    usual_low, usual_high = map(float, np.percentile(known, (0.5, 99.5)))
    if known.size > 4 * _WINDOW:
        windows = np.lib.stride_tricks.sliding_window_view(known, _WINDOW)
        known = np.append(np.median(windows, axis=-1), (usual_low, usual_high))
    low, high = float(known.min()), float(known.max())
    span = usual_high - usual_low
    if span and low < usual_low - 2 * span:  # noise goes both ways, lines do not
        low, high = usual_low - 0.5 * span, min(high, usual_high + 2 * span)
    margin = _MARGIN * (high - low)
    return low - margin, high + margin
