"""An archive of real spectra, and of files that are none."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
import numpy as np
import pytest
from astropy.io import fits

from service.config import DEFAULT_AUTHORITY
from service.ingest.collection import load_collection
from service.ingest.run import run_ingest
from tests.conftest import run
from tests.serving import Service, service, service_environment
from tests.spectra import real

__all__ = ["service", "service_environment"]

REAL = (
    "sdss/spec-0411-51817-0119.fits",
    "lamost/spec-55859-F5902_sp01-013_dr8.fits.gz",
    "desi/coadd-sv3-dark-26065.fits",
    "eso-vimos/VANDELS_CDFS_017433.fits",
    "kpno-indous/A0V__153808.fits",
    "arecibo/alfalfa_sp.fits",
)
CLOSED, IN_AIR = "closed.fits", "A0V__153808.fits"
OPEN = f'exclude = ["{IN_AIR}"]'


@pytest.fixture(scope="module")
def stars() -> int:
    """No catalogue is needed."""
    return 1


@dataclass(frozen=True)
class Spectra:
    """The running archive and the folder of its files."""

    client: httpx.Client
    folder: Path
    database_url: str

    def url(self, name: str, form: str = "vot") -> str:
        """Where the file's spectrum is had."""

        async def work() -> int:
            connection = await asyncpg.connect(self.database_url)
            try:
                query = "SELECT id FROM archive.holding WHERE path = $1"
                return int(await connection.fetchval(query, name))
            finally:
                await connection.close()

        return f"/spectra/{run(work())}.{form}"

    def execute(self, statement: str) -> None:
        """Change what the archive knows."""

        async def work() -> None:
            connection = await asyncpg.connect(self.database_url)
            try:
                await connection.execute(statement)
            finally:
                await connection.close()

        run(work())

    def ingest(self, name: str, *lines: str) -> None:
        """Take a collection of the folder's files into the archive, as they are now."""
        toml = self.folder.with_name(f"{name}.toml")
        stated = "\n".join([f'name = "{name}"', f'root = "{self.folder}"', *lines])
        toml.write_text(f'{stated}\n[defaults]\ncalib_level = 2\nobs_title = "A title é"\n')
        collection, root = load_collection(toml)
        run(run_ingest(collection, root, self.database_url, DEFAULT_AUTHORITY, workers=1))


def write_table(path: Path, unit: str | None = "Angstrom", start: float = 4000.0) -> None:
    """A spectrum of 50 points."""
    columns = [
        fits.Column("WAVE", "D", unit=unit, array=start + np.arange(50.0)),
        fits.Column("FLUX", "E", unit="Jy", array=np.ones(50)),
    ]
    table = fits.BinTableHDU.from_columns(columns)
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(path)


def _write_image(path: Path) -> None:
    hdu = fits.PrimaryHDU(np.zeros((8, 8), dtype=np.float32))
    hdu.header.update({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRPIX1": 4.5, "CRPIX2": 4.5})
    hdu.header.update({"CRVAL1": 1.0, "CRVAL2": 2.0, "CDELT1": -1e-3, "CDELT2": 1e-3})
    hdu.writeto(path)


@pytest.fixture(scope="module")
def spectra(
    service: Service, shared: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Spectra]:
    """The archive of one module."""
    folder = tmp_path_factory.mktemp("spectra") / "files"
    folder.mkdir()
    for name in REAL:
        shutil.copy(real.FOLDER / name, folder / Path(name).name)
        (folder / Path(name).name).chmod(0o644)
    write_table(folder / "no unit.fits", unit=None, start=1.0)
    write_table(folder / CLOSED)
    write_table(folder / "gone.fits")
    _write_image(folder / "image.fits")
    with httpx.Client(base_url=service.url, timeout=60) as client:
        archive = Spectra(client, folder, service.database_url)
        archive.ingest("OPEN", OPEN)
        archive.ingest("AIR", f'include = ["{IN_AIR}"]', 'header = {AIRORVAC = "air"}')
        archive.execute(
            f"UPDATE archive.holding SET readable_by = '{{ada}}' WHERE path = '{CLOSED}'"
        )
        yield archive
