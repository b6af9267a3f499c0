"""Units of VOUnits 1.1: the factor of IN_UNIT (ADQL 2.1 §4.8.1), units of products and powers.

astropy is imported at the first use of a unit that is computed.
"""

from functools import lru_cache
from typing import Any
from warnings import catch_warnings, simplefilter


class UnitError(ValueError):
    """A unit that is none, or two units of different kinds."""


@lru_cache(maxsize=1024)
def factor(source: str | None, target: str) -> float:
    """What a value in `source` is multiplied by to be in `target`; raises UnitError."""
    from astropy.units import UnitConversionError

    if not source:
        raise UnitError("the value has no unit, so it cannot be converted")
    if not target:
        raise UnitError("a value with a unit cannot become one without")
    try:
        wanted = _parsed(target)
    except (ValueError, TypeError):
        raise UnitError(f"'{target}' is no unit of VOUnits") from None
    try:
        given = _parsed(source)
    except (ValueError, TypeError):
        raise UnitError(f"the column's unit '{source}' is no unit of VOUnits") from None
    try:
        return float(given.to(wanted))
    except UnitConversionError:
        raise UnitError(f"'{source}' cannot become '{target}'") from None


def _parsed(unit: str) -> Any:
    from astropy.units import Unit

    with catch_warnings():
        simplefilter("ignore")  # of units that VOUnits calls deprecated, erg and angstrom
        return Unit(unit, format="vounit", parse_strict="raise")


def _written(unit: Any) -> str | None:
    """None too where the unit has a factor, which VOUnits can write as a power of ten alone."""
    if unit.scale != 1:
        return None
    with catch_warnings():
        simplefilter("ignore")
        return unit.to_string("vounit") or None


@lru_cache(maxsize=1024)
def product(first: str | None, second: str | None, operator: str) -> str | None:
    """The unit of a product or quotient (`operator` * or /); None where it is none or unknown."""
    if second is None:
        return first
    if first is None and operator == "*":
        return second
    try:
        right = _parsed(second)
        if first is None:
            return _written(right**-1)
        left = _parsed(first)
        return _written(left * right if operator == "*" else left / right)
    except (ValueError, TypeError):
        return None


@lru_cache(maxsize=1024)
def power(unit: str | None, exponent: float) -> str | None:
    """The unit of a power; None where it is none or unknown."""
    if unit is None:
        return None
    try:
        return _written(_parsed(unit) ** exponent)
    except (ValueError, TypeError):
        return None
