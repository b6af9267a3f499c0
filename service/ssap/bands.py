"""BAND: wavelengths in vacuum, in metres, by number or by name (SSAP 1.1 §4.1.1.3)."""

import math
from dataclasses import dataclass
from typing import Literal, cast, get_args

from service.errors import UsageError
from service.ssap.ranges import Range, at, listed, ranged

Rest = Literal["observer", "source"]

# The wavebands of VOResource 1.1 §3.2.1 (Coverage.Spectral of the Resource Metadata 1.12 §4).
WAVEBANDS: dict[str, Range] = {
    "radio": Range(1e-2, math.inf),
    "millimeter": Range(1e-4, 1e-2),
    "infrared": Range(1e-6, 1e-4),
    "optical": Range(3e-7, 1e-6),
    "uv": Range(1e-7, 3e-7),
    "euv": Range(1e-8, 1e-7),
    "x-ray": Range(1e-10, 1e-8),
    "gamma-ray": Range(0.0, 1e-10),
}
_ALIASES = {
    "all": Range(0.0, math.inf),
    "ultraviolet": WAVEBANDS["uv"],
    "visible": WAVEBANDS["optical"],
    "submillimeter": Range(1e-4, 1e-3),
    "xray": WAVEBANDS["x-ray"],
    "gammaray": WAVEBANDS["gamma-ray"],
}
# Where the response is above half of its peak, in nanometres: Bessell (1990), SDSS (Fukugita et
# al. 1996), 2MASS (Cohen et al. 2003), Bessell & Brett (1988) beyond. Capitals count: U is not u.
_FILTERS_NM = {
    "U": (334, 400), "B": (390, 489), "V": (507, 595), "R": (589, 727), "I": (731, 881),
    "J": (1156, 1310), "H": (1510, 1786), "K": (2028, 2290), "Ks": (2028, 2290),
    "L": (3213, 3685), "M": (4510, 4990), "N": (7855, 13105), "Q": (16500, 24000),
    "u": (325, 386), "g": (405, 551), "r": (550, 695), "i": (692, 844), "z": (832, 1026),
}  # fmt: skip
FILTERS = {name: Range(low * 1e-9, high * 1e-9) for name, (low, high) in _FILTERS_NM.items()}
NAMES = ("ALL", *(name.capitalize() for name in WAVEBANDS), *FILTERS)


@dataclass(frozen=True, slots=True)
class Band:
    """Wavelengths, and in whose rest frame they are meant."""

    ranges: tuple[Range, ...]
    rest: Rest


def band(text: str | None) -> Band | None:
    """What BAND asks for; None where it is absent. UsageError where it is wrong."""
    if text is None:
        return None
    items, qualifier = listed("BAND", text)
    rest = (qualifier or "observer").lower()
    if rest not in get_args(Rest):
        raise UsageError(f"BAND: ;{rest[:40]} is not known; use ;source or ;observer")
    return Band(tuple(map(_wavelengths, items)), cast(Rest, rest))


def _wavelengths(item: str) -> Range:
    if "/" not in item and not item[0].isdigit() and item[0] not in "+-.":
        return _named(item)
    found = ranged("BAND", item, at("BAND"))
    if found.high < 0 or -math.inf < found.low < 0:
        raise UsageError(f"BAND: {item[:60]!r} is below 0; wavelengths are in metres")
    return found


def _named(item: str) -> Range:
    word = item.lower()
    found = FILTERS.get(item) or WAVEBANDS.get(word) or _ALIASES.get(word)
    if found is None:
        raise UsageError(
            f"BAND: there is no band {item[:40]!r} here; give wavelengths in metres as in "
            f"4E-7/7E-7, or one of {', '.join(NAMES)}"
        )
    return found
