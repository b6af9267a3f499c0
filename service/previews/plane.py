"""The pixels of an image or cube, made fewer while they are read.

Bands of rows are read one after the other and averaged in blocks, so that memory does not grow
with the file; of a very large one some rows and channels stand for all.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from service.errors import StarhaulError
from service.ingest.fits import FitsFile, Hdu
from service.ingest.readers.cube import find_cube, spectral_axis
from service.ingest.readers.wcs_image import sky_images
from service.previews.drawable import Undrawable

_BAND_PIXELS = 1 << 21  # held at once
_MOST_PIXELS = 1 << 28  # read of one file

Pixels = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class View:
    """What is drawn of an HDU: axes `x` and `y` (from 1, as in NAXISn), averaged along `depth`.

    Of any other axis the first pixel is taken.
    """

    hdu: Hdu
    x: int
    y: int
    depth: int | None = None


def view_of(file: FitsFile, kind: str) -> View:
    """The science image, or the cube along its spectral axis; Undrawable where there is none."""
    cube = find_cube(file) if kind == "cube" else None
    if cube is not None:
        return _cube_view(cube)
    images = sky_images(file) or [hdu for hdu in file.images if len(hdu.shape) > 1]
    if not images:
        raise Undrawable("it has no HDU with an image")
    return _flat(images[0], [n for n, length in enumerate(images[0].shape, 1) if length > 1])


def _cube_view(cube: Hdu) -> View:
    spectral = spectral_axis(cube)
    lengths = dict(enumerate(cube.shape, 1))
    across = [
        axis
        for axis, length in lengths.items()
        if length > 1
        and axis != spectral
        and not (cube.header.text(f"CTYPE{axis}") or "").upper().startswith("STOKES")
    ]
    if len(across) > 1:
        return View(cube, across[0], across[1], spectral)
    return _flat(cube, sorted({*across, spectral or 1}))


def _flat(hdu: Hdu, axes: list[int]) -> View:
    """An image of the first two of `axes`, filled up where they are fewer."""
    filled = [*axes, *(n for n in (1, 2) if n not in axes)][:2]
    if len(hdu.shape) < 2:
        raise Undrawable("its image has one axis alone")
    return View(hdu, *sorted(filled))


def read_plane(stream: BinaryIO, view: View, most: int) -> Pixels:
    """The pixels, row 0 below as FITS has it, NaN where there are none; sides are below 2 `most`.

    Undrawable where they cannot be read.
    """
    try:
        stream.seek(0)
        with fits.open(stream, memmap=False, lazy_load_hdus=True) as hdus:
            section = hdus[view.hdu.index].section
            return _Reading(section, view).mean(most)
    except StarhaulError:
        raise
    except Exception as error:  # damaged tiles end in whatever their decompressor raises
        raise Undrawable(f"the pixels of HDU {view.hdu.index} cannot be read ({error})") from error


class _Reading:
    def __init__(self, section: Any, view: View) -> None:
        axes = len(view.hdu.shape)
        self._section = section
        self._shape = view.hdu.shape[::-1]  # as numpy counts
        self._x, self._y = axes - view.x, axes - view.y
        self._depth = None if view.depth is None else axes - view.depth

    def mean(self, most: int) -> Pixels:
        """The average of each square of pixels, and of all channels."""
        height, width = self._shape[self._y], self._shape[self._x]
        block = max(1, max(height, width) // most)  # as wide as tall, lest the picture be stretched
        tall, wide = min(block, height), min(block, width)
        rows, columns = height // tall, width // wide
        total, count = np.zeros((rows, columns)), np.zeros((rows, columns))
        channels = self._channels(height * width)
        taken = max(1, min(tall, tall * _MOST_PIXELS // (height * width * len(channels))))
        for channel in channels:
            for first, values in self._bands(channel, rows, tall, taken):
                blocks = values[:, :, : columns * wide].reshape(*values.shape[:2], columns, wide)
                known = np.isfinite(blocks)
                held = slice(first, first + len(values))
                total[held] += np.where(known, blocks, 0.0).sum(axis=(1, 3))
                count[held] += known.sum(axis=(1, 3))
        with np.errstate(invalid="ignore"):
            return np.asarray(total / count)

    def _channels(self, plane: int) -> list[int | slice]:
        """What to take along the depth, evenly spread where all of it would be too much."""
        if self._depth is None:
            return [0]
        length = self._shape[self._depth]
        step = max(1, -(-length * plane // _MOST_PIXELS))
        if self._depth > self._y:  # lies within a row: all is read, and averaged at once
            return [slice(step // 2, length, step)]
        return list(range(min(step // 2, length - 1), length, step))

    def _bands(
        self, channel: int | slice, rows: int, tall: int, taken: int
    ) -> Iterator[tuple[int, Pixels]]:
        """Number of the first drawn row, and the pixels of some: shape (drawn rows, rows, width).

        Of the `tall` rows that are drawn as one, `taken` are read.
        """
        deep = self._shape[self._depth] if isinstance(channel, slice) and self._depth else 1
        width = self._shape[self._x] * deep
        together = max(1, _BAND_PIXELS // (tall * width)) if taken == tall else 1
        for first in range(0, rows, together):
            drawn = min(together, rows - first)
            start = first * tall + (tall - taken) // 2
            stop = start + (drawn * tall if taken == tall else taken)
            values = self._read(channel, slice(start, stop))
            yield first, values.reshape(drawn, -1, values.shape[-1])

    def _read(self, channel: int | slice, rows: slice) -> Pixels:
        index: list[int | slice] = [0] * len(self._shape)
        index[self._y], index[self._x] = rows, slice(None)
        if self._depth is not None:
            index[self._depth] = channel
        values = np.asarray(self._section[tuple(index)], dtype=np.float64)
        if isinstance(channel, slice) and self._depth is not None:
            with np.errstate(invalid="ignore"):
                values = _finite_mean(values, 1 if self._depth < self._x else 2)
        return values


def _finite_mean(values: Pixels, axis: int) -> Pixels:
    known = np.isfinite(values)
    return np.asarray(np.where(known, values, 0.0).sum(axis=axis) / known.sum(axis=axis))
