"""Files to cut, as the archive opens them, and products as astropy reads them."""

import bz2
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

from service.cutouts.openings import open_image
from service.cutouts.product import Product, Source
from service.cutouts.wanted import Wanted
from service.storage.local import LocalStore
from service.storage.state import state_of
from tests.conftest import CI

DID = "ivo://example/archive?images/field.fits"
_NOTE = re.compile(r"Cut \[([\d:,]+)\] out of HDU (\d+) of ")


@contextmanager
def source_of(path: Path, **known: Any) -> Iterator[Source]:
    """An open file, and what the archive knows of it."""
    with LocalStore(str(path.parent)).open(path.name, state_of(path.stat()), b"") as file:
        yield Source(file, path.name, DID, **known)


@dataclass(frozen=True)
class CutImage:
    """One image of a product: where it came from, and what it is."""

    hdu: int
    section: tuple[slice, ...]  # numpy's order
    header: fits.Header
    data: np.ndarray[Any, Any]
    hdus: fits.HDUList

    def world(self, x: Any, y: Any) -> Any:
        """What astropy says of pixels from 0 of the celestial axes."""
        return celestial(self.header, self.hdus).all_pix2world(x, y, 0)


def celestial(header: fits.Header, hdus: fits.HDUList) -> WCS:
    """astropy's celestial WCS of a header, with the tables of its file."""
    wcs = WCS(header, hdus)
    return wcs if wcs.naxis == 2 else wcs.celestial


def read(data: bytes) -> list[CutImage]:
    """The images of a product; each says in HISTORY which pixels of which HDU it is."""
    hdus = fits.open(io.BytesIO(data), memmap=False, do_not_scale_image_data=True)
    if CI:
        hdus.verify("exception")
    images = []
    for hdu in hdus:
        if hdu.data is None or not hdu.is_image or hdu.name in ("WCSDVARR", "D2IMARR"):
            continue
        notes = _NOTE.findall("".join(f"{line:<72}" for line in hdu.header["HISTORY"]))
        bounds = [part.split(":") for part in notes[-1][0].split(",")]
        section = tuple(
            slice(int(b[0]) - 1, int(b[1]), int(b[2]) if len(b) > 2 else 1) for b in bounds[::-1]
        )
        images.append(CutImage(int(notes[-1][1]), section, hdu.header, hdu.data, hdus))
    return images


def cut_file(path: Path, wanted: Wanted, **known: Any) -> tuple[Product, bytes]:
    """A product and its bytes, which are as many as it says."""
    with source_of(path, **known) as source, open_image(source) as image:
        product = image.cut(wanted)
        data = b"".join(product.pieces)
    assert product.size in (None, len(data))
    assert len(data) % 2880 == 0
    return product, data


def cut_images(path: Path, wanted: Wanted, **known: Any) -> list[CutImage]:
    """The images of a product."""
    return read(cut_file(path, wanted, **known)[1])


def stored(path: Path) -> fits.HDUList:
    """The file as astropy reads it, values as they are stored."""
    packed = path.suffix == ".bz2"  # astropy would unpack it again for each HDU
    content = io.BytesIO(bz2.decompress(path.read_bytes())) if packed else path
    return fits.open(content, do_not_scale_image_data=True)


def same(a: Any, b: Any) -> bool:
    """Whether arrays are equal, NaN with NaN."""
    a, b = np.asarray(a), np.asarray(b)
    floats = a.dtype.kind == "f"
    return a.shape == b.shape and bool(np.array_equal(a, b, equal_nan=floats))
