"""What a cone search is asked for (SCS 1.03 §2.1): RA, DEC and SR in decimal degrees, VERB."""

import re
from dataclasses import dataclass, replace
from typing import Literal, cast

from service.errors import UsageError
from service.parameters import Parameters
from service.results import tabledata
from service.results.format import Format
from service.results.formats import format_named

MEDIA_TYPE = "text/xml;content=x-votable"
"""The specific form of what SCS 1.03 §2.2 has for an answer."""
MAX_RADIUS = 180.0

Verbosity = Literal[1, 2, 3]

_DEFAULT_FORM = replace(tabledata.FORMAT, media_type=MEDIA_TYPE)
_DEFAULT_VERBOSITY: Verbosity = 2
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_SEXAGESIMAL = re.compile(r"[+-]?\d+\s*[:hd°\s]\s*\d.*", re.ASCII)


@dataclass(frozen=True, slots=True)
class ConeRequest:
    """A circle of ICRS in degrees, how many columns to give, and in which form."""

    ra: float
    dec: float
    radius: float
    verbosity: Verbosity
    form: Format
    maxrec: int | None


def cone_request(parameters: Parameters) -> ConeRequest:
    """Read the parameters; UsageError where one is missing, no number or out of its range."""
    asked_form = parameters.single("RESPONSEFORMAT")
    votable = asked_form is None or asked_form.strip().lower() == "votable"
    return ConeRequest(
        ra=_degrees(parameters, "RA", "the right ascension", 0, 360),
        dec=_degrees(parameters, "DEC", "the declination", -90, 90),
        radius=_degrees(parameters, "SR", "the radius", 0, MAX_RADIUS),
        verbosity=_verbosity(parameters),
        form=_DEFAULT_FORM if votable else format_named(asked_form),
        maxrec=parameters.whole_number("MAXREC"),
    )


def _degrees(
    parameters: Parameters, name: str, meaning: str, lowest: float, highest: float
) -> float:
    text = parameters.single(name)
    if text is None or not text.strip():
        raise UsageError(f"{name} is missing; give {meaning} in decimal degrees")
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        instead = " instead of sexagesimal" if _SEXAGESIMAL.fullmatch(text) else ""
        raise UsageError(
            f"{name}={text[:60]!r} is not a number; give {meaning} in decimal degrees{instead}, "
            "as in RA=187.28&DEC=2.05&SR=0.1"
        )
    value = float(text)
    if not lowest <= value <= highest:
        raise UsageError(
            f"{name}={text[:60]} is outside {lowest:g} to {highest:g}; it is {meaning} in decimal "
            "degrees"
        )
    return value


def _verbosity(parameters: Parameters) -> Verbosity:
    text = (parameters.single("VERB") or "").strip()
    if text not in ("", "1", "2", "3"):
        raise UsageError(f"VERB={text[:60]!r} is not known; use 1, 2 or 3")
    return cast(Verbosity, int(text)) if text else _DEFAULT_VERBOSITY
