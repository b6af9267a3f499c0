"""The outline of an image on the sky from its WCS."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from service.ingest.celestial import Celestial, Points, unit_vectors
from service.ingest.fits import Hdu
from service.ingest.header import Header
from service.ingest.sky import separation, unit_vector

_EDGE_POINTS = 8
_HALF_SKY = 85.0  # degrees from the centre, beyond which an outline is no polygon


@dataclass(frozen=True, slots=True)
class Footprint:
    """An outline in ICRS degrees, counter-clockwise as seen from the Earth (DALI 1.1 §3.3.7).

    `vertices` is empty and `s_region` None where the outline is no polygon; the whole sky is a
    circle of 180 degrees.
    """

    ra: float | None
    dec: float | None
    fov: float | None
    pixel_scale: float | None  # arcseconds
    vertices: tuple[float, ...]
    s_region: str | None
    xel1: int
    xel2: int


def _outline(width: int, height: int, inset: float) -> tuple[Points, Points]:
    """Points along the edges of an image, a corner first and every _EDGE_POINTS."""
    low, right, top = 0.5 + inset, width + 0.5 - inset, height + 0.5 - inset
    step = np.arange(_EDGE_POINTS) / _EDGE_POINTS
    east = low + step * (right - low)
    north = low + step * (top - low)
    first, last = np.full(_EDGE_POINTS, low), np.full(_EDGE_POINTS, right)
    bottom, upper = first, np.full(_EDGE_POINTS, top)
    x = np.concatenate([east, last, low + right - east, first])
    y = np.concatenate([bottom, north, upper, low + top - north])
    return x, y


def _straight(vectors: Points, tolerance: float) -> bool:
    """Whether the points between corners lie within `tolerance` (radians) of the great circles."""
    corners = vectors[::_EDGE_POINTS]
    normals = _cross(corners, np.concatenate([corners[1:], corners[:1]]))
    lengths = np.sqrt((normals**2).sum(axis=1))
    edges = vectors.reshape(len(corners), _EDGE_POINTS, 3)
    away = np.abs(np.einsum("eps,es->ep", edges, normals)).max(axis=1)
    return bool(np.all(away <= tolerance * lengths))


def _cross(a: Points, b: Points) -> Points:
    """Rows of a cross rows of b (np.cross does the same with ten times the overhead)."""
    return np.stack(
        [
            a[:, 1] * b[:, 2] - a[:, 2] * b[:, 1],
            a[:, 2] * b[:, 0] - a[:, 0] * b[:, 2],
            a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0],
        ],
        axis=-1,
    )


def _counter_clockwise(vectors: Points) -> Points:
    """The same vertices, counter-clockwise as seen from the centre of the sphere."""
    following = np.concatenate([vectors[1:], vectors[:1]])
    turns = _cross(vectors, following).sum(axis=0) @ vectors.sum(axis=0)
    return vectors[::-1] if turns > 0 else vectors


def _degrees(vectors: Points) -> tuple[float, ...]:
    x, y, z = vectors.T
    ra = np.mod(np.degrees(np.arctan2(y, x)), 360.0)
    dec = np.degrees(np.arctan2(z, np.hypot(x, y)))
    return tuple(float(v) for v in np.stack([ra, dec], axis=-1).ravel())


def polygon_text(vertices: Iterable[float]) -> str:
    """s_region of a polygon: POLYGON ICRS ra dec ra dec ..."""
    return "POLYGON ICRS " + " ".join(f"{value:.8f}" for value in vertices)


def footprint(hdu: Hdu, primary: Header) -> Footprint:
    """The outline of an image HDU.

    Raises ValueError where the header's WCS has no celestial axes or wcslib cannot use it.
    """
    try:
        sky = Celestial(hdu.header, primary)
    except Exception as error:  # astropy.wcs raises many kinds for cards that make no sense
        lines = str(error).strip().splitlines()
        raise ValueError(lines[-1] if lines else type(error).__name__) from None
    width, height = (hdu.shape[axis] if axis < len(hdu.shape) else 1 for axis in sky.axes)
    cx, cy = (width + 1) / 2, (height + 1) / 2
    ra, dec = sky.icrs(np.array([cx, cx + 0.5, cx]), np.array([cy, cy, cy + 0.5]))
    if not (math.isfinite(ra[0]) and math.isfinite(dec[0])):
        return Footprint(None, None, None, None, (), None, width, height)
    centre = unit_vector(float(ra[0]), float(dec[0]))
    scale = _pixel_scale(ra, dec)
    for inset in (0.0, 0.01, 0.5):  # corners of HEALPix tiles touch points that are off the sky
        outline = unit_vectors(*sky.icrs(*_outline(width, height, inset)))
        if np.isfinite(outline).all():
            break
    finite = bool(np.isfinite(outline).all())
    reach = math.degrees(math.acos(np.clip(np.min(outline @ centre), -1, 1))) if finite else 180.0
    here = (float(ra[0]), float(dec[0]))
    if reach > _HALF_SKY:
        whole = _covers_sky(sky, width, height)
        region = f"CIRCLE ICRS {here[0]:.8f} {here[1]:.8f} 180" if whole else None
        return Footprint(*here, 360.0 if whole else None, scale, (), region, width, height)
    if _straight(outline, math.radians((scale or 0.0) / 3600) / 2):
        outline = outline[::_EDGE_POINTS]
    vertices = _degrees(_counter_clockwise(outline))
    return Footprint(*here, 2 * reach, scale, vertices, polygon_text(vertices), width, height)


def _pixel_scale(ra: Points, dec: Points) -> float | None:
    """Arcseconds: the geometric mean of the sides of the centre's pixel."""
    sides = [separation(ra[0], dec[0], ra[i], dec[i]) * 7200 for i in (1, 2)]
    scale = math.sqrt(sides[0] * sides[1])
    return scale if math.isfinite(scale) and scale > 0 else None


def _covers_sky(sky: Celestial, width: int, height: int) -> bool:
    """Whether an image shows the whole sky: the pixels found fall into every 15 degree patch."""
    x, y = np.meshgrid(np.linspace(1, width, 160), np.linspace(1, height, 160))
    ra, dec = sky.icrs(x.ravel(), y.ravel())
    good = np.isfinite(ra) & np.isfinite(dec)
    bands = np.clip(((np.sin(np.radians(dec[good])) + 1) * 6).astype(int), 0, 11)
    patches = bands * 24 + (ra[good] // 15).astype(int) % 24
    return len(np.unique(patches)) == 12 * 24


def hull(footprints: list[Footprint]) -> tuple[tuple[float, ...], float]:
    """Vertices of the convex hull of several outlines, and the diameter around its centre.

    The outlines lie within one hemisphere (a mosaic of detectors); gnomonic about their centre.
    """
    points = np.concatenate([unit_vectors(*np.reshape(f.vertices, (-1, 2)).T) for f in footprints])
    centre = points.sum(axis=0) / np.linalg.norm(points.sum(axis=0))
    pole = np.array([0.0, 0.0, 1.0]) if abs(centre[2]) < 0.9 else np.array([1.0, 0.0, 0.0])
    east = np.cross(pole, centre)
    east /= np.linalg.norm(east)
    north = np.cross(centre, east)
    plane = np.stack([points @ east, points @ north], axis=-1) / (points @ centre)[:, None]
    order = sorted(range(len(plane)), key=lambda i: (plane[i][0], plane[i][1]))
    chain: list[int] = []
    for sweep in (order, order[::-1]):
        half: list[int] = []
        for i in sweep:
            while len(half) > 1 and _turn(plane[half[-2]], plane[half[-1]], plane[i]) <= 0:
                half.pop()
            half.append(i)
        chain += half[:-1]
    vectors = _counter_clockwise(points[chain])
    reach = math.degrees(math.acos(np.clip(np.min(vectors @ centre), -1, 1)))
    return _degrees(vectors), 2 * reach


def _turn(a: Points, b: Points, c: Points) -> float:
    return float((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))
