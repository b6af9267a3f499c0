"""Brute force on the sphere: shapes as points close to each other, and what holds a point."""

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Points: TypeAlias = npt.NDArray[np.float64]  # unit vectors, one a row
Vertices: TypeAlias = npt.NDArray[np.float64]  # longitude and latitude in degrees, one a row
Holds: TypeAlias = Callable[[Points], npt.NDArray[np.bool_]]


def vectors(lon: npt.ArrayLike, lat: npt.ArrayLike) -> Points:
    """Unit vectors of positions in degrees."""
    a, d = np.radians(np.asarray(lon, float)), np.radians(np.asarray(lat, float))
    return np.stack([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)], axis=-1)


def in_polygon(corners: Vertices) -> Holds:
    """Whether points lie in a convex polygon, on the inner side of every edge."""
    points = vectors(corners[:, 0], corners[:, 1])
    normals = np.cross(points, np.roll(points, -1, axis=0))
    if normals[0] @ points.mean(axis=0) < 0:
        normals = -normals
    return lambda where: np.all(where @ normals.T >= -1e-12, axis=1)


def in_circle(lon: float, lat: float, radius: float) -> Holds:
    """Whether points lie within `radius` degrees of a position."""
    centre = vectors(lon, lat)
    return lambda where: (
        np.linalg.norm(where - centre, axis=1) <= (2 * math.sin(math.radians(radius) / 2) + 1e-12)
    )


def in_range(west: float, width: float, south: float, north: float) -> Holds:
    """Whether points lie in a range of coordinates."""

    def holds(where: Points) -> npt.NDArray[np.bool_]:
        lon = np.degrees(np.arctan2(where[:, 1], where[:, 0]))
        lat = np.degrees(np.arcsin(np.clip(where[:, 2], -1, 1)))
        inside: npt.NDArray[np.bool_] = (lat >= south - 1e-9) & (lat <= north + 1e-9)
        return inside & ((lon - west + 1e-9) % 360 <= width + 2e-9)

    return holds


def filling(corners: Vertices, steps: int = 60) -> Points:
    """Points all over a convex quadrilateral, its edges included."""
    a, b, c, d = vectors(corners[:, 0], corners[:, 1])
    s, t = (grid.ravel()[:, None] for grid in np.meshgrid(*[np.linspace(0, 1, steps)] * 2))
    points = (1 - s) * (1 - t) * a + s * (1 - t) * b + s * t * c + (1 - s) * t * d
    return np.asarray(points / np.linalg.norm(points, axis=1)[:, None])
