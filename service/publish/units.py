"""Units as VOUnits writes them, and the factor from one to another."""

import warnings
from functools import lru_cache

from astropy import units as u

_OTHERS = ("cds", "fits", "ogip", "generic")


@lru_cache(maxsize=256)
def vounit(text: str | None) -> str | None:
    """A unit in the form of VOUnits 1.1; as it is where nobody knows it."""
    if text is None or not text.strip():
        return None
    text = text.strip()
    if " " not in text and _parsed(text, "vounit") is not None:  # astropy lets blanks pass
        return text
    for form in _OTHERS:
        unit = _parsed(text, form)
        written = None if unit is None else _written(unit)
        if written is not None:
            return written or None
    return text


def _written(unit: u.UnitBase) -> str | None:
    """A unit in VOUnits, with those that it would rather not have; None where it has none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return str(unit.to_string("vounit"))
        except (ValueError, TypeError):
            return None


def factor(from_unit: str | None, to_unit: str) -> float | None:
    """What to multiply values by; None where the units do not measure the same."""
    if from_unit is None:
        return None
    source, target = u.Unit(from_unit, parse_strict="silent"), _parsed(to_unit, "vounit")
    try:
        # 15 digits: hours are 15 degrees, not 14.999999999999998.
        return None if target is None else float(f"{source.to(target):.15g}")
    except (u.UnitConversionError, ValueError, TypeError):
        return None


def _parsed(text: str, form: str) -> u.UnitBase | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return u.Unit(text, format=form)
        except (ValueError, TypeError):
            return None
