"""How much of a file is read, from where, how much of it is held; and files that are damaged."""

import bz2
import gzip
import os
import random
import warnings
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from service.cutouts.errors import NoOverlap, NotCuttable
from service.cutouts.openings import open_image
from service.cutouts.product import Source, first_bytes
from service.cutouts.wanted import Circle, PixelBox, Wanted
from service.storage.state import Damaged
from service.storage.store import store_of
from tests.buckets import BucketServer, bucket_server
from tests.conftest import CI
from tests.cutouts.files import DID, cut_file, cut_images, read, same, source_of
from tests.cutouts.test_extensions import exposure, sky
from tests.cutouts.test_generated_images import coordinates

__all__ = ["bucket_server"]


def sparse(path: Path, width: int, height: int) -> Path:
    """An image of that many pixels of which the disk has only the header."""
    header = fits.Header(
        {"SIMPLE": True, "BITPIX": -32, "NAXIS": 2, "NAXIS1": width, "NAXIS2": height}
    )
    header.update(coordinates("TAN", "ICRS", (150.0, 2.0), 1e-5, False))
    raw = header.tostring().encode()
    path.write_bytes(raw)
    os.truncate(path, len(raw) + (4 * width * height + 2879) // 2880 * 2880)
    return path


def test_small_cut_of_a_large_file_reads_little(tmp_path: Path) -> None:
    path = sparse(tmp_path / "large.fits", 16_400, 16_400)
    assert path.stat().st_size > 2**30
    box = Wanted(PixelBox(150.0, 2.0, 28, 28))
    product, data = cut_file(path, box)
    assert product.bytes_read < 30_000
    assert read(data)[0].data.shape[1] == 28
    assert read(data)[0].data.shape[0] < 28
    assert product.partial  # the reference pixel is 13 rows from the edge


def test_large_cut_is_never_held(tmp_path: Path) -> None:
    """Half of an image comes in pieces, each read when it is wanted."""
    path = sparse(tmp_path / "large.fits", 6000, 6000)
    with source_of(path) as source, open_image(source) as image:
        product = image.cut(Wanted(Circle(150.0, 2.0, 0.03)))
        assert product.size is not None
        assert product.size > 30 * 2**20
        at_first = product.bytes_read
        sizes = [len(piece) for piece in product.pieces]
    assert sum(sizes) == product.size
    assert max(sizes) <= 2**20
    assert at_first < 2**20 < product.bytes_read


def test_small_cut_of_a_bucket_reads_ranges(
    bucket_server: BucketServer,
) -> None:
    path = sparse(bucket_server.folder / "publisher" / "large.fits", 9000, 300)
    store = store_of("s3://publisher")
    state = next(s for name, s in store.objects() if name == path.name)  # type: ignore[attr-defined]
    wanted = Wanted(PixelBox(149.9985, 2.001, 28, 28))
    with store.open(path.name, state, b"", first_bytes(state.size)) as file:
        with open_image(Source(file, path.name, DID)) as image:
            product = image.cut(wanted)
        data = b"".join(product.pieces)
    path.unlink()
    assert read(data)[0].data.shape == (28, 28)
    assert product.bytes_read < 80_000


def test_headers_are_read_once_for_many_cuts(tmp_path: Path) -> None:
    path = sparse(tmp_path / "field.fits", 3000, 3000)
    with source_of(path) as source, open_image(source) as image:
        first = image.cut(Wanted(PixelBox(150.0, 2.0, 8, 8))).bytes_read
        second = image.cut(Wanted(PixelBox(150.0, 2.001, 8, 8))).bytes_read
    assert second < 8 * 3000 * 4 < first + 8 * 3000 * 4


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_packed_file_of_several_members(pack: object, tmp_path: Path) -> None:
    plain = exposure(tmp_path / "flt.fits").read_bytes()
    path = tmp_path / "flt.fits.packed"
    assert callable(pack)
    path.write_bytes(pack(plain[:9000]) + pack(plain[9000:]))
    wanted = Wanted(Circle(83.7, 10.0, 0.005))
    for mine, plainly in zip(
        cut_images(path, wanted), cut_images(tmp_path / "flt.fits", wanted), strict=True
    ):
        assert same(mine.data, plainly.data)
        assert mine.section == plainly.section


def test_packed_file_that_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "flt.fits.gz"
    packed = gzip.compress(exposure(tmp_path / "flt.fits").read_bytes())
    for damage in (packed[:-400], packed[:300] + b"\0" * 50 + packed[350:]):
        path.write_bytes(damage)
        with pytest.raises(NotCuttable, match="cannot be unpacked"):
            cut_file(path, Wanted())


def test_file_that_changes_while_it_is_cut_is_damaged(tmp_path: Path) -> None:
    path = sparse(tmp_path / "large.fits", 3000, 3000)
    with source_of(path) as source, open_image(source) as image:
        product = image.cut(Wanted())
        next(product.pieces)
        path.write_bytes(path.read_bytes()[:-40_000])
        with pytest.raises(Damaged):
            list(product.pieces)


@pytest.mark.parametrize(
    ("content", "word"),
    [(b"", "empty"), (b"<html>", "not a FITS file"), (b"SIMPLE  =" + b" " * 9000, "ends inside")],
)
def test_what_is_no_fits_file(content: bytes, word: str, tmp_path: Path) -> None:
    path = tmp_path / "field.fits"
    path.write_bytes(content)
    with pytest.raises(NotCuttable, match=word):
        cut_file(path, Wanted())


@pytest.mark.parametrize(
    "kind", ["plain", "RICE_1", "GZIP_2", "HCOMPRESS_1", "PLIO_1", "extensions"]
)
def test_damaged_bytes_are_never_more_than_an_error(kind: str, tmp_path: Path) -> None:
    """Random bytes in headers and tiles: a product, or one of our errors."""
    source = tmp_path / "source.fits"
    pixels = np.arange(3000, dtype="i4").reshape(50, 60)
    if kind == "extensions":
        exposure(source)
    elif kind == "plain":
        fits.PrimaryHDU(pixels, sky(83.6)).writeto(source)
    else:
        hdu = fits.CompImageHDU(pixels, sky(83.6), compression_type=kind, tile_shape=(10, 20))
        fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(source)
    whole, rng = source.read_bytes(), random.Random(5)
    path = tmp_path / "field.fits"
    made = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for turn in range(300 if CI else 40):
            first = 80 if turn % 2 else min(len(whole) - 1, 8640)  # anywhere, or in the tiles
            damaged = bytearray(whole)
            for _ in range(rng.choice((1, 3, 30))):
                damaged[rng.randrange(first, len(whole))] = rng.randrange(256)
            path.write_bytes(damaged[: rng.choice((len(whole), rng.randrange(len(whole))))])
            with suppress(NotCuttable, NoOverlap, Damaged):
                made += len(cut_file(path, Wanted(Circle(83.6, 10.0, 0.01)))[1]) > 0
    assert made
