"""What an astronomer would measure in the demo files comes out as it went in."""

from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from numpy.typing import NDArray

from service.demo import orbit
from service.demo.generate import (
    CLUSTER_FIELD,
    CLUSTER_STARS,
    DEFAULT_SEED,
    EPOCHS,
    QUASARS,
    quasar_positions,
)
from service.demo.images import BANDS, SEEING, star_flux
from service.demo.quasars import draw_quasars
from service.demo.stars import cluster_stars, field_stars, spectral_class

Array = NDArray[np.float64]
LIGHT_SPEED = 299792.458  # km/s


def shift_between(wavelength: Array, flux: Array, template: Array) -> float:
    """Velocity of a spectrum against a template of the same grid, km/s, by cross-correlation."""
    step = float(np.log(wavelength[1] / wavelength[0])) * LIGHT_SPEED
    first = flux / np.median(flux) - 1
    second = template / np.median(template) - 1
    lags = np.arange(-8, 9)
    products = np.array([np.dot(np.roll(second, lag)[50:-50], first[50:-50]) for lag in lags])
    best = int(np.argmax(products))
    around = products[best - 1 : best + 2]
    vertex = (around[0] - around[2]) / (2 * (around[0] - 2 * around[1] + around[2]))
    return float((lags[best] + vertex) * step)


def test_the_planet_is_in_the_spectra(demo: Path) -> None:
    spectra, times = [], []
    for path in sorted((demo / "planet-host").glob("*.fits")):
        with fits.open(path) as hdus:
            row = hdus[1].data[0]
            spectra.append(row["FLUX"].astype(float))
            times.append(hdus[1].header["TMID"])
            wavelength = row["WAVE"].astype(float)
    template = np.mean(spectra, axis=0)
    measured = np.array([shift_between(wavelength, flux, template) for flux in spectra])
    expected = orbit.radial_velocity(orbit.PLANET_ORBIT, np.array(times))
    residual = (measured - measured.mean()) - (expected - expected.mean())
    assert len(spectra) == EPOCHS
    assert np.std(expected) > 0.03
    assert np.std(residual) < 0.010  # 10 m/s, of an amplitude of 56 m/s


def test_kepler_orbit() -> None:
    mjd = orbit.PLANET_ORBIT.periastron + np.linspace(0, orbit.PLANET_ORBIT.period, 4001)
    velocity = orbit.radial_velocity(orbit.PLANET_ORBIT, mjd)
    amplitude = (velocity.max() - velocity.min()) / 2
    assert abs(amplitude - orbit.PLANET_ORBIT.semi_amplitude) < 1e-4
    assert abs(np.mean(velocity[:-1])) < 1e-4  # the centre of mass stands still


def test_earth_moves() -> None:
    mjd = 58300 + np.arange(0, 365, 5.0)
    count = len(mjd)
    correction = orbit.barycentric_correction(np.full(count, 270.0), np.full(count, -23.44), mjd)
    assert 29.5 < correction.max() < 31.0  # a position on the ecliptic sees the whole orbit
    assert -31.0 < correction.min() < -29.5


def line_depth(wavelength: Array, flux: Array, centre: float, half: float) -> float:
    """Depth of an absorption feature below the median of its sides, 0 to 1."""
    inside = np.abs(wavelength - centre) < half
    beside = (np.abs(wavelength - centre) > 4 * half) & (np.abs(wavelength - centre) < 8 * half)
    return float(1 - np.median(flux[inside]) / np.median(flux[beside]))


def test_lines_run_along_the_spectral_sequence(demo: Path) -> None:
    depths: dict[str, list[tuple[float, float, float]]] = {}
    for path in (demo / "stars").glob("*.fits"):
        row = fits.getdata(path, 1)[0]
        wavelength, flux = row["WAVE"].astype(float), row["FLUX"].astype(float)
        h_beta = line_depth(wavelength, flux, 4861.3, 4.0)
        calcium_k = line_depth(wavelength, flux, 3933.7, 2.5)
        oxide = 1 - np.median(flux[(wavelength > 7060) & (wavelength < 7100)]) / np.median(
            flux[(wavelength > 7020) & (wavelength < 7045)]
        )
        depths.setdefault(path.name.split("-")[1][0], []).append((h_beta, calcium_k, float(oxide)))
    median = {letter: np.median(values, axis=0) for letter, values in depths.items()}
    assert set(median) == set("bafgkm")
    assert median["a"][0] > median["b"][0] > median["g"][0] > median["k"][0]
    assert median["g"][1] > median["f"][1] > median["a"][1]
    assert median["m"][2] > 0.3
    assert abs(median["g"][2]) < 0.1


def test_names_tell_the_class() -> None:
    for target in field_stars(DEFAULT_SEED, 60):
        assert target.name.split()[1] == spectral_class(target.star.teff)
    assert spectral_class(5777)[0] == "G"
    assert spectral_class(9700)[0] == "A"


def test_emission_lines_lie_at_the_redshift(demo: Path) -> None:
    measured = 0
    for path in (demo / "quasars").rglob("*.fits"):
        with fits.open(path) as hdus:
            z = float(hdus["SPECOBJ"].data["Z"][0])
            coadd = hdus["COADD"].data
            wavelength = 10 ** coadd["loglam"].astype(float)
            model = coadd["model"].astype(float)
        if z < 0.75:
            near = np.abs(wavelength / (1 + z) - 5008.24) < 12
            peak = wavelength[near][np.argmax(model[near])] / (1 + z)
            assert abs(peak - 5008.24) < 2.0, path.name
            measured += 1
        if z > 3.0:
            rest = wavelength / (1 + z)
            blue = np.median(coadd["flux"][(rest > 1050) & (rest < 1150)])
            red = np.median(coadd["flux"][(rest > 1270) & (rest < 1290)])
            # Without the forest the power law would make the blue side the brighter one.
            assert blue < red, path.name
            measured += 1
    assert measured > 20


def test_redshifts_cover_the_survey() -> None:
    redshifts = [quasar.redshift for quasar in draw_quasars(DEFAULT_SEED, QUASARS, [])]
    assert min(redshifts) < 0.5
    assert max(redshifts) > 3.5
    assert 1.0 < float(np.median(redshifts)) < 2.3


def star_on(path: Path, ra: float, dec: float) -> tuple[float, float, float] | None:
    """Offset from its catalogue position in arcsec (east, north) and flux of a star on a frame."""
    with fits.open(path) as hdus:
        image, wcs = hdus[0].data.astype(float), WCS(hdus[0].header)
    x, y = (float(value) for value in wcs.world_to_pixel_values(ra, dec))
    size = len(image)
    if not (20 < x < size - 20 and 20 < y < size - 20):
        return None
    rows, columns = np.mgrid[int(y) - 6 : int(y) + 8, int(x) - 6 : int(x) + 8]
    cut = image[rows, columns]
    centre = (cut * columns).sum() / cut.sum(), (cut * rows).sum() / cut.sum()
    found_ra, found_dec = wcs.pixel_to_world_values(*centre)
    east = (float(found_ra) - ra) * np.cos(np.radians(dec)) * 3600
    return float(east), (float(found_dec) - dec) * 3600, float(cut.sum())


def test_a_star_is_at_one_place_in_all_bands_and_tiles(demo: Path) -> None:
    cluster = cluster_stars(DEFAULT_SEED, CLUSTER_STARS, *CLUSTER_FIELD, 0.016)
    places = np.array([(target.ra, target.dec) for target in cluster])
    seen = 0
    for target in cluster[:60]:
        apart = np.hypot(*((places - (target.ra, target.dec)).T)) * 3600
        if np.sort(apart)[1] < 11:
            continue
        flux = star_flux(target.star.teff, target.star.vmag)
        for path in sorted((demo / "images").glob("frame-*-open-cluster-*.fits")):
            found = star_on(path, target.ra, target.dec)
            band = path.name.split("-")[1]
            if found is not None:
                assert np.hypot(found[0], found[1]) < 0.25 * SEEING[band], path.name
                assert 0.85 < found[2] / flux[BANDS.index(band)] < 1.1, path.name
                seen += 1
    assert seen >= 30


def test_quasars_with_spectra_are_on_the_images(demo: Path) -> None:
    names = {path.name for path in (demo / "quasars").rglob("*.fits")}
    for quasar in draw_quasars(DEFAULT_SEED, QUASARS, quasar_positions())[:3]:
        assert f"spec-{quasar.plate:04d}-{quasar.mjd:05d}-{quasar.fibre:04d}.fits" in names
        found = [
            star
            for path in (demo / "images").glob("frame-r-galaxies-*.fits")
            if (star := star_on(path, quasar.ra, quasar.dec)) is not None
        ]
        assert found
        assert all(np.hypot(east, north) < 0.4 for east, north, _ in found)
