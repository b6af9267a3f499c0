"""A star with a planet: Keplerian velocities, and how the Earth moves under the telescope."""

from dataclasses import dataclass

import erfa
import numpy as np
from numpy.typing import NDArray

from service.demo.atmosphere import Star
from service.demo.stars import Target

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Orbit:
    """Period in days, time of periastron as MJD, semi-amplitude in km/s, argument in degrees."""

    period: float
    periastron: float
    semi_amplitude: float
    eccentricity: float
    argument: float


# The elements published for 51 Pegasi b, with an eccentricity that shows in the curve.
PLANET_ORBIT = Orbit(4.230785, 58301.62, 0.0559, 0.12, 58.0)
PLANET_HOST = Target(
    "SIM 51 Peg analogue", 344.36658, 20.76883, Star(5790.0, 0.20, 2.2, -33.2, 5.45)
)
SITE = (-70.7345, -29.2584, 2400.0)  # degrees east, degrees north, metres
_MJD_ZERO = 2400000.5
_LIGHT_KM_S = 299792.458


def eccentric_anomaly(mean_anomaly: Array, eccentricity: float) -> Array:
    """Kepler's equation by Newton's method, radians; converges for eccentricities below 0.8."""
    anomaly = mean_anomaly + eccentricity * np.sin(mean_anomaly)
    for _ in range(12):
        excess = anomaly - eccentricity * np.sin(anomaly) - mean_anomaly
        anomaly = anomaly - excess / (1 - eccentricity * np.cos(anomaly))
    return anomaly


def radial_velocity(orbit: Orbit, mjd: Array) -> Array:
    """Velocity of the star around the centre of mass, km/s, positive away from us."""
    mean_anomaly = 2 * np.pi * ((mjd - orbit.periastron) / orbit.period % 1)
    eccentric = eccentric_anomaly(mean_anomaly, orbit.eccentricity)
    half = np.sqrt((1 + orbit.eccentricity) / (1 - orbit.eccentricity)) * np.tan(eccentric / 2)
    angle = 2 * np.arctan(half) + np.radians(orbit.argument)
    constant = orbit.eccentricity * np.cos(np.radians(orbit.argument))
    return np.asarray(orbit.semi_amplitude * (np.cos(angle) + constant))


def barycentric_correction(ra: Array, dec: Array, mjd: Array) -> Array:
    """km/s to add to a measured velocity; positions in degrees, ICRS, times UTC.

    To 5 m/s: without relativity, polar motion and UT1 - UTC.
    """
    lon, lat, height = SITE
    seen, _ = erfa.apco13(
        _MJD_ZERO, mjd, 0, np.radians(lon), np.radians(lat), height, 0, 0, 0, 0, 0, 0.5
    )
    towards = erfa.s2c(np.radians(ra), np.radians(dec))
    return np.asarray(_LIGHT_KM_S * np.sum(seen["v"] * towards, axis=-1), dtype=np.float64)


def epochs(seed: int, count: int) -> Array:
    """MJD of the middle of each exposure: two seasons, a few nights in a row, then a pause."""
    rng = np.random.default_rng([seed, 31])
    starts = np.sort(rng.choice(np.arange(0, 90, 6), size=(count + 3) // 4, replace=False))
    nights = (starts[:, None] + np.arange(4)).ravel()[:count]
    season = np.where(np.arange(count) < count // 2, 58330.0, 58700.0)
    return np.asarray(season + nights + rng.uniform(0.12, 0.34, count))
