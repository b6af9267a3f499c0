"""Spectra of files that are large, packed, or objects of a bucket."""

import bz2
import gzip
import hashlib
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from service.spectra.document import document
from service.spectra.forms import FORMS
from service.spectra.holdings import MOST_POINTS, Held
from service.spectra.layout import NotConvertible
from service.spectra.opening import opened
from service.spectra.reading import read_spectrum
from service.storage.s3 import S3Store
from service.storage.state import Damaged, FileState, state_of
from tests.buckets import BucketServer, bucket_server
from tests.spectra import real
from tests.spectra.conftest import write_table

__all__ = ["bucket_server"]
ORIGIN = real.origin("sdss/spec-0411-51817-0119.fits")


def held(path: Path, reader: str = "table_spectrum") -> Held:
    digest = hashlib.sha256(path.read_bytes())
    origin = replace(ORIGIN, path=path.name, sha256=digest.hexdigest())
    return Held(origin, str(path.parent), state_of(path.stat()), digest.digest(), reader, {})


def in_bucket(server: BucketServer, path: Path) -> Held:
    server.put("objects", f"spectra/{path.name}", path.read_bytes())
    root = "s3://objects/spectra"
    state = dict(S3Store(root).objects())[path.name]
    return replace(held(path), root=root, state=state)


def large(path: Path) -> Path:
    """A spectrum before and after an image of 24 MB."""
    write_table(path)
    with fits.open(path, mode="append") as file:
        file.append(fits.ImageHDU(np.zeros((2000, 3000), dtype=np.float32), name="FRAME"))
    return path


def test_of_a_large_file_only_the_spectrum_is_read(
    tmp_path: Path, bucket_server: BucketServer
) -> None:
    path = large(tmp_path / "large.fits")
    for found in (held(path), in_bucket(bucket_server, path)):
        tracemalloc.start()
        with opened(found) as file:
            spectrum = read_spectrum(file, found.reader)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert np.array_equal(spectrum.wavelength, 4000.0 + np.arange(50))
        assert most < 4 * 2**20


@pytest.mark.parametrize("suffix", ["", ".gz", ".bz2"])
def test_packed_files_and_objects_of_a_bucket(
    tmp_path: Path, bucket_server: BucketServer, suffix: str
) -> None:
    plain = tmp_path / "a.fits"
    write_table(plain)
    pack = {"": bytes, ".gz": gzip.compress, ".bz2": bz2.compress}[suffix]
    path = tmp_path / f"b.fits{suffix}"
    path.write_bytes(pack(plain.read_bytes()))
    for found in (held(path), in_bucket(bucket_server, path)):
        with opened(found) as file:
            assert len(read_spectrum(file, found.reader)) == 50


def test_a_damaged_package_is_refused_in_words(tmp_path: Path) -> None:
    plain, path = tmp_path / "a.fits", tmp_path / "a.fits.gz"
    write_table(plain)
    path.write_bytes(gzip.compress(plain.read_bytes())[:-100])
    with (
        pytest.raises(NotConvertible, match=r"a\.fits\.gz: the compressed file"),
        opened(held(path)),
    ):
        pass


def test_another_file_is_never_converted(tmp_path: Path) -> None:
    path = tmp_path / "a.fits"
    write_table(path)
    other = FileState(*held(path).state[:-1], etag="")._replace(size=1)
    with pytest.raises(Damaged), opened(replace(held(path), state=other)):
        pass


def test_too_many_points_are_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "long.fits"
    hdu = fits.PrimaryHDU(np.zeros(MOST_POINTS + 1, dtype=np.int16))
    hdu.header.update({"CTYPE1": "WAVE", "CUNIT1": "nm", "CRVAL1": 300.0, "CDELT1": 1e-4})
    hdu.writeto(path)
    with pytest.raises(NotConvertible, match=r"long.fits cannot be converted: it holds 2000001 p"):
        document(held(path, "iraf"), FORMS["vot"], None, None)
