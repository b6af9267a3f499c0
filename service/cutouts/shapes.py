"""Regions on the sphere: where their edges run, and how far a position is from them."""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from service.cutouts.wanted import Circle, Polygon, Range
from service.ingest.celestial import Points, unit_vectors


class Shape(Protocol):
    """A region as the search for its pixels sees it."""

    def outline(self, count: int) -> tuple[Points, Points]:
        """About `count` positions (ra, dec) along its edges, in order, corners among them.

        None at all for a region without edges: the whole sky.
        """

    def depth(self, vectors: Points) -> Points:
        """Degrees from positions, unit vectors of shape (n, 3), to the region.

        Where the position is outside, not more than its distance from the region; inside, minus
        not more than its distance from the edge. NaN where a vector is.
        """


@dataclass(frozen=True, slots=True)
class Disc:
    """A circle."""

    circle: Circle

    def outline(self, count: int) -> tuple[Points, Points]:
        """Positions at equal angles."""
        if self.circle.radius >= 180:
            return np.empty(0), np.empty(0)
        turn = np.linspace(0, 2 * math.pi, count, endpoint=False)
        centre = unit_vectors(np.array([self.circle.ra]), np.array([self.circle.dec]))[0]
        pole = np.array([0.0, 0.0, 1.0]) if abs(centre[2]) < 0.9 else np.array([1.0, 0.0, 0.0])
        east = np.cross(pole, centre)
        east /= np.linalg.norm(east)
        north = np.cross(centre, east)
        r = math.radians(self.circle.radius)
        around = np.outer(np.cos(turn), north) + np.outer(np.sin(turn), east)
        return degrees(math.cos(r) * centre + math.sin(r) * around)

    def depth(self, vectors: Points) -> Points:
        """Exact."""
        centre = unit_vectors(np.array([self.circle.ra]), np.array([self.circle.dec]))
        return np.asarray(angles(vectors, centre)[:, 0] - self.circle.radius)


@dataclass(frozen=True, slots=True)
class Patch:
    """A polygon smaller than a hemisphere: the inside is on the side of its corners' mean."""

    polygon: Polygon

    def _corners(self) -> Points:
        ra, dec = np.array(self.polygon.vertices, dtype=float).T
        corners = unit_vectors(ra, dec)
        apart = np.linalg.norm(corners - np.roll(corners, 1, axis=0), axis=1) > 0
        return corners[apart] if apart.any() else corners[:1]

    def outline(self, count: int) -> tuple[Points, Points]:
        """Each edge divided evenly along its great circle."""
        corners = self._corners()
        ends = np.roll(corners, -1, axis=0)
        lengths = 2 * np.arcsin(np.clip(np.linalg.norm(ends - corners, axis=1) / 2, 0, 1))
        total = float(lengths.sum()) or 1.0
        pieces = []
        for start, end, length in zip(corners, ends, lengths, strict=True):
            step = np.linspace(0, 1, max(1, math.ceil(count * length / total)), endpoint=False)
            if length < 1e-9:
                pieces.append(np.outer(1 - step, start) + np.outer(step, end))
                continue
            weight = np.sin(length * step) / math.sin(length)
            pieces.append(np.outer(np.sin(length * (1 - step)) / math.sin(length), start))
            pieces[-1] += np.outer(weight, end)
        return degrees(np.concatenate(pieces))

    def depth(self, vectors: Points) -> Points:
        """Exact."""
        corners = self._corners()
        nearest = np.full(len(vectors), np.inf)
        winding = np.zeros(len(vectors))
        for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            nearest = np.minimum(nearest, _to_edge(vectors, start, end))
            winding += np.arctan2(
                vectors @ np.cross(start, end),
                start @ end - (vectors @ start) * (vectors @ end),
            )
        inside = (np.abs(winding) > math.pi) & (vectors @ corners.sum(axis=0) > 0)
        return np.where(inside, -nearest, nearest)


@dataclass(frozen=True, slots=True)
class Box:
    """Between meridians and parallels."""

    box: Range

    def _sides(self) -> tuple[float, float, float, float]:
        """West, width, south, north; width 360 for all around."""
        box = self.box
        south, north = max(-90.0, box.dec_min), min(90.0, box.dec_max)
        if math.isinf(box.ra_min) or math.isinf(box.ra_max):
            west = 0.0 if math.isinf(box.ra_min) else box.ra_min
            east = 360.0 if math.isinf(box.ra_max) else box.ra_max
        else:
            west, east = box.ra_min, box.ra_max
        width = east - west
        return west, min(width if width >= 0 else width % 360.0, 360.0), south, north

    def outline(self, count: int) -> tuple[Points, Points]:
        """Along the south, the east, the north and the west; a ring has no sides."""
        west, width, south, north = self._sides()
        each = max(2, count // 4)
        along, up = np.linspace(0, width, each * 2), np.linspace(south, north, each)
        ra = [west + along, west + along[::-1]]
        dec = [np.full(each * 2, south), np.full(each * 2, north)]
        if width < 360:
            ra[1:1] = [np.full(each, west + width)]
            dec[1:1] = [up]
            ra.append(np.full(each, west))
            dec.append(up[::-1])
        elif south == -90 and north == 90:
            return np.empty(0), np.empty(0)
        return np.mod(np.concatenate(ra), 360.0), np.concatenate(dec)

    def depth(self, vectors: Points) -> Points:
        """The larger of what the parallels and the meridians give: a bound, as it must be."""
        west, width, south, north = self._sides()
        ra, dec = degrees(vectors)
        beyond = np.maximum(south - dec, dec - north)
        if width >= 360:
            return np.asarray(beyond)
        left = np.mod(ra - west + 180, 360.0) - 180  # from the western meridian, eastward
        right = np.mod(ra - west - width + 180, 360.0) - 180
        inside = np.mod(ra - west, 360.0) <= width
        gap = np.minimum(_to_meridian(left, dec), _to_meridian(right, dec))
        return np.asarray(np.maximum(beyond, np.where(inside, -gap, gap)))


def shape_of(region: Circle | Polygon | Range) -> Shape:
    """The region's edges and depths."""
    if isinstance(region, Circle):
        return Disc(region)
    return Patch(region) if isinstance(region, Polygon) else Box(region)


def degrees(vectors: Points) -> tuple[Points, Points]:
    """Right ascension [0, 360) and declination of vectors, shape (n, 3)."""
    x, y, z = vectors.T
    ra = np.mod(np.degrees(np.arctan2(y, x)), 360.0)
    return ra, np.degrees(np.arctan2(z, np.hypot(x, y)))


def angles(vectors: Points, others: Points) -> Points:
    """Degrees between vectors, shapes (n, 3) and (m, 3) to (n, m) or (n, 3), (n, 3) broadcast."""
    chord = np.linalg.norm(vectors[:, None, :] - others[None, :, :], axis=-1)
    return np.asarray(np.degrees(2 * np.arcsin(np.clip(chord / 2, 0, 1))))


def _to_edge(vectors: Points, start: Points, end: Points) -> Points:
    """Degrees to a piece of a great circle."""
    normal = np.cross(start, end)
    length = float(np.linalg.norm(normal))
    to_ends = angles(vectors, np.stack([start, end])).min(axis=1)
    if length < 1e-15:
        return np.asarray(to_ends)
    normal /= length
    beside = (vectors @ np.cross(normal, start) >= 0) & (vectors @ np.cross(end, normal) >= 0)
    across = np.degrees(np.arcsin(np.clip(np.abs(vectors @ normal), 0, 1)))
    return np.asarray(np.where(beside, across, to_ends))


def _to_meridian(away: Points, dec: Points) -> Points:
    """Degrees to a meridian `away` degrees of right ascension off: to its nearer end if beyond."""
    near = np.degrees(np.arcsin(np.abs(np.sin(np.radians(away))) * np.cos(np.radians(dec))))
    return np.asarray(np.where(np.abs(away) < 90, near, 90 - np.abs(dec)))
