"""Spectra of stars from ionisation and excitation equilibrium in one grey layer.

Each species' line opacity over the continuous opacity follows the equations of Saha and Boltzmann,
so line strengths run along the spectral sequence as in nature: helium in B stars, hydrogen
strongest near A0, ionised calcium in G, neutral metals and molecules in K and M. Wavelengths are
in Angstrom, in air, on grids that are uniform in log wavelength; temperatures in K.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from service.demo import lines

Array = NDArray[np.float64]

LIGHT_SPEED = 299792.458  # km/s
BOLTZMANN = 8.617333e-5  # eV/K
# Electron pressure in the line-forming layer of dwarfs, dyn/cm2: log10 over temperature.
PRESSURE_TEFF = np.array([2500.0, 3500.0, 4500.0, 5777.0, 7500.0, 10000.0, 20000.0, 30000.0])
LOG_PRESSURE = np.array([-1.6, -0.6, 0.3, 1.2, 2.0, 2.6, 3.2, 3.5])
SOLAR_TEFF = 5777.0
# Fixes the scale of line opacities: Fe I 5269.5 of the Sun has this optical depth at its centre.
REFERENCE_LINE = (0.86, -1.32)
REFERENCE_DEPTH = 150.0


@dataclass(frozen=True)
class Star:
    """Physical state of one star: K, dex relative to the Sun, km/s, V magnitude."""

    teff: float
    metallicity: float
    vsini: float
    velocity: float
    vmag: float


def log_grid(minimum: float, maximum: float, step: float) -> Array:
    """Wavelengths from minimum to maximum or a little above, equally spaced by `step` km/s.

    The count is a multiple of 1024, which Fourier transforms like.
    """
    count = int(np.log(maximum / minimum) * LIGHT_SPEED / step / 1024 + 1) * 1024
    return np.asarray(minimum * np.exp(np.arange(count) * step / LIGHT_SPEED))


def planck(wavelength: Array, teff: float) -> Array:
    """Planck's law per unit wavelength, scaled to 1 at 5500 Angstrom."""
    x = 1.438777e8 / teff
    return np.asarray((5500 / wavelength) ** 5 * np.expm1(x / 5500) / np.expm1(x / wavelength))


def electron_pressure(teff: float) -> float:
    """dyn/cm2 in the line-forming layer of a dwarf."""
    return float(10 ** np.interp(teff, PRESSURE_TEFF, LOG_PRESSURE))


def ionisation_ratio(teff: float, energy: float) -> float:
    """Saha: number of ions over number of atoms one stage below, equal partition functions."""
    log_ratio = -energy * 5040 / teff + 2.5 * np.log10(teff) - 0.18
    return float(10 ** (log_ratio - np.log10(electron_pressure(teff))))


def stage_fraction(teff: float, species: lines.Species) -> float:
    """The part of an element that is in the species' ionisation stage, 0 to 1."""
    steps = [1.0, *np.cumprod([ionisation_ratio(teff, e) for e in species.ionisation])]
    return float(steps[species.stage] / sum(steps))


def continuous_opacity(teff: float) -> float:
    """Opacity per hydrogen atom in the optical, arbitrary unit: H minus and Paschen continuum."""
    neutral = 1 / (1 + ionisation_ratio(teff, 13.6))
    h_minus = 4.2e-9 * electron_pressure(teff) * (teff / 5040) ** -2.5 * 10 ** (0.754 * 5040 / teff)
    paschen = 10 ** (-12.09 * 5040 / teff) * 45
    scattering = 5e-6 * (1 - neutral)
    return float(neutral * (h_minus + paschen) + scattering)


def line_scale(teff: float, species: lines.Species) -> float:
    """Factor on gf exp(-E/kT) that gives optical depth at line centre, solar abundances."""
    iron = lines.METALS[0]

    def unscaled(temperature: float, kind: lines.Species) -> float:
        column = 10**kind.abundance * stage_fraction(temperature, kind)
        return column / continuous_opacity(temperature)

    energy, log_gf = REFERENCE_LINE
    unit = unscaled(SOLAR_TEFF, iron) * 10 ** (log_gf - energy * 5040 / SOLAR_TEFF)
    return REFERENCE_DEPTH * unscaled(teff, species) / unit


def voigt(offset: Array, damping: float) -> Array:
    """Voigt function near enough: Gaussian core and Lorentzian wing, 1 at the centre."""
    return np.asarray(np.exp(-(offset**2)) + damping / (np.sqrt(np.pi) * (offset**2 + 1.5)))


@lru_cache(maxsize=4)
def weak_lines(seed: int, count: int = 5200) -> tuple[Array, Array, Array]:
    """The forest of weak metal lines: wavelength, lower level in eV, log gf. One for all stars.

    No list of ours holds them; they are drawn, denser towards the blue as in the Sun.
    """
    rng = np.random.default_rng([seed, 11])
    wavelength = 3700 * (7600 / 3700) ** (rng.random(count) ** 1.7)
    energy = rng.uniform(0.5, 4.8, count)
    return wavelength, energy, rng.normal(-3.4, 0.9, count) + 0.45 * (energy - 2.5)


def add_lines(
    depth: Array, grid: Array, centres: Array, strengths: Array, damping: float, doppler: float
) -> None:
    """Add Voigt lines to an optical depth on a log grid; Doppler width in km/s.

    Each line reaches as far as its wing exceeds 0.2 per cent of the continuum.
    """
    step = float(np.log(grid[1] / grid[0])) * LIGHT_SPEED
    positions = np.log(centres / grid[0]) * LIGHT_SPEED / step
    reach = np.maximum(4.0, np.sqrt(damping * strengths / (np.sqrt(np.pi) * 0.002)))
    for position, strength, width in zip(positions, strengths, reach, strict=True):
        half = min(width * doppler / step, 6000 / step)
        first, last = int(max(0, position - half)), int(min(len(grid), position + half + 1))
        if strength > 1e-4 and first < last:
            offset = (np.arange(first, last) - position) * step / doppler
            depth[first:last] += strength * voigt(offset, damping)


def balmer_depth(grid: Array, teff: float) -> Array:
    """Optical depth of the Balmer series with Stark wings that grow with electron pressure."""
    excited = 10 ** (-10.2 * 5040 / teff) / (1 + ionisation_ratio(teff, 13.6))
    # The wings saturate: equivalent widths grow slower than the column of excited atoms.
    column = (excited / continuous_opacity(teff) / 0.2) ** 0.45
    width = min(1.6 * electron_pressure(teff) ** 0.22, 6.5)
    depth = np.zeros_like(grid)
    for order, centre in enumerate(lines.BALMER):
        strength = 7 * column * 0.86**order
        depth += strength / (1 + ((grid - centre) / width) ** 2) ** 1.25
    return depth


def band_depth(grid: Array, head: float, scale: float, strength: float) -> Array:
    """A molecular band: a sharp head at one side and an exponential tail towards the other."""
    along = (grid - head) / scale
    return np.where(along >= 0, strength * np.exp(-np.maximum(along, 0)), 0.0)


def molecular_depth(grid: Array, teff: float, metallicity: float) -> Array:
    """Titanium oxide below 4100 K, MgH and the G band of CH around 4500 and 5300 K."""
    metals = 10 ** (0.7 * metallicity)
    oxide = metals * 0.27 * np.log1p(np.exp((3950 - teff) / 170))
    depth = np.zeros_like(grid)
    for head, scale, strength in lines.TIO_BANDS:
        depth += band_depth(grid, head, scale, strength * oxide)
    hydride = 0.45 * metals * np.exp(-(((teff - 4100) / 600) ** 2))
    depth += band_depth(grid, *lines.MGH_BAND[:2], hydride)
    depth += band_depth(
        grid, *lines.CH_G_BAND[:2], 0.9 * metals * np.exp(-(((teff - 5000) / 750) ** 2))
    )
    return depth


def species_depth(grid: Array, teff: float, species: lines.Species, doppler: float) -> Array:
    """Optical depth of one species' lines, solar abundance."""
    depth = np.zeros_like(grid)
    centres, energies, log_gf = np.array(species.lines).T
    strengths = line_scale(teff, species) * 10 ** (log_gf - energies * 5040 / teff)
    add_lines(depth, grid, centres, strengths, species.damping, doppler)
    return depth


def metal_depth(grid: Array, teff: float, doppler: float, seed: int) -> Array:
    """Optical depth of the atomic lines of metals at solar abundances."""
    depth = np.zeros_like(grid)
    for species in lines.METALS:
        depth += species_depth(grid, teff, species, doppler)
    centres, energies, log_gf = weak_lines(seed)
    strengths = line_scale(teff, lines.METALS[0]) * 10 ** (log_gf - energies * 5040 / teff)
    inside = (centres > grid[0]) & (centres < grid[-1]) & (strengths > 0.01)
    add_lines(depth, grid, centres[inside], strengths[inside], 0.005, doppler)
    return depth


def line_spectrum(
    grid: Array, teff: float, metallicity: float, metals: Array, doppler: float
) -> Array:
    """Flux over continuum at rest, without rotation or instrument: 0 to 1.

    `metals` is `metal_depth` on this grid. A line formed in an atmosphere never turns black: its
    core keeps the light of the cool top.
    """
    depth = metals * 10**metallicity
    depth += species_depth(grid, teff, lines.HELIUM, doppler)
    depth += balmer_depth(grid, teff)
    core = 0.08 + 0.10 * np.clip((teff - 5000) / 15000, 0, 1)
    bands = np.exp(-molecular_depth(grid, teff, metallicity))
    return np.asarray((core + (1 - core) / (1 + depth)) * bands)


def broaden(
    spectrum: Array, step: float, *, vsini: float, resolving_power: float, shift: float
) -> Array:
    """Rotation, instrument and Doppler shift of a spectrum on a log grid of `step` km/s.

    All three are products in Fourier space, so the shift is exact to any fraction of a pixel.
    """
    count = len(spectrum)
    frequency = np.fft.rfftfreq(count)
    sigma = LIGHT_SPEED / resolving_power / 2.3548 / step
    transform = np.fft.rfft(spectrum - 1) * np.exp(-2 * (np.pi * frequency * sigma) ** 2)
    if vsini > step:
        radius = vsini / step
        across = np.arange(-int(radius) - 1, int(radius) + 2) / radius
        inside = np.clip(1 - across**2, 0, None)
        profile = 2 * 0.4 * np.sqrt(inside) + 0.5 * np.pi * 0.6 * inside  # limb darkening 0.6
        kernel = np.zeros(count)
        kernel[: len(profile)] = profile / profile.sum()
        transform *= np.fft.rfft(np.roll(kernel, -(len(profile) // 2)))
    pixels = np.log1p(shift / LIGHT_SPEED) * LIGHT_SPEED / step
    transform *= np.exp(-2j * np.pi * frequency * pixels)
    return np.asarray(np.fft.irfft(transform, count) + 1)
