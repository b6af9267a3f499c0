"""Images of every kind of pixel, projection, order of axes and compression, against astropy."""

import gzip
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.cutouts.errors import NoOverlap
from service.cutouts.wanted import Circle, PixelBox, Polygon, Range, Region, Wanted
from tests.cutouts.files import celestial, cut_images, same, stored

FRAMES = {
    "ICRS": ("RA---", "DEC--", {"RADESYS": "ICRS"}, "icrs"),
    "FK5": ("RA---", "DEC--", {"RADESYS": "FK5", "EQUINOX": 2000.0}, "fk5"),
    "FK4": ("RA---", "DEC--", {"RADESYS": "FK4", "EQUINOX": 1950.0}, "fk4"),
    "GALACTIC": ("GLON-", "GLAT-", {}, "galactic"),
    "ECLIPTIC": ("ELON-", "ELAT-", {"EQUINOX": 2000.0}, "barycentricmeanecliptic"),
}
PROJECTIONS = ("TAN", "SIN", "ZEA", "ARC", "STG", "TAN-SIP", "TPV")
ROUND_THE_SKY = ("CAR", "AIT", "SFL", "MOL", "CEA")
CODECS = (None, "RICE_1", "GZIP_1", "GZIP_2", "HCOMPRESS_1", "PLIO_1", "whole gzip")
PIXELS = ("u1", "i2", "i4", "f4", "f8", "u2", "blank", "scaled")


def coordinates(
    projection: str, frame: str, where: tuple[float, float], scale: float, swapped: bool
) -> fits.Header:
    """Cards of a rotated image around a position (in its frame), 40 x 30 pixels of `scale`."""
    lon, lat, cards, _ = FRAMES[frame]
    header = fits.Header()
    first, second = (2, 1) if swapped else (1, 2)
    header[f"CTYPE{first}"] = lon + projection
    header[f"CTYPE{second}"] = lat + projection
    header[f"CRVAL{first}"], header[f"CRVAL{second}"] = where
    header["CRPIX1"], header["CRPIX2"] = 17.25, 13.5
    for n in (1, 2):
        header[f"CUNIT{n}"] = "deg"
    turn = np.radians(25)
    header["CD1_1"], header["CD2_2"] = -scale * np.cos(turn), scale * np.cos(turn)
    header["CD1_2"], header["CD2_1"] = scale * np.sin(turn), scale * np.sin(turn)
    header.update(cards)
    if projection == "TAN-SIP":
        header.update({"A_ORDER": 2, "B_ORDER": 2, "A_2_0": 2e-4, "A_0_2": -1e-4, "B_1_1": 3e-4})
    if projection == "TPV":
        header.update({"PV1_1": 1.0, "PV2_1": 1.0, "PV1_4": 0.02 / scale / 40, "PV2_5": 1e-4})
    return header


def image_of(kind: str, header: fits.Header, rng: np.random.Generator) -> fits.ImageHDU:
    """An image of 30 rows and 40 columns, its values as they are stored."""
    values = rng.integers(0, 100, (30, 40))
    if kind in ("blank", "scaled", "u2"):
        hdu = fits.ImageHDU(values.astype(">i2"), header, do_not_scale_image_data=True)
        if kind == "u2":
            hdu.header["BZERO"] = 32768
        elif kind == "scaled":
            hdu.header["BSCALE"], hdu.header["BZERO"] = 0.5, 7.0
        else:
            hdu.header["BLANK"] = 3
        return hdu
    pixels = values.astype(kind)
    if kind[0] == "f":
        pixels = rng.normal(100, 10, (30, 40)).astype(kind)
        pixels[4, 5] = np.nan
    return fits.ImageHDU(pixels, header)


def write(path: Path, hdu: fits.ImageHDU, codec: str | None) -> Path:
    """A file of the image, compressed."""
    if codec is None or codec == "whole gzip":
        kept = fits.PrimaryHDU(hdu.data, hdu.header, do_not_scale_image_data=True)
        kept.writeto(path)
        if codec is None:
            return path
        packed = path.with_name(path.name + ".gz")
        packed.write_bytes(gzip.compress(path.read_bytes(), 1))
        return packed
    tile = (10, 20) if codec == "HCOMPRESS_1" else (4, 16)
    hdu = fits.CompImageHDU(
        hdu.data, hdu.header, compression_type=codec, tile_shape=tile, quantize_level=16,
        dither_seed=5, quantize_method=1, do_not_scale_image_data=True,
    )  # fmt: skip
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(path)
    return path


def region_of(kind: str, sky: SkyCoord, size: float) -> Region:
    """A region of about that size around a position."""
    ra, dec = float(sky.ra.deg), float(sky.dec.deg)
    stretch = size / max(0.02, np.cos(np.radians(dec)))
    if kind == "circle":
        return Circle(ra, dec, size)
    if kind == "polygon":
        corners = sky.directional_offset_by(np.array([0, 110, 230]) * _DEG, size * _DEG)
        return Polygon(tuple(zip(corners.ra.deg.tolist(), corners.dec.deg.tolist(), strict=True)))
    if kind == "range":
        return Range((ra - stretch) % 360, (ra + stretch) % 360, dec - size, dec + size)
    return PixelBox(ra, dec, 6, 9)


_DEG = units.deg


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_cuts_of_generated_images_agree_with_astropy(data: st.DataObject, tmp_path: Path) -> None:
    draw = data.draw
    projection = draw(st.sampled_from(PROJECTIONS + ROUND_THE_SKY))
    frame = draw(st.sampled_from(sorted(FRAMES)))
    lon, lat = draw(st.sampled_from([(0.0, 5.0), (359.99, -40.0), (123.4, 88.0), (200.0, -89.99)]))
    if projection in ROUND_THE_SKY:
        lat = 0.0
    scale = draw(st.sampled_from([1e-4, 0.01, 0.5]))
    swapped = draw(st.booleans()) and projection not in ("TAN-SIP", "TPV")
    header = coordinates(projection, frame, (lon, lat), scale, swapped)
    kind, codec = draw(st.sampled_from(PIXELS)), draw(st.sampled_from(CODECS))
    if codec == "PLIO_1" and kind[0] == "f":
        codec = None
    rng = np.random.default_rng(draw(st.integers(0, 9)))
    path = tmp_path / "field.fits"
    path.unlink(missing_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = write(path, image_of(kind, header, rng), codec)
        x, y = draw(st.floats(-3, 42)), draw(st.floats(-3, 32))
        wcs = WCS(header)
        at = wcs.all_pix2world(x, y, 0)
        sky_lon, sky_lat = (at[1], at[0]) if swapped else at
        if not np.isfinite(sky_lon + sky_lat):
            return
        sky = SkyCoord(sky_lon, sky_lat, unit="deg", frame=FRAMES[frame][3]).icrs
        region = region_of(
            draw(st.sampled_from(["circle", "polygon", "range", "box"])),
            sky, scale * draw(st.sampled_from([0.01, 2, 9, 60])),
        )  # fmt: skip
        _check(path, region, header, _inside(region, header, frame, swapped))


def _inside(region: Region, header: fits.Header, frame: str, swapped: bool) -> Any:
    """Which pixels have their centre in a region, by astropy; None for a box of pixels."""
    if isinstance(region, PixelBox | Polygon):
        return None
    ys, xs = np.mgrid[0:30, 0:40]
    at = WCS(header).all_pix2world(xs.ravel(), ys.ravel(), 0)
    lon, lat = at[::-1] if swapped else at
    sky = SkyCoord(np.nan_to_num(lon), np.nan_to_num(lat), unit="deg", frame=FRAMES[frame][3]).icrs
    if isinstance(region, Circle):
        centre = SkyCoord(region.ra, region.dec, unit="deg")
        inside = sky.separation(centre).deg <= region.radius
    else:
        width = (region.ra_max - region.ra_min) % 360
        inside = (sky.ra.deg - region.ra_min) % 360 <= width
        inside &= (sky.dec.deg >= region.dec_min) & (sky.dec.deg <= region.dec_max)
    return (inside & np.isfinite(lon)).reshape(30, 40)


def _check(path: Path, region: Region, header: fits.Header, inside: Any) -> None:
    try:
        image = cut_images(path, Wanted(region))[-1]
    except NoOverlap:
        assert inside is None or not inside.any()
        return
    with stored(path) as hdus:
        original = hdus[image.hdu]
        assert same(image.data, original.data[image.section])
        for card in ("BSCALE", "BZERO", "BLANK"):
            assert image.header.get(card) == original.header.get(card)
        ys, xs = image.section
        ny, nx = image.data.shape
        x, y = np.array([0, nx - 1, 0, nx - 1]), np.array([0, 0, ny - 1, ny - 1])
        before = celestial(original.header, hdus).all_pix2world(x + xs.start, y + ys.start, 0)
        np.testing.assert_allclose(image.world(x, y), before, rtol=0, atol=1e-9)
    if inside is not None:
        rows, columns = np.nonzero(inside)
        if len(rows):
            assert ys.start <= rows.min()
            assert ys.stop > rows.max()
            assert xs.start <= columns.min()
            assert xs.stop > columns.max()


@pytest.mark.parametrize("kind", ["f4", "f8"])
@pytest.mark.parametrize("method", [-1, 1, 2])
def test_quantized_tiles_are_those_of_astropy(kind: str, method: int, tmp_path: Path) -> None:
    """With and without dithering, and tiles that could not be quantized."""
    rng = np.random.default_rng(method + 5)
    pixels = rng.normal(0, 1, (20, 50)).astype(kind)
    pixels[3] = 0
    pixels[7, 5:9] = np.nan
    pixels[12] = 1e30 * rng.normal(size=50)
    header = coordinates("TAN", "ICRS", (10.0, 20.0), 0.01, False)
    hdu = fits.CompImageHDU(
        pixels, header, compression_type="RICE_1", quantize_level=4, quantize_method=method,
        dither_seed=7, tile_shape=(1, 50),
    )  # fmt: skip
    path = tmp_path / "field.fits"
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(path)
    image = cut_images(path, Wanted(Circle(10.0, 20.0, 10.0)))[0]
    assert same(image.data, fits.getdata(path, 1))
