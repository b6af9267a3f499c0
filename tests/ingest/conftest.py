"""What the ingest tests share: small FITS files, collections, runs, and rows."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import numpy as np
import pytest
from astropy.io import fits

from service.ingest.collection import load_collection
from service.ingest.run import Report, run_ingest
from tests.conftest import TestDatabase

AUTHORITY = "ivo://x-unregistered/starhaul"
Rows = list[asyncpg.Record]


def write_image(path: Path, ra: float = 10.0, dec: float = -20.0, **cards: Any) -> Path:
    """A small image with WCS."""
    hdu = fits.PrimaryHDU(np.zeros((8, 8), dtype=np.float32))
    hdu.header.update({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRPIX1": 4.5, "CRPIX2": 4.5})
    hdu.header.update({"CRVAL1": ra, "CRVAL2": dec, "CDELT1": -1e-3, "CDELT2": 1e-3})
    hdu.header.update({"RADESYS": "ICRS", "EXPTIME": 30.0, "MJD-OBS": 55000.0} | cards)
    path.parent.mkdir(parents=True, exist_ok=True)
    hdu.writeto(path, overwrite=True)
    return path


def write_spectrum(path: Path, unit: str | None = "Angstrom", **cards: Any) -> Path:
    """A spectrum in a table."""
    wave = np.linspace(4000.0, 5000.0, 50)
    columns = [
        fits.Column("WAVE", "D", unit=unit, array=wave),
        fits.Column("FLUX", "E", unit="Jy", array=np.ones(50)),
    ]
    table = fits.BinTableHDU.from_columns(columns)
    table.header.update(cards)
    path.parent.mkdir(parents=True, exist_ok=True)
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(path, overwrite=True)
    return path


class Archive:
    """Runs of ingest on the module's database, and what they wrote."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder

    def toml(self, name: str, *lines: str, level: bool = True) -> Path:
        """A collection.toml of a collection `name` with its files below data/."""
        (self.folder / "data").mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{name}.toml"
        defaults = ["[defaults]", "calib_level = 2"] if level else []
        path.write_text("\n".join([f'name = "{name}"', 'root = "data"', *lines, *defaults]))
        return path

    def ingest(self, toml: Path, **options: Any) -> Report:
        """One run."""
        collection, root = load_collection(toml)
        options = {"authority": AUTHORITY, "workers": 1} | options
        return asyncio.run(run_ingest(collection, root, self.url, **options))

    def rows(self, query: str, *arguments: Any) -> Rows:
        """The rows of a query."""

        async def work() -> Rows:
            settings = {"starhaul.public_url": "http://127.0.0.1:8000"}
            connection = await asyncpg.connect(self.url, server_settings=settings)
            try:
                return list(await connection.fetch(query, *arguments))
            finally:
                await connection.close()

        return asyncio.run(work())

    def datasets(self, name: str) -> list[dict[str, Any]]:
        """All columns of a collection's datasets that a second archive would have too."""
        rows = self.rows(
            "SELECT d.*, h.path, h.sha256, h.crc32, h.state, h.media_type, h.reader "
            "FROM archive.dataset d JOIN archive.holding h ON h.dataset_id = d.id "
            "JOIN archive.collection c ON c.id = d.collection_id WHERE c.name = $1 ORDER BY h.path",
            name,
        )
        own = {"id", "holding_id", "updated", "collection_id"}
        return [{k: v for k, v in row.items() if k not in own} for row in rows]


@pytest.fixture
def archive(database: TestDatabase, tmp_path: Path) -> Archive:
    """The module's database and an empty folder."""
    return Archive(database.url, tmp_path)


@pytest.fixture
def make_archive(database: TestDatabase) -> Callable[[Path], Archive]:
    """The module's database and a folder of the caller's."""
    return lambda folder: Archive(database.url, folder)
