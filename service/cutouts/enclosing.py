"""The smallest rectangle of pixels that holds what an image has of a region.

SODA 1.0 §3.3 asks for "a best possible match to the requested subset": pixels of the rectangle that
lie outside the region are kept, nothing is masked.
"""

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from service.cutouts.shapes import Shape, degrees, shape_of
from service.cutouts.wanted import PixelBox, Region
from service.ingest.celestial import Celestial, Points, unit_vectors

Cells: TypeAlias = NDArray[np.int64]  # rows of first and last pixel (from 0, last left out): x, y

_FIRST_OUTLINE, _MOST_OUTLINE = 48, 4096
_ROUNDING = 1e-6  # pixels: a region that ends where a pixel begins does not touch it
_TORN = 6  # times the usual step: between two such points of an outline the map is torn
_COMPACT = math.cos(math.radians(30))  # of a larger region the inside may be round the sky
_PARTS = 16  # of a side, in the first round of the search
_WIDE = 15.0  # degrees: a larger cell is always looked into
_ROUNDER = 1.25  # a cell's sides bulge beyond the circle through its corners


@dataclass(frozen=True, slots=True)
class Window:
    """Pixels from 0, the last left out; `whole`: the region does not reach beyond the image."""

    x: tuple[int, int]
    y: tuple[int, int]
    whole: bool


def window_of(sky: Celestial, region: Region, width: int, height: int) -> Window | None:
    """Where a region is in an image; None where it has no pixel."""
    if isinstance(region, PixelBox):
        return _box(sky, region, width, height)
    shape = shape_of(region)
    window = _by_outline(sky, shape, width, height)
    return window if window is not None else _by_search(sky, shape, width, height)


def _box(sky: Celestial, box: PixelBox, width: int, height: int) -> Window | None:
    x, y = sky.pixel(box.ra, box.dec)
    if not (math.isfinite(x) and math.isfinite(y)):
        return None
    left = math.floor(x - 0.5) - box.width // 2
    low = math.floor(y - 0.5) - box.height // 2
    across = max(0, left), min(width, left + box.width)
    up = max(0, low), min(height, low + box.height)
    if across[0] >= across[1] or up[0] >= up[1]:
        return None
    whole = across[1] - across[0] == box.width and up[1] - up[0] == box.height
    return Window(across, up, whole)


def _by_outline(sky: Celestial, shape: Shape, width: int, height: int) -> Window | None:
    """The window from the region's edges alone: fast, for a region well inside the image.

    None where that does not hold, or the map is torn within the region (at a pole, at the seam of
    an all-sky image), so that its edges do not say where its inside is.
    """
    count = _FIRST_OUTLINE
    while True:
        ra, dec = shape.outline(count)
        if not len(ra):
            return None
        x, y = sky.pixels(ra, dec)
        if not _inside(x, y, width, height):
            return None
        reach = max(float(np.ptp(x)), float(np.ptp(y)))
        # between two of n points a circle of that size bulges by its sagitta: 0.01 pixel
        enough = math.ceil(math.pi * math.sqrt(reach / 0.04))
        if enough <= count or count == _MOST_OUTLINE:
            break
        count = min(enough, _MOST_OUTLINE)
    steps = np.hypot(np.diff(x, append=x[:1]), np.diff(y, append=y[:1]))
    if steps.max() > _TORN * max(1.0, float(np.median(steps))):
        return None
    vectors = unit_vectors(ra, dec)
    middle = vectors.mean(axis=0)
    if np.min(vectors @ middle) < _COMPACT * np.linalg.norm(middle):
        return None
    cx, cy = sky.pixels(*degrees(middle[None, :]))
    if not (x.min() - 1 <= cx[0] <= x.max() + 1 and y.min() - 1 <= cy[0] <= y.max() + 1):
        return None
    return Window(_pixels(x), _pixels(y), True)


def _inside(x: Points, y: Points, width: int, height: int) -> bool:
    """Whether all points are on the image; not with one that is NaN."""
    return bool(
        np.all((x > 0.5 - _ROUNDING) & (x < width + 0.5 + _ROUNDING))
        and np.all((y > 0.5 - _ROUNDING) & (y < height + 0.5 + _ROUNDING))
    )


def _pixels(along: Points) -> tuple[int, int]:
    """The pixels (from 0, the last left out) that places (from 1) touch."""
    first = math.floor(float(along.min()) - 0.5 + _ROUNDING)
    return first, max(first + 1, math.ceil(float(along.max()) - 0.5 - _ROUNDING))


@dataclass(slots=True)
class _Found:
    """The rectangle of what was found so far."""

    x0: int
    y0: int
    x1: int = 0
    y1: int = 0

    def add(self, cells: Cells) -> None:
        if len(cells):
            self.x0 = min(self.x0, int(cells[:, 0].min()))
            self.x1 = max(self.x1, int(cells[:, 1].max()))
            self.y0 = min(self.y0, int(cells[:, 2].min()))
            self.y1 = max(self.y1, int(cells[:, 3].max()))

    def beyond(self, cells: Cells) -> Cells:
        """Those that would make it larger."""
        return cells[
            (cells[:, 0] < self.x0)
            | (cells[:, 1] > self.x1)
            | (cells[:, 2] < self.y0)
            | (cells[:, 3] > self.y1)
        ]


def _by_search(sky: Celestial, shape: Shape, width: int, height: int) -> Window | None:
    """The window from the pixels' own positions, cells of pixels halved until all is known.

    Right for any projection and any region: poles, seams, maps in pieces, edges of the image.
    """
    found = _Found(width, height)
    # points on the edges find the pixels that the region only touches between their corners
    ra, dec = shape.outline(min(_MOST_OUTLINE, max(4 * _FIRST_OUTLINE, 2 * (width + height))))
    x, y = sky.pixels(ra, dec) if len(ra) else (ra, dec)
    on = (x > 0.5) & (x < width + 0.5) & (y > 0.5) & (y < height + 0.5)
    px, py = np.floor(x[on] - 0.5).astype(np.int64), np.floor(y[on] - 0.5).astype(np.int64)
    found.add(np.stack([px, px + 1, py, py + 1], axis=-1))
    cells = _grid(width, height)
    smallest = max(width, height) // 64
    while len(cells):
        inside, outside = _judged(sky, shape, cells, smallest)
        found.add(cells[inside])
        cells = found.beyond(cells[~(inside | outside)])
        cells = found.beyond(_halved(cells))
    if found.x1 <= found.x0 or found.y1 <= found.y0:
        return None
    whole = bool(len(ra)) and _inside(x, y, width, height)
    return Window((found.x0, found.x1), (found.y0, found.y1), whole)


def _grid(width: int, height: int) -> Cells:
    xs = np.unique(np.linspace(0, width, min(_PARTS, width) + 1).astype(np.int64))
    ys = np.unique(np.linspace(0, height, min(_PARTS, height) + 1).astype(np.int64))
    x0, y0 = np.meshgrid(xs[:-1], ys[:-1])
    x1, y1 = np.meshgrid(xs[1:], ys[1:])
    return np.stack([x0.ravel(), x1.ravel(), y0.ravel(), y1.ravel()], axis=-1)


def _judged(
    sky: Celestial, shape: Shape, cells: Cells, smallest: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which cells are all in the region (of one pixel: touch it), and which are all outside.

    `smallest` is the size below which a cell without any position is given up.
    """
    x0, x1, y0, y1 = (cells + 0.5).T
    xs = np.concatenate([(x0 + x1) / 2, x0, x1, x0, x1])
    ys = np.concatenate([(y0 + y1) / 2, y0, y0, y1, y1])
    vectors = unit_vectors(*sky.icrs(xs, ys)).reshape(5, len(cells), 3)
    middle, corners = vectors[0], vectors[1:]
    chords = np.linalg.norm(corners - middle, axis=-1)
    lost = ~np.isfinite(chords).all(axis=0)
    size = _ROUNDER * np.degrees(2 * np.arcsin(np.clip(chords.max(axis=0) / 2, 0, 1)))
    depth = shape.depth(middle)
    known = ~lost & (size < _WIDE)
    inside, outside = known & (depth < -size), known & (depth > size)
    single = (cells[:, 1] - cells[:, 0] == 1) & (cells[:, 3] - cells[:, 2] == 1)
    if single.any():
        depths = [depth[single], *(shape.depth(corner[single]) for corner in corners)]
        inside[single] = (np.fmin.reduce(depths) <= 0) & np.isfinite(depth[single])
        outside[single] = ~inside[single]
    empty = np.isnan(vectors[..., 0]).all(axis=0)
    outside |= empty & (np.maximum(x1 - x0, y1 - y0) <= smallest)
    return inside, outside


def _halved(cells: Cells) -> Cells:
    """Each cell in up to four."""
    x0, x1, y0, y1 = cells.T
    xm, ym = (x0 + x1 + 1) // 2, (y0 + y1 + 1) // 2
    parts = np.concatenate(
        [
            np.stack([left, right, low, high], axis=-1)
            for left, right in ((x0, xm), (xm, x1))
            for low, high in ((y0, ym), (ym, y1))
        ]
    )
    return parts[(parts[:, 1] > parts[:, 0]) & (parts[:, 3] > parts[:, 2])]
