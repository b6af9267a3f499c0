"""Files of several images: errors and masks, mosaics, tables of distortions; and their headers."""

from pathlib import Path

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.nddata import Cutout2D
from astropy.wcs import WCS

from service.cutouts.errors import NotCuttable
from service.cutouts.wanted import Circle, PixelBox, Wanted
from tests.cutouts.files import celestial, cut_file, cut_images, read, same, stored

SHAPE = (50, 60)


def sky(ra: float, name: str = "", version: int = 1) -> fits.Header:
    """Coordinates of an image of 60 x 50 pixels of 0.001 degree whose middle is at ra, 10."""
    header = fits.Header({"EXTNAME": name, "EXTVER": version})
    for n, (ctype, value) in enumerate((("RA---TAN", ra), ("DEC--TAN", 10.0)), start=1):
        header[f"CTYPE{n}"], header[f"CRVAL{n}"] = ctype, value
        header[f"CRPIX{n}"], header[f"CDELT{n}"] = SHAPE[2 - n] / 2, -0.001 if n == 1 else 0.001
    return header


def exposure(path: Path) -> Path:
    """Two detectors as HST writes them: SCI, ERR, DQ each; ERR without distortions, DQ without any
    coordinates; a catalogue; a vector that belongs to nothing."""
    rng = np.random.default_rng(1)
    hdus = [fits.PrimaryHDU(header=fits.Header({"NEXTEND": 8, "TARGNAME": "M 1", "CHECKSUM": "x"}))]
    for version, ra in ((1, 83.6), (2, 83.7)):
        header = sky(ra, "SCI", version)
        header["CTYPE1"], header["CTYPE2"] = "RA---TAN-SIP", "DEC--TAN-SIP"
        header.update({"A_ORDER": 2, "B_ORDER": 2, "A_2_0": 5e-3, "B_0_2": 5e-3})
        header["LTV1"], header["LTV2"] = 12.0, 0.0
        hdus.append(fits.ImageHDU(rng.normal(size=SHAPE).astype("f4"), header))
        hdus.append(fits.ImageHDU(rng.random(SHAPE).astype("f4"), sky(ra, "ERR", version)))
        plain = fits.Header({"EXTNAME": "DQ", "EXTVER": version})
        hdus.append(fits.ImageHDU(rng.integers(0, 9, SHAPE).astype("i2"), plain))
    hdus.append(fits.BinTableHDU.from_columns([fits.Column("A", "E", array=np.ones(5))]))
    hdus.append(fits.ImageHDU(np.zeros(7, "f4"), name="OTHER"))
    fits.HDUList(hdus).writeto(path, checksum=True)
    return path


def test_errors_and_masks_are_cut_at_the_pixels_of_their_image(tmp_path: Path) -> None:
    path = exposure(tmp_path / "flt.fits")
    with stored(path) as hdus:
        corner = celestial(hdus[4].header, hdus).all_pix2world(48, 40, 0)
        images = cut_images(path, Wanted(PixelBox(*map(float, corner), 6, 6)))
        assert [image.header["EXTNAME"] for image in images] == ["SCI", "ERR", "DQ"]
        assert [image.hdu for image in images] == [4, 5, 6]
        for image in images:
            assert image.section == (slice(37, 43, 1), slice(45, 51, 1))
            assert same(image.data, hdus[image.hdu].data[image.section])
    assert images[0].header["LTV1"] == 12.0 - 45
    assert images[0].hdus[0].header["NEXTEND"] == 3
    assert images[0].hdus[0].header["TARGNAME"] == "M 1"
    assert not any("CHECKSUM" in hdu.header for hdu in images[0].hdus)


def test_region_over_two_detectors_is_cut_out_of_both(tmp_path: Path) -> None:
    path = exposure(tmp_path / "flt.fits")
    product, data = cut_file(path, Wanted(Circle(83.65, 10.0, 0.04)))
    assert [image.hdu for image in read(data)] == [1, 2, 3, 4, 5, 6]
    assert product.partial
    one, data = cut_file(path, Wanted(Circle(83.7, 10.0, 0.005)))
    assert [image.hdu for image in read(data)] == [4, 5, 6]
    assert not one.partial


def test_original_cards_stay_and_history_tells_what_was_done(tmp_path: Path) -> None:
    path = tmp_path / "field.fits"
    header = sky(83.6)
    header["OBSERVER"] = "Messier"
    header["HIERARCH ESO DET GAIN"] = 1.5
    header["REFERENC"] = "a long text " * 12
    header["HISTORY"] = "flat-fielded"
    header["CRPIX1A"], header["CRVAL1A"], header["CTYPE1A"] = 1.0, 5.0, "LINEAR"
    del header["CRPIX2"]  # 0 where it is not written
    fits.PrimaryHDU(np.zeros(SHAPE, "i2"), header).writeto(path)
    before = fits.getheader(path)
    image = cut_images(path, Wanted(Circle(83.6, 10.0, 0.006)))[0]
    after = image.header
    assert after["HISTORY"][0] == "flat-fielded"
    text = " ".join(after["HISTORY"][1:])
    assert "Circle" not in text
    assert "CIRCLE=83.6 10.0 0.006" in text
    assert "ivo://example/archive?images/field.fits" in text
    changed = {"NAXIS1", "NAXIS2", "CRPIX1", "CRPIX2", "CRPIX1A", "HISTORY", "EXTNAME", "EXTVER"}
    for keyword in set(before) - changed:
        assert after[keyword] == before[keyword]
        assert after.comments[keyword] == before.comments[keyword]
    ys, xs = image.section
    assert after["CRPIX2"] == -ys.start
    assert after["CRPIX1A"] == 1.0 - xs.start


def distorted(path: Path, convention: str) -> Path:
    """An image with lookup tables of distortions (HST's conventions)."""
    header = sky(83.6)
    tables = []
    name, card, key = {
        "CPDIS": ("WCSDVARR", "CPDIS", "DP"),
        "D2IM": ("D2IMARR", "D2IMDIS", "D2IM"),
    }[convention]
    rng = np.random.default_rng(3)
    for axis in (1, 2):
        header[f"{card}{axis}"] = "LOOKUP"
        for field, value in (("EXTVER", axis), ("NAXES", 2), ("AXIS.1", 1), ("AXIS.2", 2)):
            header.append(fits.Card(f"{key}{axis}", f"{field}: {float(value)}"), end=True)
        table = fits.ImageHDU(rng.normal(0, 2, (6, 7)).astype("f4"), name=name, ver=axis)
        table.header.update({"CRPIX1": 1.0, "CRPIX2": 1.0, "CRVAL1": 1.0, "CRVAL2": 1.0})
        table.header.update({"CDELT1": 10.0, "CDELT2": 10.0})
        tables.append(table)
    image = fits.PrimaryHDU(np.arange(3000, dtype="f4").reshape(SHAPE), header)
    fits.HDUList([image, *tables]).writeto(path)
    return path


@pytest.mark.parametrize("convention", ["CPDIS", "D2IM"])
def test_tables_of_distortions_move_with_the_pixels(convention: str, tmp_path: Path) -> None:
    """astropy's Cutout2D leaves them where they were: its coordinates are off by pixels."""
    path = distorted(tmp_path / "field.fits", convention)
    with stored(path) as hdus:
        before = WCS(hdus[0].header, hdus)
        at = before.all_pix2world(40, 30, 0)
        image = cut_images(path, Wanted(PixelBox(*map(float, at), 11, 9)))[0]
        assert image.section == (slice(26, 35, 1), slice(35, 46, 1))
        x, y = np.array([0.0, 10, 3.3]), np.array([0.0, 8, 4.4])
        expected = before.all_pix2world(x + 35, y + 26, 0)
        np.testing.assert_allclose(image.world(x, y), expected, rtol=0, atol=1e-9)
        astropys = Cutout2D(hdus[0].data, (40, 30), (9, 11), before).wcs.all_pix2world(x, y, 0)
        assert np.abs(np.array(astropys) - np.array(expected)).max() > 1e-4


def test_distortion_that_cannot_be_moved_is_refused(tmp_path: Path) -> None:
    path = distorted(tmp_path / "field.fits", "CPDIS")
    fits.setval(path, "CPDIS1", value="POLYNOMIAL")
    with pytest.raises(NotCuttable, match="CPDIS1 = 'POLYNOMIAL'"):
        cut_images(path, Wanted(Circle(83.6, 10.0, 0.01)))


def test_table_of_wavelengths_goes_with_the_cut(tmp_path: Path) -> None:
    """CTYPE3 = 'WAVE-TAB' as spectrographs with image slicers have it."""
    header = sky(83.6)
    header.update({"CTYPE3": "WAVE-TAB", "CUNIT3": "m", "CRPIX3": 1.0, "CRVAL3": 1.0})
    header.update({"CDELT3": 1.0, "PS3_0": "WCS-TABLE", "PS3_1": "wavelength"})
    waves = np.linspace(1e-6, 2e-6, 4) ** 1.01
    column = fits.Column("wavelength", "4D", dim="(1,4)", array=waves.reshape(1, 4, 1))
    table = fits.BinTableHDU.from_columns([column], name="WCS-TABLE")
    cube = fits.PrimaryHDU(np.zeros((4, *SHAPE), "i2"), header)
    path = tmp_path / "cube.fits"
    fits.HDUList([cube, table]).writeto(path)
    image = cut_images(path, Wanted(Circle(83.6, 10.0, 0.006)))[0]
    assert image.hdus["WCS-TABLE"].data["wavelength"].ravel().tolist() == waves.tolist()
    with stored(path) as hdus:
        before = WCS(hdus[0].header, hdus).all_pix2world([[28, 24, 2]], 0)
        ys, xs = image.section[1:]
        pixel = [[28 - xs.start, 24 - ys.start, 2]]
        after = WCS(image.header, image.hdus).all_pix2world(pixel, 0)
    np.testing.assert_allclose(after, before, rtol=1e-12, atol=1e-9)
    with pytest.raises(NotCuttable, match="cannot be turned into wavelengths"):
        cut_images(path, Wanted(band=(1e-6, 2e-6)))


def test_cards_of_the_publisher_count_and_are_in_the_product(tmp_path: Path) -> None:
    path = tmp_path / "field.fits"
    header = sky(83.6)
    del header["CTYPE1"], header["CTYPE2"]
    fits.PrimaryHDU(np.zeros(SHAPE, "i2"), header).writeto(path)
    stated = {"CTYPE1": "GLON-TAN", "CTYPE2": "GLAT-TAN"}
    here = SkyCoord(83.6, 10.0, unit=units.deg, frame="galactic").icrs
    box = PixelBox(float(here.ra.deg), float(here.dec.deg), 3, 3)
    image = cut_images(path, Wanted(box), header=stated)[0]
    assert image.section == (slice(23, 26, 1), slice(28, 31, 1))
    assert image.header["CTYPE1"] == "GLON-TAN"
    assert np.allclose(image.world(1, 1), (83.6, 10.0))
