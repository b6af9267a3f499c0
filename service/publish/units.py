"""Units as VOUnits writes them, and the factor from one to another."""

import warnings
from functools import lru_cache

from astropy import units as u

# How files write units, the archive's own form first.
_FORMATS = ("vounit", "cds", "fits", "ogip", "generic")


@lru_cache(maxsize=256)
def vounit(text: str | None) -> str | None:
    """A unit in the form of VOUnits 1.1; as it is where nobody knows it."""
    if text is None or not text.strip():
        return None
    for form in _FORMATS:
        unit = _parsed(text.strip(), form)
        if unit is not None and form == "vounit":
            return text.strip()
        if unit is not None:
            try:
                return str(unit.to_string("vounit"))
            except (ValueError, TypeError):
                continue
    return text.strip()


def factor(from_unit: str | None, to_unit: str) -> float | None:
    """What to multiply values by; None where the units do not measure the same."""
    if from_unit is None:
        return None
    source, target = u.Unit(from_unit, parse_strict="silent"), _parsed(to_unit, "vounit")
    try:
        return None if target is None else float(source.to(target))
    except (u.UnitConversionError, ValueError, TypeError):
        return None


def _parsed(text: str, form: str) -> u.UnitBase | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return u.Unit(text, format=form)
        except (ValueError, TypeError):
            return None
