"""Unit conversion of IN_UNIT: a factor known at translation (ADQL 2.1 §4.8.1, VOUnits 1.1)."""

from functools import lru_cache


class UnitError(ValueError):
    """A unit that is none, or two units of different kinds."""


@lru_cache(maxsize=1024)
def factor(source: str | None, target: str) -> float:
    """What a value in `source` is multiplied by to be in `target`; raises UnitError."""
    from astropy.units import Unit, UnitConversionError

    if not source:
        raise UnitError("the value has no unit, so it cannot be converted")
    if not target:
        raise UnitError("a value with a unit cannot become one without")
    try:
        wanted = Unit(target, format="vounit", parse_strict="raise")
    except (ValueError, TypeError):
        raise UnitError(f"'{target}' is no unit of VOUnits") from None
    try:
        given = Unit(source, format="vounit", parse_strict="raise")
    except (ValueError, TypeError):
        raise UnitError(f"the column's unit '{source}' is no unit of VOUnits") from None
    try:
        return float(given.to(wanted))
    except UnitConversionError:
        raise UnitError(f"'{source}' cannot become '{target}'") from None
