"""An archive of real images, cubes and spectra, and of two images that were made for it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from astropy.io import fits

from service.config import DEFAULT_AUTHORITY
from service.ingest.collection import load_collection
from service.ingest.run import run_ingest
from tests.serving import Service, service, service_environment

__all__ = ["service", "service_environment"]

DID = "ivo://x-unregistered/starhaul?REAL/"
MADE = "ivo://x-unregistered/starhaul?MADE/"
IMAGE = f"{DID}images/2mass-aplpy/2MASS_k.fits.gz"
SPECTRUM = f"{DID}spectra/sdss/spec-0411-51817-0119.fits"
CUBE = f"{DID}cubes/n2hp/n2hp_cube.fits"
STOKES, LARGE = f"{MADE}stokes.fits", f"{MADE}large.fits"
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
_FILES = (
    "images/2mass-aplpy/2MASS_k.fits.gz",
    "images/decam/c4d_141029_043225_ooi*",
    "cubes/**/*.fits",
    "spectra/sdss/spec-0411-51817*",
)


@pytest.fixture(scope="module")
def stars() -> int:
    """A catalogue is not needed here."""
    return 10


def _write(path: Path, shape: tuple[int, ...]) -> None:
    """Pixels of 3.6 arcseconds around (30, 10); further axes are frequencies and I, Q, U."""
    header = fits.Header()
    for axis, (ctype, value) in enumerate((("RA---TAN", 30.0), ("DEC--TAN", 10.0)), start=1):
        header[f"CTYPE{axis}"], header[f"CRVAL{axis}"] = ctype, value
        header[f"CRPIX{axis}"], header[f"CDELT{axis}"] = (shape[-axis] + 1) / 2, 0.001
        header[f"CUNIT{axis}"] = "deg"
    header["CDELT1"] = -0.001
    if len(shape) == 4:
        further = ((3, "FREQ", 1.4e9, 1e6), (4, "STOKES", 1, 1))
        for axis, ctype, value, step in further:
            header[f"CTYPE{axis}"], header[f"CRVAL{axis}"] = ctype, value
            header[f"CDELT{axis}"], header[f"CRPIX{axis}"] = step, 1
        header["CUNIT3"] = "Hz"
    fits.PrimaryHDU(np.zeros(shape, np.float32), header).writeto(path)


@pytest.fixture(scope="module")
def side() -> int:
    """Pixels along a side of the large image; a module may ask for more."""
    return 100


@pytest.fixture(scope="module")
def made(side: int, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the files that were made."""
    folder = tmp_path_factory.mktemp("made")
    _write(folder / "stokes.fits", (3, 4, 16, 16))
    _write(folder / "large.fits", (side, side))
    return folder


@pytest.fixture(scope="module")
def archive(
    service: Service, shared: Path, made: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """A client of the archive."""
    folder = tmp_path_factory.mktemp("real")
    patterns = ", ".join(f'"{pattern}"' for pattern in _FILES)
    for name, root, include in (("REAL", shared / "data", patterns), ("MADE", made, '"*.fits"')):
        toml = folder / f"{name}.toml"
        toml.write_text(
            f'name = "{name}"\nroot = "{root}"\ninclude = [{include}]\n'
            "[defaults]\ncalib_level = 2\n"
        )
        collection, place = load_collection(toml)
        database = service.database_url
        asyncio.run(run_ingest(collection, place, database, authority=DEFAULT_AUTHORITY, workers=1))
    with httpx.Client(base_url=service.url, timeout=60) as client:
        yield client
