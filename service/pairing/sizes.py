"""How large a cutout is: pixels, or an angle on the sky; cutouts are square."""

import re
from dataclasses import dataclass

from service.errors import UsageError

LARGEST_PIXELS = 10_000
LARGEST_DEGREES = 10.0

PIXEL_UNITS = ("px", "pix", "pixel", "pixels")
DEGREES = {
    **dict.fromkeys(("deg", "degree", "degrees"), 1.0),
    **dict.fromkeys(("arcmin", "arcminute", "arcminutes", "'"), 1 / 60),
    **dict.fromkeys(("arcsec", "arcsecond", "arcseconds", '"'), 1 / 3600),
}
_SIZE = re.compile(r"([0-9]+\.?[0-9]*(?:[eE][+-]?[0-9]+)?)\s*([A-Za-z'\"]*)")


@dataclass(frozen=True, slots=True)
class Size:
    """The side of a cutout; one of the two is None."""

    pixels: int | None
    degrees: float | None


def size_of(text: str) -> Size:
    """A size such as 28px, 30arcsec, 0.5arcmin or 0.01deg; UsageError where it is none."""
    found = _SIZE.fullmatch(text.strip())
    unit = "" if found is None else found[2].lower()
    if found is None or (unit not in PIXEL_UNITS and unit not in DEGREES):
        raise UsageError(
            f"SIZE={text[:40]!r} is no size; write a number with a unit: 28px, 30arcsec, "
            "0.5arcmin or 0.01deg"
        )
    number = float(found[1])
    if unit in PIXEL_UNITS:
        if number != int(number) or not 1 <= number <= LARGEST_PIXELS:
            raise UsageError(
                f"SIZE={text[:40]!r}: give a whole number of pixels from 1 to {LARGEST_PIXELS}"
            )
        return Size(int(number), None)
    degrees = number * DEGREES[unit]
    if not 0 < degrees <= LARGEST_DEGREES:
        raise UsageError(f"SIZE={text[:40]!r}: give more than 0 and at most {LARGEST_DEGREES:g}deg")
    return Size(None, degrees)
