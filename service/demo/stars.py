"""The demo's stars: who they are, and what a simulated spectrograph sees of them."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from service.demo import lines
from service.demo.atmosphere import (
    LIGHT_SPEED,
    Star,
    band_depth,
    broaden,
    line_spectrum,
    log_grid,
    metal_depth,
    planck,
)

Array = NDArray[np.float64]

# Main sequence: temperature in K and absolute V magnitude, hot to cool.
SEQUENCE_TEFF = np.array([22000, 13000, 9700, 8200, 7200, 6400, 5900, 5500, 4900, 4300, 3700, 3100])
SEQUENCE_MV = np.array([-2.4, 0.1, 0.9, 2.1, 3.0, 3.9, 4.6, 5.2, 6.4, 7.7, 9.6, 13.0])
CLASS_LIMITS = (("B", 10000), ("A", 7400), ("F", 6000), ("G", 5250), ("K", 3850), ("M", 0))
CLUSTER_DISTANCE_MODULUS = 10.0
ZERO_MAGNITUDE_FLUX = 3.63e-9  # erg s-1 cm-2 Angstrom-1 at 5500 Angstrom, V = 0


@dataclass(frozen=True)
class Target:
    """A star with its name and place: degrees, ICRS."""

    name: str
    ra: float
    dec: float
    star: Star


@dataclass(frozen=True)
class Spectrograph:
    """Range in Angstrom, sampling in km/s, resolving power; `fine` is the sampling of the model."""

    name: str
    minimum: float
    maximum: float
    step: float
    resolving_power: float
    fine: int
    doppler: float  # km/s, thermal and turbulent width of a line in the model


@dataclass(frozen=True)
class Spectrum1D:
    """Wavelength in Angstrom (air), flux and its error in 1e-16 erg s-1 cm-2 Angstrom-1."""

    wavelength: Array
    flux: Array
    error: Array
    snr: float


SURVEY_SPECTROGRAPH = Spectrograph("SIM-SURVEY", 3800.0, 7500.0, 60.0, 2500.0, 12, 6.0)
ECHELLE = Spectrograph("SIM-ECHELLE", 5000.0, 5600.0, 1.5, 60000.0, 3, 3.2)
PADDING = 700.0  # km/s of model beyond both ends, so that shifts bring in true spectrum


def spectral_class(teff: float) -> str:
    """The letter and digit of a dwarf's temperature class, as G2."""
    upper = 30000
    for letter, lower in CLASS_LIMITS:
        if teff >= lower:
            floor = max(lower, 2400)
            return f"{letter}{min(9, int(10 * (upper - teff) / (upper - floor)))}"
        upper = lower
    raise ValueError(f"temperature {teff} K is below every class")


def draw_star(rng: np.random.Generator, teff: float, distance_modulus: float | None) -> Star:
    """A dwarf of this temperature: rotation by class, field metallicity and velocity.

    Members of a cluster (a distance modulus given) share distance, metallicity and velocity.
    """
    vsini = float(rng.gamma(4, 40) if teff > 7000 else rng.gamma(3, 6 if teff > 6000 else 1.2))
    if distance_modulus is None:
        vmag = float(rng.uniform(6.5, 13.5))
        return Star(teff, float(rng.normal(-0.1, 0.25)), vsini, float(rng.normal(0, 28)), vmag)
    mv = float(np.interp(-teff, -SEQUENCE_TEFF, SEQUENCE_MV))
    vmag = mv + distance_modulus + float(rng.normal(0, 0.08))
    return Star(teff, 0.03, vsini, 5.9 + float(rng.normal(0, 0.6)), vmag)


def field_stars(seed: int, count: int) -> list[Target]:
    """Dwarfs all over the sky; the hot and young ones keep close to the plane of the Galaxy."""
    rng = np.random.default_rng([seed, 21])
    targets = []
    for index in range(count):
        teff = float(np.interp(rng.random(), np.linspace(0, 1, 12), SEQUENCE_TEFF[::-1]))
        width = 0.08 if teff > 9000 else 0.35 if teff > 6000 else 2.0
        sin_b = float(np.clip(rng.normal(0, width), -1, 1)) if width < 1 else rng.uniform(-1, 1)
        ra, dec = galactic_to_icrs(rng.uniform(0, 360), np.degrees(np.arcsin(sin_b)))
        star = draw_star(rng, teff, None)
        targets.append(Target(f"SIM {spectral_class(teff)} {index + 1:04d}", ra, dec, star))
    return targets


def cluster_stars(seed: int, count: int, ra: float, dec: float, radius: float) -> list[Target]:
    """An open cluster around a position; `radius` in degrees holds half of the stars."""
    rng = np.random.default_rng([seed, 22])
    teff = np.sort(3200 + 8300 * rng.power(0.6, count) ** 2.6)[::-1]
    distance = radius * np.sqrt(1 / (rng.uniform(0.02, 0.98, count) ** -0.5 - 0.9))
    angle = rng.uniform(0, 2 * np.pi, count)
    east = distance * np.cos(angle) / np.cos(np.radians(dec))
    north = distance * np.sin(angle)
    return [
        Target(
            f"SIM-CLUSTER {index + 1:03d}",
            ra + float(east[index]),
            dec + float(north[index]),
            draw_star(rng, float(teff[index]), CLUSTER_DISTANCE_MODULUS),
        )
        for index in range(count)
    ]


def galactic_to_icrs(longitude: float, latitude: float) -> tuple[float, float]:
    """Degrees to degrees, by the rotation of the Hipparcos catalogue."""
    rotation = np.array(
        [
            [-0.0548755604, -0.8734370902, -0.4838350155],
            [0.4941094279, -0.4448296300, 0.7469822445],
            [-0.8676661490, -0.1980763734, 0.4559837762],
        ]
    )
    lon, lat = np.radians(longitude), np.radians(latitude)
    vector = [np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)]
    x, y, z = np.array(vector) @ rotation
    return float(np.degrees(np.arctan2(y, x)) % 360), float(np.degrees(np.arcsin(z)))


def throughput(wavelength: Array) -> Array:
    """Relative efficiency of a grating spectrograph with a silicon detector: 1 at its best."""
    x = (wavelength - 6000) / 2400
    return np.exp(-(x**2) - 0.6 * np.clip(-x, 0, None) ** 3)


@lru_cache(maxsize=64)
def metal_model(instrument: Spectrograph, teff: float, seed: int) -> tuple[Array, Array]:
    """Fine log grid in air, and the optical depth of solar metals on it at this temperature."""
    margin = 1 + PADDING / LIGHT_SPEED
    step = instrument.step / instrument.fine
    grid = log_grid(instrument.minimum / margin, instrument.maximum * margin, step)
    return grid, metal_depth(grid, teff, instrument.doppler, seed)


def rest_model(instrument: Spectrograph, star: Star, seed: int) -> tuple[Array, Array]:
    """Fine log grid in air and the star's flux over continuum on it, at rest.

    Metals come from the model nearest in temperature: the models are 4 per cent apart.
    """
    node = float(np.exp(np.round(np.log(star.teff) / 0.04) * 0.04))
    grid, metals = metal_model(instrument, node, seed)
    relative = line_spectrum(grid, star.teff, star.metallicity, metals, instrument.doppler)
    return grid, relative


def observe(
    instrument: Spectrograph,
    star: Star,
    model: tuple[Array, Array],
    *,
    snr: float,
    telluric_shift: float,
    rng: np.random.Generator,
) -> Spectrum1D:
    """One exposure, shifted to the Solar System's barycentre.

    `star.velocity` (km/s, positive away from us) moves the star's lines, `telluric_shift`, the
    barycentric correction, those of the Earth's air. `snr` is per pixel at the best wavelength.
    """
    grid, relative = model
    fine_step = instrument.step / instrument.fine
    shape = broaden(
        relative,
        fine_step,
        vsini=star.vsini,
        resolving_power=instrument.resolving_power,
        shift=star.velocity,
    )
    air = np.zeros_like(grid)
    for head, scale, strength in lines.TELLURIC_BANDS:
        air += band_depth(grid / (1 + telluric_shift / LIGHT_SPEED), head, scale, strength)
    shape *= broaden(
        np.exp(-air), fine_step, vsini=0, resolving_power=instrument.resolving_power, shift=0
    )
    first = int(PADDING / fine_step)
    count = (len(grid) - 2 * first) // instrument.fine
    window = slice(first, first + count * instrument.fine)
    relative_flux = shape[window].reshape(count, instrument.fine).mean(axis=1)
    wavelength = grid[window].reshape(count, instrument.fine).mean(axis=1)
    scale = ZERO_MAGNITUDE_FLUX * 10 ** (-0.4 * star.vmag) / 1e-16
    flux = scale * planck(wavelength, star.teff) * relative_flux
    counts = flux * wavelength * throughput(wavelength)
    counts *= snr**2 / np.percentile(counts, 95)
    # Photons, and a read noise of five electrons that matters only where the star is faint.
    relative_error = np.sqrt(np.clip(counts, 0, None) + 25) / np.clip(counts, 1, None)
    error = flux * relative_error
    noisy = flux + error * rng.standard_normal(count)
    return Spectrum1D(wavelength, noisy, error, float(np.median(noisy / error)))
