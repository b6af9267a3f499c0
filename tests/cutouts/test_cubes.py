"""Wavelengths, polarisations and times of cubes, whatever the order of their axes."""

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from astropy import units
from astropy.io import fits
from astropy.wcs import WCS

from service.cutouts.errors import NoOverlap, NotCuttable
from service.cutouts.wanted import Circle, Interval, PixelBox, Wanted
from service.ingest.wavelength import vacuum_from_air
from tests.cutouts.files import CutImage, cut_images, same

SPECTRAL = {
    "FREQ": {"CRVAL": 1.4e9, "CDELT": 1e6, "CUNIT": "Hz"},
    "WAVE": {"CRVAL": 650.0, "CDELT": 0.5, "CUNIT": "nm"},
    "AWAV": {"CRVAL": 5000.0, "CDELT": 1.25, "CUNIT": "Angstrom"},
    "VRAD": {"CRVAL": -20.0, "CDELT": 2.0, "CUNIT": "km/s"},
    "VELO": {"CRVAL": 1e5, "CDELT": -500.0, "CUNIT": "m/s"},
    "FREQ-W2F": {"CRVAL": 3e14, "CDELT": -1e12, "CUNIT": "Hz"},
}
LENGTHS = {"ra": 14, "dec": 11, "em": 12, "pol": 4}


def cube(path: Path, order: tuple[str, ...], spectral: str = "FREQ") -> Path:
    """A cube whose axes, the fastest first, are `order`; each pixel holds its own number."""
    header = fits.Header()
    for n, axis in enumerate(order, start=1):
        cards = {
            "ra": {"CTYPE": "RA---TAN", "CRVAL": 83.6, "CDELT": -0.01, "CUNIT": "deg"},
            "dec": {"CTYPE": "DEC--TAN", "CRVAL": 22.0, "CDELT": 0.01, "CUNIT": "deg"},
            "em": {"CTYPE": spectral, **SPECTRAL[spectral]},
            "pol": {"CTYPE": "STOKES", "CRVAL": 1.0, "CDELT": 1.0},
        }[axis]
        for card, value in cards.items():
            header[f"{card}{n}"] = value
        header[f"CRPIX{n}"] = 1.0 if axis == "pol" else 4.0
    header["RESTFRQ"] = 1.42e9
    shape = [LENGTHS[axis] for axis in reversed(order)]
    pixels = np.arange(np.prod(shape), dtype=">i4").reshape(shape)
    fits.PrimaryHDU(pixels, header).writeto(path, overwrite=True)
    return path


def agrees(path: Path, image: CutImage) -> None:
    """The pixels are the original's, and so are all their world coordinates."""
    assert same(image.data, fits.getdata(path)[image.section])
    before, after = WCS(fits.getheader(path)), WCS(image.header)
    corner = np.array([length - 1 for length in image.data.shape[::-1]])
    start = np.array([s.start for s in image.section[::-1]])
    step = np.array([s.step for s in image.section[::-1]])
    for pixel in (np.zeros(len(corner)), corner):
        then = before.wcs_pix2world([start + pixel * step], 0)
        np.testing.assert_allclose(after.wcs_pix2world([pixel], 0), then, rtol=1e-14, atol=1e-9)


@pytest.mark.parametrize("order", [*permutations(("ra", "dec", "em"))])
def test_region_and_band_in_any_order_of_axes(order: tuple[str, ...], tmp_path: Path) -> None:
    path = cube(tmp_path / "cube.fits", order)
    band = (299792458 / 1.4034e9, 299792458 / 1.3996e9)  # pixels 4 to 7, touched or whole
    image = cut_images(path, Wanted(PixelBox(83.6, 22.0, 5, 3), band))[0]
    agrees(path, image)
    found = dict(zip(order, image.section[::-1], strict=True))
    first, second = [axis for axis in order if axis != "em"]
    assert (found[first].start, found[first].stop) == (1, 6)
    assert (found[second].start, found[second].stop) == (2, 5)
    assert (found["em"].start, found["em"].stop) == (3, 7)


@pytest.mark.parametrize("order", [("pol", "em", "dec", "ra"), ("ra", "dec", "pol", "em")])
def test_states_of_polarization(order: tuple[str, ...], tmp_path: Path) -> None:
    path = cube(tmp_path / "cube.fits", order)
    for states, expected in {
        ("Q",): range(1, 2),
        ("I", "Q"): range(2),
        ("V", "Q"): range(1, 4, 2),
        ("I", "Q", "V", "XX"): range(4),  # U lies between them
    }.items():
        image = cut_images(path, Wanted(Circle(83.6, 22.0, 0.02), pol=states))[0]
        agrees(path, image)
        found = dict(zip(order, image.section[::-1], strict=True))["pol"]
        assert range(*found.indices(4)) == expected
    with pytest.raises(NoOverlap, match="I Q U V"):
        cut_images(path, Wanted(pol=("LL",)))


@pytest.mark.parametrize("spectral", SPECTRAL)
def test_band_is_of_vacuum_wavelengths(spectral: str, tmp_path: Path) -> None:
    """The planes of a band are those whose wavelengths, by astropy, lie in it."""
    path = cube(tmp_path / "cube.fits", ("ra", "dec", "em"), spectral)
    axis = WCS(fits.getheader(path)).spectral
    edges = axis.wcs_pix2world(np.arange(13) - 0.5, 0)[0] * units.Unit(str(axis.wcs.cunit[0]))
    rest = 1.42e9 * units.Hz
    convention = {"VRAD": units.doppler_radio, "VELO": units.doppler_relativistic}.get(spectral)
    ways = units.spectral() + (convention(rest) if convention else [])
    if convention:
        edges = edges.to(units.Hz, ways)
    metres = edges.to_value(units.m, ways)
    if spectral == "AWAV":
        metres = vacuum_from_air(metres)
    low, high = sorted((metres[3], metres[6]))
    width = high - low
    for band, planes in (
        ((low + width / 1e6, high - width / 1e6), slice(3, 6, 1)),
        ((-np.inf, np.inf), slice(0, 12, 1)),
        (((metres[2] + metres[3]) / 2,) * 2, slice(2, 3, 1)),
    ):
        image = cut_images(path, Wanted(band=band))[0]
        agrees(path, image)
        assert image.section[0] == planes
    with pytest.raises(NoOverlap, match="wavelengths of the dataset are"):
        cut_images(path, Wanted(band=(metres.max() * 1.1, metres.max() * 1.2)))


def test_velocities_without_rest_frequency_are_refused(tmp_path: Path) -> None:
    path = cube(tmp_path / "cube.fits", ("ra", "dec", "em"), "VRAD")
    fits.delval(path, "RESTFRQ")
    with pytest.raises(NotCuttable, match="RESTFRQ"):
        cut_images(path, Wanted(band=(0.2, 0.3)))


def test_real_cube_by_velocity(shared: Path) -> None:
    """VOPT without a rest frequency, which the publisher states."""
    path = shared / "data/cubes/l1448-13co/l1448_13co.fits"
    line = 110.201354e9
    wanted = Wanted(band=(299792458 / line * (1 + 4e3 / 299792458), 1))
    image = cut_images(path, wanted, header={"RESTFRQ": line})[0]
    assert same(image.data, fits.getdata(path)[image.section])
    values = WCS(image.header).spectral.wcs_pix2world(np.arange(len(image.data)), 0)[0]
    assert values.min() >= 4e3 - 100


@pytest.mark.parametrize(
    ("time", "known", "found"),
    [
        ((58000.0, 58001.0), None, True),
        ((58000.4, 58000.4), None, True),
        ((59000.0, np.inf), None, False),
        ((59000.0, np.inf), (58999.0, 59000.5), True),
    ],
)
def test_time_of_an_image_is_that_of_its_header_or_of_the_archive(
    time: Interval, known: Interval | None, found: bool, tmp_path: Path
) -> None:
    path = cube(tmp_path / "cube.fits", ("ra", "dec", "em"))
    fits.setval(path, "MJD-OBS", value=58000.4)
    fits.setval(path, "EXPTIME", value=600.0)
    if not found:
        with pytest.raises(NoOverlap, match="times of the dataset are"):
            cut_images(path, Wanted(time=time), time=known)
        return
    image = cut_images(path, Wanted(time=time), time=known)[0]
    assert image.data.shape == (12, 11, 14)


def test_time_axis(tmp_path: Path) -> None:
    """TAI counted in seconds from MJDREF, asked for in UTC: 37 s later in 2018."""
    header = fits.Header({"CTYPE1": "TIME", "CRVAL1": 0.0, "CRPIX1": 1.0, "CDELT1": 60.0})
    header.update({"CUNIT1": "s", "MJDREF": 58300.0, "TIMESYS": "TAI"})
    path = tmp_path / "series.fits"
    fits.PrimaryHDU(np.arange(20, dtype="f4"), header).writeto(path)
    minute = 1 / 1440
    start = 58300.0 - 37 / 86400 + 4.6 * minute
    image = cut_images(path, Wanted(time=(start, start + 2 * minute)))[0]
    assert list(image.data) == [5.0, 6.0, 7.0]


def test_what_is_not_known_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "field.fits"
    fits.PrimaryHDU(np.zeros((5, 5), "f4")).writeto(path)
    for wanted, word in (
        (Wanted(Circle(1, 1, 1)), "no celestial coordinates"),
        (Wanted(band=(1e-7, 1e-6)), "wavelengths"),
        (Wanted(time=(50000.0, 60000.0)), "times"),
        (Wanted(pol=("I",)), "polarization"),
    ):
        with pytest.raises(NotCuttable, match=word):
            cut_images(path, wanted)
    assert cut_images(path, Wanted(band=(1e-7, 1e-6)), band=(2e-7, 3e-7))[0].data.shape == (5, 5)
    with pytest.raises(NoOverlap):
        cut_images(path, Wanted(pol=("I",)), pol=("Q", "U"))
