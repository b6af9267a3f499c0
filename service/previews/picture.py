"""Pixels as a grey picture: the sky dark, faint and bright both to be seen."""

import io

import numpy as np
from astropy.visualization import AsinhStretch, ManualInterval, ZScaleInterval
from numpy.typing import NDArray
from PIL import Image

from service.previews.drawable import Undrawable

_BRIGHTEST = 99.8  # percentile that is white
_LEAST_SIDE = 8  # one side at least this part of the other, lest a strip be invisible
_GREY = 128  # where all pixels are equal
_SKY = 0.3  # part of the sky's range that is stretched linearly


def picture(pixels: NDArray[np.float64], size: int) -> Image.Image:
    """Row 0 below; the longer side `size`, or for few pixels the largest multiple of them below it.

    NaN is transparent. Undrawable where no pixel has a value.
    """
    known = np.isfinite(pixels)
    if not known.any():
        raise Undrawable("no pixel of it has a value")
    grey = np.where(known, _grey(pixels, pixels[known]), 0).astype(np.uint8)
    bands = [Image.fromarray(np.ascontiguousarray(grey[::-1]))]
    if not known.all():
        bands.append(Image.fromarray(np.ascontiguousarray(known[::-1].astype(np.uint8) * 255)))
    drawn = bands[0] if len(bands) == 1 else Image.merge("LA", bands)
    return _fitted(drawn, size)


def _grey(pixels: NDArray[np.float64], known: NDArray[np.float64]) -> NDArray[np.float64]:
    """0 to 255: about linear within the noise of the sky, logarithmic above."""
    low, high = map(float, ZScaleInterval().get_limits(known))
    top = _bright(known)
    if top <= low:  # nearly all pixels are equal: a mask, a corner of a survey
        low = float(np.median(known))
        high = top = _bright(known[known != low])
    if top <= low:
        low, high, top = float(known.min()), top, float(known.max())
    if top <= low:
        return np.full(pixels.shape, float(_GREY))
    softened = min(1.0, max(0.005, _SKY * (high - low) / (top - low)))
    scaled = ManualInterval(low, top)(np.where(np.isfinite(pixels), pixels, low))
    return np.asarray(255 * AsinhStretch(softened)(scaled))


def _bright(values: NDArray[np.float64]) -> float:
    return float(np.percentile(values, _BRIGHTEST)) if values.size else -np.inf


def _fitted(drawn: Image.Image, size: int) -> Image.Image:
    longer = max(drawn.size)
    if longer <= size // 2:
        drawn = drawn.resize(_times(drawn.size, size // longer), Image.Resampling.NEAREST)
    elif longer != size:
        drawn = drawn.resize(_times(drawn.size, size / longer), Image.Resampling.LANCZOS)
    least = max(drawn.size) // _LEAST_SIDE
    if min(drawn.size) < least:
        wide, high = (max(side, least) for side in drawn.size)
        drawn = drawn.resize((wide, high), Image.Resampling.NEAREST)
    return drawn


def _times(sides: tuple[int, int], factor: float) -> tuple[int, int]:
    return max(1, round(sides[0] * factor)), max(1, round(sides[1] * factor))


def png(drawn: Image.Image) -> bytes:
    """The file."""
    target = io.BytesIO()
    drawn.save(target, "PNG")
    return target.getvalue()
