"""Simulated fields on the sky in g, r and i: what lies there, and how a camera images it.

Fluxes are in nanomaggies (AB magnitude 22.5 - 2.5 log10 flux), angles in degrees unless named.
"""

from dataclasses import dataclass

import numpy as np
from astropy.wcs import WCS
from numpy.typing import NDArray

from service.demo.atmosphere import planck

Array = NDArray[np.float64]

BANDS = ("g", "r", "i")
BAND_WAVELENGTH = {"g": 4770.0, "r": 6231.0, "i": 7625.0}  # Angstrom, effective
BAND_RANGE = {"g": (3980.0, 5490.0), "r": (5600.0, 7030.0), "i": (6890.0, 8200.0)}  # to 5 per cent
SEEING = {"g": 1.38, "r": 1.27, "i": 1.19}  # arcsec, full width at half maximum
SKY_NOISE = {"g": 0.016, "r": 0.024, "i": 0.036}  # nanomaggies per pixel
PHOTONS_PER_NANOMAGGY = {"g": 900.0, "r": 800.0, "i": 560.0}
PIXEL_SCALE = 0.396  # arcsec


@dataclass(frozen=True)
class PointSource:
    """A star or quasar: degrees, and nanomaggies in g, r, i."""

    ra: float
    dec: float
    flux: tuple[float, float, float]


@dataclass(frozen=True)
class Galaxy:
    """A bulge and a disc of one centre and angle; half-light radii in arcsec, angles in degrees.

    `bulge` and `disc` are nanomaggies in g, r, i; `arms` is the contrast of a two-armed spiral.
    """

    ra: float
    dec: float
    bulge: tuple[float, float, float]
    disc: tuple[float, float, float]
    bulge_radius: float
    disc_radius: float
    axis_ratio: float
    angle: float
    arms: float = 0.0


@dataclass(frozen=True)
class Field:
    """A named piece of sky with its sources; centre in degrees."""

    name: str
    ra: float
    dec: float
    points: list[PointSource]
    galaxies: list[Galaxy]


def magnitudes_to_flux(
    r_mag: float, g_minus_r: float, r_minus_i: float
) -> tuple[float, float, float]:
    """Nanomaggies in g, r, i."""
    r = 10 ** (-0.4 * (r_mag - 22.5))
    return float(r * 10 ** (-0.4 * g_minus_r)), float(r), float(r * 10 ** (0.4 * r_minus_i))


def star_flux(teff: float, vmag: float) -> tuple[float, float, float]:
    """Nanomaggies of a star from its temperature and V magnitude: Planck's law in each band."""
    wavelength = np.array([BAND_WAVELENGTH[band] for band in BANDS])
    # Equal AB magnitudes mean equal flux per unit frequency, wavelength squared times this.
    per_frequency = planck(wavelength, teff) * (wavelength / 5500) ** 2
    g, r, i = 10 ** (-0.4 * (vmag - 22.5)) * per_frequency
    return float(g), float(r), float(i)


def background(
    rng: np.random.Generator, ra: float, dec: float, size: float, stars: int, galaxies: int
) -> tuple[list[PointSource], list[Galaxy]]:
    """Stars of the Galaxy and faint galaxies over a square of `size` degrees."""
    stretch = 1 / np.cos(np.radians(dec))

    def place() -> tuple[float, float]:
        east, north = rng.uniform(-size / 2, size / 2, 2)
        return ra + float(east * stretch), dec + float(north)

    points = []
    for _ in range(stars):
        vmag = float(23 - rng.exponential(2.2))
        points.append(PointSource(*place(), star_flux(float(rng.uniform(3200, 6800)), vmag)))
    distant = []
    for _ in range(galaxies):
        r_mag = float(23.2 - rng.exponential(1.0))
        red = rng.random() < 0.35
        colours = (rng.normal(1.2, 0.15), 0.5) if red else (rng.normal(0.5, 0.15), 0.2)
        light = magnitudes_to_flux(r_mag, float(colours[0]), colours[1])
        radius = float(np.clip(1.5 * 10 ** (-0.12 * (r_mag - 20)) * rng.lognormal(0, 0.3), 0.3, 4))
        shape = float(rng.uniform(0.35, 1)), float(rng.uniform(0, 180))
        none = (0.0, 0.0, 0.0)
        parts = (light, none) if red else (none, light)
        distant.append(Galaxy(*place(), *parts, radius, radius, *shape))
    return points, distant


def galaxy_cluster(rng: np.random.Generator, ra: float, dec: float, size: float) -> list[Galaxy]:
    """A cluster at redshift 0.08: ellipticals on the red sequence, spirals further out."""
    stretch = 1 / np.cos(np.radians(dec))
    red = (0.88, 0.40)
    giant = magnitudes_to_flux(14.9, *red)
    halo = magnitudes_to_flux(15.4, *red)
    members = [Galaxy(ra, dec, giant, halo, 7.0, 16.0, 0.74, 38.0)]
    for _ in range(46):
        r_mag = float(np.clip(20.6 - rng.exponential(1.5), 16.0, 20.6))
        distance = 0.16 * size * np.sqrt(-2 * np.log(1 - 0.98 * rng.random()))
        angle = rng.uniform(0, 2 * np.pi)
        place = (
            ra + float(distance * np.cos(angle) * stretch),
            dec + float(distance * np.sin(angle)),
        )
        colour = 0.88 - 0.02 * (r_mag - 16) + float(rng.normal(0, 0.025))
        light = magnitudes_to_flux(r_mag, colour, 0.40)
        radius = float(2.6 * 10 ** (-0.14 * (r_mag - 17)))
        shape = float(rng.uniform(0.5, 1)), float(rng.uniform(0, 180))
        members.append(Galaxy(*place, light, (0.0, 0.0, 0.0), radius, radius, *shape))
    for offset, r_mag, ratio, angle in (
        ((-0.27, 0.24), 14.7, 0.62, 118.0),
        ((0.26, -0.22), 15.3, 0.33, 62.0),
        ((0.22, 0.30), 15.9, 0.80, 20.0),
        ((-0.25, -0.29), 16.4, 0.48, 151.0),
    ):
        place = ra + offset[0] * size * stretch, dec + offset[1] * size
        bulge = magnitudes_to_flux(r_mag + 1.9, 0.85, 0.40)
        disc = magnitudes_to_flux(r_mag, 0.46, 0.21)
        radius = 9.5 * 10 ** (-0.15 * (r_mag - 15))
        members.append(Galaxy(*place, bulge, disc, 0.16 * radius, radius, ratio, angle, arms=0.75))
    return members


def tile_wcs(ra: float, dec: float, pixels: int, rotation: float) -> WCS:
    """A tangential projection centred on a position, north up but for `rotation` degrees."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.cunit = ["deg", "deg"]
    wcs.wcs.crval = [ra, dec]
    wcs.wcs.crpix = [pixels / 2 + 0.5, pixels / 2 + 0.5]
    scale, angle = PIXEL_SCALE / 3600, np.radians(rotation)
    cos, sin = np.cos(angle), np.sin(angle)
    wcs.wcs.cd = scale * np.array([[-cos, sin], [sin, cos]])
    wcs.wcs.radesys = "ICRS"
    return wcs


def moffat(distance_squared: Array, fwhm: float) -> Array:
    """Point spread of the atmosphere (Moffat, beta 3.5), integral 1; arguments in pixels."""
    core = fwhm / 2 / np.sqrt(2 ** (1 / 3.5) - 1)
    return np.asarray(2.5 / (np.pi * core**2) * (1 + distance_squared / core**2) ** -3.5)


def stamp(pixels: int, x: float, y: float, half: int) -> tuple[slice, slice, Array, Array] | None:
    """Slices of an image around a position, and offsets in pixels; None where all is outside."""
    x0, x1 = max(0, int(x) - half), min(pixels, int(x) + half + 1)
    y0, y1 = max(0, int(y) - half), min(pixels, int(y) + half + 1)
    if x0 >= x1 or y0 >= y1:
        return None
    dx = np.arange(x0, x1, dtype=np.float64) - x
    dy = np.arange(y0, y1, dtype=np.float64) - y
    return slice(y0, y1), slice(x0, x1), dx[None, :], dy[:, None]


def add_galaxy(image: Array, galaxy: Galaxy, x: float, y: float, band: int, north: float) -> None:
    """Add a galaxy before blurring: de Vaucouleurs bulge, exponential disc, spiral arms."""
    half = int(max(7 * galaxy.bulge_radius, 5 * galaxy.disc_radius, 4) / PIXEL_SCALE)
    cut = stamp(len(image), x, y, half)
    if cut is None:
        return
    rows, columns, dx, dy = cut
    angle = np.radians(galaxy.angle - north)
    along = (-dx * np.sin(angle) + dy * np.cos(angle)) * PIXEL_SCALE
    across = (dx * np.cos(angle) + dy * np.sin(angle)) * PIXEL_SCALE / galaxy.axis_ratio
    radius = np.sqrt(along**2 + across**2 + (0.35 * PIXEL_SCALE) ** 2)
    area = PIXEL_SCALE**2 / galaxy.axis_ratio
    if galaxy.bulge[band] > 0:
        scaled = np.exp(-7.669 * ((radius / galaxy.bulge_radius) ** 0.25))
        normal = 7.669**8 / (np.pi * 40320 * galaxy.bulge_radius**2)
        image[rows, columns] += galaxy.bulge[band] * area * normal * scaled
    if galaxy.disc[band] > 0:
        length = galaxy.disc_radius / 1.678
        disc = np.exp(-radius / length) / (2 * np.pi * length**2)
        if galaxy.arms:
            winding = 2 * (np.arctan2(across, along) - 2.6 * np.log(radius / length))
            # Young stars make the arms bluer than the disc between them.
            contrast = galaxy.arms * (1.25, 1.0, 0.85)[band] * np.clip(radius / length - 0.3, 0, 1)
            disc = disc * np.clip(1 + contrast * np.cos(winding), 0.05, None)
        image[rows, columns] += galaxy.disc[band] * area * disc


def blur(image: Array, fwhm: float) -> Array:
    """Convolve with the point spread function; the image wraps, so pad it before."""
    count = len(image)
    axis = np.fft.fftfreq(count, 1 / count)
    kernel = moffat(axis[:, None] ** 2 + axis[None, :] ** 2, fwhm)
    transform = np.fft.rfft2(image) * np.fft.rfft2(kernel / kernel.sum())
    return np.asarray(np.fft.irfft2(transform, s=image.shape))


def render(
    field: Field, wcs: WCS, pixels: int, band: str, rotation: float, rng: np.random.Generator
) -> Array:
    """One sky-subtracted exposure in nanomaggies per pixel, shape (pixels, pixels)."""
    index, margin = BANDS.index(band), 32
    fwhm = SEEING[band] / PIXEL_SCALE
    extended = np.zeros((pixels + 2 * margin, pixels + 2 * margin))
    if field.galaxies:
        centres = np.array([(galaxy.ra, galaxy.dec) for galaxy in field.galaxies])
        places = wcs.all_world2pix(centres, 0) + margin
        for galaxy, (x, y) in zip(field.galaxies, places, strict=True):
            add_galaxy(extended, galaxy, float(x), float(y), index, rotation)
    image = blur(extended, fwhm)[margin:-margin, margin:-margin]
    places = wcs.all_world2pix(np.array([(point.ra, point.dec) for point in field.points]), 0)
    for point, (x, y) in zip(field.points, places, strict=True):
        flux = point.flux[index]
        cut = stamp(pixels, float(x), float(y), int(np.clip(10 * flux**0.3, 8, 120)))
        if cut is not None:
            rows, columns, dx, dy = cut
            image[rows, columns] += flux * moffat(dx**2 + dy**2, fwhm)
    variance = SKY_NOISE[band] ** 2 + np.clip(image, 0, None) / PHOTONS_PER_NANOMAGGY[band]
    return np.asarray(image + np.sqrt(variance) * rng.standard_normal(image.shape))
