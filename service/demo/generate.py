"""The demo archive: four collections of simulated FITS files, the same bytes for the same seed."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from service.demo import eso_phase3, orbit, sdss_spec
from service.demo.collection_files import write_collections
from service.demo.eso_phase3 import Exposure
from service.demo.image_wcs import write_image
from service.demo.images import (
    BANDS,
    Field,
    PointSource,
    background,
    galaxy_cluster,
    magnitudes_to_flux,
    render,
    star_flux,
    tile_wcs,
)
from service.demo.quasars import Quasar, draw_quasars, observe_quasar
from service.demo.stars import (
    ECHELLE,
    SURVEY_SPECTROGRAPH,
    Target,
    cluster_stars,
    field_stars,
    observe,
    rest_model,
)

DEFAULT_SEED = 20260101
FIELD_STARS = 190
CLUSTER_STARS = 260
CLUSTER_SPECTRA = 40
EPOCHS = 20
QUASARS = 96
TILE_PIXELS = 432
GALAXY_FIELD = (184.5570, 12.6920)
CLUSTER_FIELD = (92.2500, 24.3300)
FIELD_SIZE = 0.094  # degrees: two tiles with a fifth of overlap
# Quasars behind the galaxy cluster, as offsets from its centre in degrees.
QUASAR_OFFSETS = ((0.0170, 0.0110), (-0.0240, -0.0130), (0.0050, -0.0310))


def generate(directory: Path, seed: int = DEFAULT_SEED) -> list[Path]:
    """Write the archive below `directory` and return its collection.toml files.

    About 370 files, 50 MB. Files that exist are replaced. Raises OSError where it cannot write.
    """
    cluster = cluster_stars(seed, CLUSTER_STARS, *CLUSTER_FIELD, 0.016)
    quasars = draw_quasars(seed, QUASARS, quasar_positions())
    write_stars(directory / "stars", seed, field_stars(seed, FIELD_STARS))
    write_stars(directory / "cluster", seed, cluster[:CLUSTER_SPECTRA])
    write_planet_host(directory / "planet-host", seed)
    write_quasars(directory / "quasars", seed, quasars)
    write_images(directory / "images", seed, cluster, quasars)
    return write_collections(directory)


def quasar_positions() -> list[tuple[float, float]]:
    """Positions in degrees of the quasars in the galaxy field."""
    ra, dec = GALAXY_FIELD
    stretch = 1 / np.cos(np.radians(dec))
    return [
        (round(float(ra + east * stretch), 6), round(dec + north, 6))
        for east, north in QUASAR_OFFSETS
    ]


def write_stars(directory: Path, seed: int, targets: list[Target]) -> None:
    """One spectrum a star, in ESO's layout."""
    directory.mkdir(parents=True, exist_ok=True)
    nights = np.random.default_rng([seed, 51, len(targets)])
    times = (
        58000 + nights.integers(0, 1400, len(targets)) + nights.uniform(0.05, 0.35, len(targets))
    )
    ra, dec = np.array([(target.ra, target.dec) for target in targets]).T
    corrections = orbit.barycentric_correction(ra, dec, times)
    for index, target in enumerate(targets):
        rng = np.random.default_rng([seed, 52, len(targets), index])
        mjd, berv = float(times[index]), float(corrections[index])
        exptime = float(np.clip(round(30 * 10 ** (0.2 * (target.star.vmag - 7))) * 10, 60, 3600))
        spectrum = observe(
            SURVEY_SPECTROGRAPH,
            target.star,
            rest_model(SURVEY_SPECTROGRAPH, target.star, seed),
            snr=float(np.clip(160 * 10 ** (-0.11 * (target.star.vmag - 8)), 12, 250)),
            telluric_shift=berv,
            rng=rng,
        )
        star = target.star
        notes = (
            f"Model: Teff {star.teff:.0f} K, [Fe/H] {star.metallicity:+.2f}, "
            f"v sin i {star.vsini:.1f} km/s, v {star.velocity:+.2f} km/s",
        )
        path = directory / f"{target.name.lower().replace(' ', '-')}.fits"
        exposure = Exposure(mjd, exptime, berv, notes)
        eso_phase3.write_spectrum(path, target, SURVEY_SPECTROGRAPH, spectrum, exposure)


def write_planet_host(directory: Path, seed: int) -> None:
    """The epochs of a star that a planet pulls to and fro by 56 m/s."""
    directory.mkdir(parents=True, exist_ok=True)
    target, exptime = orbit.PLANET_HOST, 300.0
    middles = orbit.epochs(seed, EPOCHS)
    velocities = orbit.radial_velocity(orbit.PLANET_ORBIT, middles)
    corrections = orbit.barycentric_correction(
        np.full(EPOCHS, target.ra), np.full(EPOCHS, target.dec), middles
    )
    model = rest_model(ECHELLE, target.star, seed)
    for index, (middle, velocity, berv) in enumerate(
        zip(middles, velocities, corrections, strict=True)
    ):
        rng = np.random.default_rng([seed, 61, index])
        moving = replace(target.star, velocity=target.star.velocity + float(velocity))
        spectrum = observe(
            ECHELLE,
            moving,
            model,
            snr=float(rng.uniform(110, 190)),
            telluric_shift=float(berv),
            rng=rng,
        )
        planet = orbit.PLANET_ORBIT
        notes = (
            f"Model orbit: P {planet.period} d, K {planet.semi_amplitude} km/s, "
            f"e {planet.eccentricity}",
        )
        exposure = Exposure(float(middle) - exptime / 2 / 86400, exptime, float(berv), notes)
        path = directory / f"sim-51peg-epoch-{index + 1:02d}.fits"
        eso_phase3.write_spectrum(path, target, ECHELLE, spectrum, exposure)


def write_quasars(directory: Path, seed: int, quasars: list[Quasar]) -> None:
    """One spectrum a quasar, in SDSS's layout: a folder for each plate."""
    for index, quasar in enumerate(quasars):
        plate = directory / f"{quasar.plate:04d}"
        plate.mkdir(parents=True, exist_ok=True)
        spectrum = observe_quasar(quasar, np.random.default_rng([seed, 71, index]))
        sdss_spec.write_spectrum(plate, quasar, spectrum)


def write_images(directory: Path, seed: int, cluster: list[Target], quasars: list[Quasar]) -> None:
    """Two fields, each of two by two overlapping tiles in g, r and i."""
    directory.mkdir(parents=True, exist_ok=True)
    offset = 0.4 * TILE_PIXELS * 0.396 / 3600
    for number, field in enumerate(fields(seed, cluster, quasars)):
        for tile in range(4):
            east, north = (-offset, offset)[tile % 2], (-offset, offset)[tile // 2]
            rotation = 0.4 * (tile - 1.5)
            ra = field.ra + east / float(np.cos(np.radians(field.dec)))
            wcs = tile_wcs(ra, field.dec + north, TILE_PIXELS, rotation)
            for index, band in enumerate(BANDS):
                rng = np.random.default_rng([seed, 81, number, tile, index])
                image = render(field, wcs, TILE_PIXELS, band, rotation, rng)
                write_image(
                    directory / f"frame-{band}-{field.name}-{tile + 1}.fits",
                    image,
                    wcs,
                    title=f"SIM {field.name} tile {tile + 1}",
                    band=band,
                    mjd_start=58490.21 + 31 * number + tile * 0.011 + index * 0.0028,
                    exptime=180.0,
                )


def fields(seed: int, cluster: list[Target], quasars: list[Quasar]) -> list[Field]:
    """A cluster of galaxies with quasars behind it, and an open cluster of stars."""
    rng = np.random.default_rng([seed, 82])
    points, galaxies = background(rng, *GALAXY_FIELD, FIELD_SIZE, stars=60, galaxies=260)
    galaxies += galaxy_cluster(rng, *GALAXY_FIELD, FIELD_SIZE)
    points += [
        PointSource(quasar.ra, quasar.dec, magnitudes_to_flux(18.6 + 0.5 * index, 0.15, 0.1))
        for index, quasar in enumerate(quasars[: len(QUASAR_OFFSETS)])
    ]
    stars, distant = background(rng, *CLUSTER_FIELD, FIELD_SIZE, stars=220, galaxies=50)
    stars += [
        PointSource(target.ra, target.dec, star_flux(target.star.teff, target.star.vmag))
        for target in cluster
    ]
    return [
        Field("galaxies", *GALAXY_FIELD, points, galaxies),
        Field("open-cluster", *CLUSTER_FIELD, stars, distant),
    ]
