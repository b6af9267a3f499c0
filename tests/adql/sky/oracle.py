"""Shapes on the sphere by brute force: boundaries as many points, areas by their sums.

Nothing here knows of the translator or its SQL. A polygon is its edges cut into short pieces and
drawn in a stereographic plane; `outside` is positive outside a shape, negative inside, in degrees.
"""

from dataclasses import dataclass

import numpy as np
from astropy.coordinates import angular_separation

_PIECES = 40


def vectors(degrees: np.ndarray) -> np.ndarray:
    """Unit vectors of positions, shape (..., 2) to (..., 3)."""
    lon, lat = np.radians(degrees[..., 0]), np.radians(degrees[..., 1])
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)


def degrees(v: np.ndarray) -> np.ndarray:
    """Positions of vectors, shape (..., 3) to (..., 2)."""
    lon = np.degrees(np.arctan2(v[..., 1], v[..., 0])) % 360
    return np.stack([lon, np.degrees(np.arctan2(v[..., 2], np.hypot(v[..., 0], v[..., 1])))], -1)


def angle(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Degrees between positions, Vincenty's form."""
    a, b = np.radians(a), np.radians(b)
    return np.degrees(angular_separation(a[..., 0], a[..., 1], b[..., 0], b[..., 1]))


def toward(centre: np.ndarray, bearing: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """Positions at a distance and bearing (degrees, east of north) from a centre."""
    lon, lat = np.radians(centre)
    c = vectors(centre)
    east = np.array([-np.sin(lon), np.cos(lon), 0])
    north = np.array([-np.sin(lat) * np.cos(lon), -np.sin(lat) * np.sin(lon), np.cos(lat)])
    t, d = np.radians(bearing)[:, None], np.radians(distance)[:, None]
    return degrees(np.cos(d) * c + np.sin(d) * (np.cos(t) * north + np.sin(t) * east))


@dataclass(frozen=True)
class Disc:
    """A circle, or a point where the radius is 0."""

    centre: np.ndarray
    radius: float

    def boundary(self) -> np.ndarray:
        bearings = np.linspace(0, 360, 8 * _PIECES)
        return toward(self.centre, bearings, np.full_like(bearings, self.radius))

    def outside(self, positions: np.ndarray) -> np.ndarray:
        return angle(positions, self.centre) - self.radius

    def area(self) -> float:
        return float(4 * np.pi * np.sin(np.radians(self.radius / 2)) ** 2 * np.degrees(1) ** 2)

    def text(self) -> str:
        if self.radius == 0:
            return "POSITION ICRS {!r} {!r}".format(*self.centre.tolist())
        return "CIRCLE ICRS {!r} {!r} {!r}".format(*self.centre.tolist(), self.radius)

    def adql(self) -> str:
        lon, lat = self.centre.tolist()
        return f"POINT({lon!r}, {lat!r})" if self.radius == 0 else (
            f"CIRCLE({lon!r}, {lat!r}, {self.radius!r})"
        )  # fmt: skip


@dataclass(frozen=True)
class Polygon:
    """Edges of great circles; the inside is the smaller side."""

    corners: np.ndarray

    def boundary(self) -> np.ndarray:
        return degrees(self._pieces())

    def _pieces(self) -> np.ndarray:
        a = vectors(self.corners)[:, None, :]
        b = np.roll(a, -1, axis=0)
        t = np.linspace(0, 1, _PIECES, endpoint=False)[None, :, None]
        omega = np.arctan2(
            np.linalg.norm(np.cross(a, b), axis=-1), np.sum(a * b, axis=-1)
        )[..., None]  # fmt: skip
        sine = np.where(omega > 1e-14, np.sin(omega), 1)
        arc = np.where(
            omega > 1e-14, (np.sin((1 - t) * omega) * a + np.sin(t * omega) * b) / sine, a + 0 * t
        )
        return arc.reshape(-1, 3)

    def _plane(self, v: np.ndarray) -> np.ndarray:
        """Stereographic coordinates around the mean of the boundary; its antipode is infinity."""
        m = self._pieces().mean(axis=0)
        m = m / np.linalg.norm(m)
        u = np.cross(m, [0.3, -0.5, 0.81])
        u /= np.linalg.norm(u)
        w = np.cross(m, u)
        below = 1 + v @ m
        return np.stack([v @ u, v @ w], -1) / below[..., None]

    def _signed_area(self) -> float:
        """Steradians on the side away from infinity, by Green's theorem."""
        p = self._plane(self._pieces())
        q = np.roll(p, -1, axis=0)
        middle = (p + q) / 2
        turned = p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0]
        return float(np.sum(2 * turned / (1 + np.sum(middle**2, axis=-1))))

    def area(self) -> float:
        near = abs(self._signed_area())
        return min(near, 4 * np.pi - near) * float(np.degrees(1) ** 2)

    def outside(self, positions: np.ndarray) -> np.ndarray:
        at = self._plane(vectors(positions))
        p = self._plane(self._pieces())
        q = np.roll(p, -1, axis=0)
        x, y = at[..., 0, None], at[..., 1, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            crossing = (p[:, 1] > y) != (q[:, 1] > y)
            left = x < (q[:, 0] - p[:, 0]) * (y - p[:, 1]) / (q[:, 1] - p[:, 1]) + p[:, 0]
        near_side = np.sum(crossing & left, axis=-1) % 2 == 1
        inside = near_side == (abs(self._signed_area()) < 2 * np.pi)
        apart = vectors(positions)[..., None, :] - self._pieces()
        chord = np.sqrt(np.einsum("...i,...i->...", apart, apart).min(axis=-1))
        edge = np.degrees(2 * np.arcsin(np.clip(chord / 2, 0, 1)))
        return np.where(inside, -edge, edge)

    def centroid(self) -> np.ndarray:
        """Direction of the first moment: half the sum of r x dr along the boundary; of the plane's
        where all is within a few arcseconds."""
        v = self._pieces()
        apart = v - v[0]
        if np.abs(apart).max() < 1e-4:
            turned = np.cross(apart, np.roll(apart, -1, axis=0)) @ v[0]
            middle = turned @ (apart + np.roll(apart, -1, axis=0)) / 3 / turned.sum()
            return degrees(v[0] + middle)
        moment = np.cross(v, np.roll(v, -1, axis=0)).sum(axis=0)
        ends = degrees(np.stack([moment, -moment]))
        outside: np.ndarray = self.outside(ends)
        middle = ends[outside.argmin()]
        return middle

    def text(self) -> str:
        return "POLYGON ICRS " + " ".join(map(repr, self.corners.ravel().tolist()))

    def adql(self) -> str:
        return f"POLYGON({', '.join(map(repr, self.corners.ravel().tolist()))})"


Shape = Disc | Polygon


def contains(a: Shape, b: Shape) -> tuple[bool, float]:
    """Whether a lies within b, and how far in degrees it is from being otherwise."""
    reach = float(b.outside(a.boundary()).max())
    return reach <= 0, abs(reach)


def intersects(a: Shape, b: Shape) -> tuple[bool, float]:
    """Whether a and b meet, and how far in degrees they are from being otherwise."""
    nearest = min(float(b.outside(a.boundary()).min()), float(a.outside(b.boundary()).min()))
    return nearest <= 0, abs(nearest)
