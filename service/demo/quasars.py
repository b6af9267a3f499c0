"""Simulated quasars as a fibre survey sees them: continuum, lines, forest, night sky, noise.

Wavelengths are in Angstrom, in vacuum, on the survey's grid of 1e-4 in log10; fluxes are in
1e-17 erg s-1 cm-2 Angstrom-1.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.demo.atmosphere import LIGHT_SPEED, voigt

Array = NDArray[np.float64]

LOGLAM_START = 3.5800
LOGLAM_STEP = 1e-4
PIXELS = 3842  # 3802 to 9206 Angstrom
RESOLVING_POWER = 1900.0
OVERSAMPLING = 4

# Rest wavelength in vacuum, equivalent width and Gaussian width in Angstrom, name of the fit.
BROAD_LINES = (
    (1025.72, 9.8, 7.0, "Ly_beta"),
    (1215.67, 85.0, 17.0, "Ly_alpha"),
    (1240.81, 12.0, 12.0, "N_V 1240"),
    (1305.42, 1.7, 5.4, "O_I 1305"),
    (1335.31, 0.7, 3.9, "C_II 1335"),
    (1397.61, 8.1, 14.2, "Si_IV 1400"),
    (1549.48, 23.8, 14.3, "C_IV 1549"),
    (1640.42, 3.0, 12.0, "He_II 1640"),
    (1857.40, 0.4, 5.0, "Al_III 1857"),
    (1908.73, 19.0, 21.0, "C_III] 1908"),
    (2799.12, 30.0, 26.0, "Mg_II 2799"),
    (4102.89, 5.0, 18.6, "H_delta"),
    (4341.68, 12.6, 20.3, "H_gamma"),
    (4862.68, 46.0, 36.0, "H_beta"),
    (5877.31, 4.9, 23.4, "He_I 5876"),
    (6564.61, 180.0, 44.0, "H_alpha"),
)
# Rest wavelength in vacuum and equivalent width; the Gaussian width is a velocity of the galaxy.
NARROW_LINES = (
    (3426.84, 1.2, "[Ne_V] 3425"),
    (3728.48, 2.4, "[O_II] 3727"),
    (3869.77, 1.6, "[Ne_III] 3868"),
    (4862.68, 2.0, "H_beta"),
    (4960.30, 5.0, "[O_III] 4959"),
    (5008.24, 15.0, "[O_III] 5007"),
    (6549.86, 2.0, "[N_II] 6548"),
    (6564.61, 10.0, "H_alpha"),
    (6585.27, 6.0, "[N_II] 6583"),
    (6718.29, 2.2, "[S_II] 6716"),
    (6732.68, 2.0, "[S_II] 6730"),
)
# Blends of singly ionised iron: centre, width and height over the continuum, rest frame.
IRON_BLENDS = (
    (2080.0, 60.0, 0.08), (2250.0, 90.0, 0.12), (2400.0, 75.0, 0.20), (2500.0, 60.0, 0.22),
    (2620.0, 55.0, 0.16), (2950.0, 70.0, 0.08), (4520.0, 28.0, 0.12), (4570.0, 26.0, 0.16),
    (4630.0, 30.0, 0.14), (5190.0, 40.0, 0.13), (5275.0, 40.0, 0.16), (5320.0, 40.0, 0.14),
)  # fmt: skip
# The night sky over the telescope: oxygen, sodium and the brightest hydroxyl lines, vacuum.
SKY_LINES = (
    (5578.9, 60.0), (5891.6, 6.0), (6302.0, 16.0), (6365.5, 6.0), (6865.9, 5.0), (7278.0, 8.0),
    (7318.3, 10.0), (7342.9, 12.0), (7371.4, 8.0), (7525.9, 9.0), (7573.9, 6.0), (7718.0, 12.0),
    (7752.8, 15.0), (7796.4, 16.0), (7823.5, 13.0), (7915.9, 18.0), (7966.8, 13.0), (7995.6, 16.0),
    (8027.7, 10.0), (8346.9, 18.0), (8354.5, 8.0), (8401.5, 22.0), (8432.5, 22.0), (8467.7, 18.0),
    (8507.4, 12.0), (8780.7, 18.0), (8829.5, 20.0), (8888.3, 28.0), (8922.1, 24.0), (8960.6, 20.0),
    (9004.8, 14.0), (9051.0, 12.0), (9104.2, 8.0),
)  # fmt: skip


@dataclass(frozen=True)
class Quasar:
    """Name, position in degrees (ICRS), redshift, flux at 6200 Angstrom, continuum and lines."""

    name: str
    ra: float
    dec: float
    redshift: float
    brightness: float
    slope: float
    line_strength: float
    line_width: float
    iron: float
    plate: int
    mjd: int
    fibre: int


@dataclass(frozen=True)
class SurveySpectrum:
    """The columns of a survey's coadded spectrum, PIXELS long each."""

    loglam: Array
    flux: Array
    ivar: Array
    model: Array
    sky: Array
    wdisp: Array


def survey_grid() -> Array:
    """log10 of the vacuum wavelength in Angstrom."""
    return np.asarray(LOGLAM_START + LOGLAM_STEP * np.arange(PIXELS), dtype=np.float64)


def draw_quasars(seed: int, count: int, fields: list[tuple[float, float]]) -> list[Quasar]:
    """Quasars in a few plates; redshifts as in a magnitude-limited survey, 0.1 to 4.6.

    The first quasars lie at the positions of `fields` (degrees), the others within 1.4 degrees
    of their plate's centre.
    """
    rng = np.random.default_rng([seed, 41])
    plates = [(9001, 57428, 184.70, 12.60), (9002, 57790, 22.30, -4.80), (9003, 58162, 333.9, 1.1)]
    quasars = []
    for index in range(count):
        plate, mjd, ra0, dec0 = plates[index % len(plates)]
        radius, angle = 1.4 * np.sqrt(rng.random()), rng.uniform(0, 2 * np.pi)
        dec = float(dec0 + radius * np.sin(angle))
        ra = float(ra0 + radius * np.cos(angle) / np.cos(np.radians(dec)))
        if index < len(fields):
            ra, dec = fields[index]
            plate, mjd = plates[0][:2]
        bright = rng.choice(3, p=[0.16, 0.56, 0.28])
        redshift = (rng.uniform(0.1, 0.8), rng.normal(1.5, 0.45), rng.uniform(2.15, 4.6))[bright]
        quasars.append(
            Quasar(
                name=survey_name(ra, dec),
                ra=ra,
                dec=dec,
                redshift=round(float(np.clip(redshift, 0.08, 4.6)), 5),
                brightness=float(10 ** rng.normal(0.95, 0.3)),
                slope=float(rng.normal(-1.5, 0.25)),
                line_strength=float(10 ** rng.normal(0, 0.13)),
                line_width=float(10 ** rng.normal(0, 0.11)),
                iron=float(rng.gamma(3, 0.33)),
                plate=plate,
                mjd=mjd,
                fibre=7 * index + 3,
            )
        )
    return quasars


def survey_name(ra: float, dec: float) -> str:
    """A name from the position as surveys build it: SIM Jhhmmss.ss+ddmmss.s."""
    hours, degrees = ra % 360 / 15, abs(dec)
    minutes, arcmin = hours % 1 * 60, degrees % 1 * 60
    seconds = np.floor(minutes % 1 * 6000) / 100
    arcsec = np.floor(arcmin % 1 * 600) / 10
    sign = "-" if dec < 0 else "+"
    east = f"{int(hours):02d}{int(minutes):02d}{seconds:05.2f}"
    return f"SIM J{east}{sign}{int(degrees):02d}{int(arcmin):02d}{arcsec:04.1f}"


def continuum(rest: Array, slope: float) -> Array:
    """Power law of the disc, flatter redward of H beta where the host galaxy and dust come in.

    1 at 3000 Angstrom; with the Balmer continuum as a low hump around 3000.
    """
    power = (rest / 3000) ** slope
    red = (5100 / 3000) ** slope * (rest / 5100) ** (slope + 1.7)
    hump = 0.12 * np.exp(-(((rest - 3050) / 420) ** 2)) * (rest < 3646 + 200)
    return np.asarray(np.where(rest < 5100, power, red) + hump)


def emission(rest: Array, quasar: Quasar) -> Array:
    """Continuum with emission lines at rest wavelengths, in units of the flux at 3000 Angstrom."""
    base = continuum(rest, quasar.slope)
    lines = np.zeros_like(rest)
    for centre, width, sigma, _ in BROAD_LINES:
        core = sigma * quasar.line_width
        for part, spread in ((0.62, 0.62), (0.38, 1.75)):  # a narrower core on a broad base
            height = part * width * quasar.line_strength / (np.sqrt(2 * np.pi) * core * spread)
            lines += height * np.exp(-0.5 * ((rest - centre) / (core * spread)) ** 2)
    for centre, width, _ in NARROW_LINES:
        sigma = centre * 190 / LIGHT_SPEED
        height = width * quasar.line_strength / (np.sqrt(2 * np.pi) * sigma)
        lines += height * np.exp(-0.5 * ((rest - centre) / sigma) ** 2)
    for centre, sigma, height in IRON_BLENDS:
        lines += quasar.iron * height * np.exp(-0.5 * ((rest - centre) / sigma) ** 2)
    return np.asarray(base * (1 + lines))


def forest_transmission(wavelength: Array, redshift: float, rng: np.random.Generator) -> Array:
    """Absorption by hydrogen between the quasar and us: Lyman alpha and beta, and the limit.

    Clouds follow the observed counts, dN/dz = 34 (1 + z)^2.3 above 10^12.8 atoms per cm2, column
    densities a power law of index -1.6, Doppler widths about 28 km/s.
    """
    lowest = max(wavelength[0] / 1215.67 - 1, 0.0)
    if redshift <= lowest:
        return np.ones_like(wavelength)
    expected = 34 / 3.3 * ((1 + redshift) ** 3.3 - (1 + lowest) ** 3.3)
    count = int(rng.poisson(expected))
    span = (1 + lowest) ** 3.3, (1 + redshift) ** 3.3
    cloud_z = rng.uniform(*span, count) ** (1 / 3.3) - 1
    column = 10**12.8 * np.minimum((1 - rng.random(count)) ** (-1 / 0.6), 10**7.0)
    doppler = np.clip(rng.normal(28, 8, count), 12, 60)
    depth = np.zeros_like(wavelength)
    step = float(np.log(wavelength[1] / wavelength[0])) * LIGHT_SPEED
    for line, strength in ((1215.67, 1.0), (1025.72, 0.16)):
        positions = np.log(line * (1 + cloud_z) / wavelength[0]) * LIGHT_SPEED / step
        central = 7.58e-13 * column / doppler * strength
        # Damping of Lyman alpha matters above 10^18.5 atoms per cm2 only.
        damping = 4.7e-4 * 12.85 / doppler
        reach = np.maximum(4 * doppler, doppler * np.sqrt(damping * central / 0.02)) / step
        for position, tau, width, a, half in zip(
            positions, central, doppler, damping, np.minimum(reach, 300), strict=True
        ):
            first, last = int(max(0, position - half)), int(min(len(depth), position + half + 1))
            if first < last:
                offset = (np.arange(first, last) - position) * step / width
                depth[first:last] += tau * voigt(offset, float(a))
    limit = 911.75 * (1 + redshift)
    depth[wavelength < limit] += 1.2
    return np.asarray(np.exp(-depth))


def gaussian_smooth(values: Array, sigma: float) -> Array:
    """Convolution with a Gaussian of `sigma` samples; the ends are extended."""
    half = int(4 * sigma) + 1
    kernel = np.exp(-0.5 * (np.arange(-half, half + 1) / sigma) ** 2)
    padded = np.pad(values, half, mode="edge")
    return np.convolve(padded, kernel / kernel.sum(), mode="valid")


def sky_spectrum(wavelength: Array) -> Array:
    """The subtracted sky: a smooth glow and lines one resolution element wide."""
    sigma = wavelength / RESOLVING_POWER / 2.3548
    sky = 2.2 + 1.6 * np.clip((wavelength - 6500) / 2700, 0, 1)
    for centre, height in SKY_LINES:
        sky = sky + height * np.exp(-0.5 * ((wavelength - centre) / sigma) ** 2)
    return np.asarray(sky)


def observe_quasar(quasar: Quasar, rng: np.random.Generator) -> SurveySpectrum:
    """The coadded spectrum of one fibre."""
    loglam = survey_grid()
    fine_step = LOGLAM_STEP / OVERSAMPLING
    offsets = (np.arange(PIXELS * OVERSAMPLING) - (OVERSAMPLING - 1) / 2) * fine_step
    fine: Array = 10.0 ** np.asarray(LOGLAM_START + offsets, dtype=np.float64)
    rest = fine / (1 + quasar.redshift)
    true = emission(rest, quasar)
    scale = quasar.brightness / float(np.interp(6200, fine, true))
    true *= scale * forest_transmission(fine, quasar.redshift, rng)
    sigma = 1 / RESOLVING_POWER / 2.3548 / (fine_step * np.log(10))
    smooth = gaussian_smooth(true, sigma).reshape(PIXELS, OVERSAMPLING).mean(axis=1)
    wavelength = 10**loglam
    sky = sky_spectrum(wavelength)
    # Response of two arms: low at both ends, with the dichroic's dip at 6000 Angstrom.
    response = (
        1 / (1 + np.exp(-(wavelength - 3950) / 130)) / (1 + np.exp((wavelength - 9150) / 130))
    )
    response *= 1 - 0.3 * np.exp(-(((wavelength - 6000) / 90) ** 2))
    variance = (0.030 * (np.clip(smooth, 0, None) + sky) + 0.09) / np.clip(response, 0.05, None)
    noisy = smooth + np.sqrt(variance) * rng.standard_normal(PIXELS)
    wdisp = np.full(PIXELS, sigma / OVERSAMPLING)
    return SurveySpectrum(loglam, noisy, 1 / variance, smooth, sky, wdisp)
