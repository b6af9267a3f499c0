"""What is asked to be cut: positions in ICRS degrees, metres of vacuum wavelength, MJD."""

from dataclasses import dataclass
from typing import TypeAlias

Interval: TypeAlias = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Circle:
    """A circle on the sky; all three in degrees."""

    ra: float
    dec: float
    radius: float


@dataclass(frozen=True, slots=True)
class Range:
    """Between two meridians and two parallels, degrees (SIA 2.0 §2.1.1).

    -inf and +inf leave a side open. It runs eastward from `ra_min` to `ra_max`, over 0 where
    `ra_max` is the smaller.
    """

    ra_min: float
    ra_max: float
    dec_min: float
    dec_max: float


@dataclass(frozen=True, slots=True)
class Polygon:
    """Great circles between three or more vertices (ra, dec), degrees, in either direction."""

    vertices: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class PixelBox:
    """`width` x `height` pixels around the pixel that holds a position.

    Of an odd number that pixel is the middle one; of an even number n, n/2 pixels lie before it
    and n/2 - 1 behind.
    """

    ra: float
    dec: float
    width: int
    height: int


Region: TypeAlias = Circle | Range | Polygon | PixelBox


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one product shall hold; an axis that is not named is kept whole.

    `band` in metres of vacuum wavelength, `time` in MJD (either may be open by -inf or +inf), `pol`
    the states of polarisation by ObsCore's names (I, Q, U, V, RR, LL, XX, ...).
    """

    region: Region | None = None
    band: Interval | None = None
    time: Interval | None = None
    pol: tuple[str, ...] = ()
