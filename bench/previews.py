"""Previews by kind of file: the first ask of each, from the request to the last byte, by one client
and by eight, and those that are kept. None offers it.

    python -m bench.previews [--small]
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import numpy as np
from astropy.io import fits

from bench._archive import is_small, running_archive
from service.config import DEFAULT_AUTHORITY
from service.ingest.collection import load_collection
from service.ingest.run import run_ingest

_CLIENTS = 8
_SKY = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 150.0, "CRVAL2": 2.0}
_SKY |= {"CRPIX1": 1.0, "CRPIX2": 1.0, "CDELT1": -1e-4, "CDELT2": 1e-4}
_TOML = 'name = "{name}"\nroot = "{root}"\n[defaults]\ncalib_level = 2\n'


def _noise(side: int, number: int) -> Any:
    return np.random.default_rng(number).normal(100, 5, (side, side)).astype(np.float32)


def _spectrum(points: int, number: int) -> fits.HDUList:
    wave = np.linspace(3800.0, 9200.0, points)
    flux = np.random.default_rng(number).normal(1, 0.05, points)
    columns = [
        fits.Column("WAVE", "D", unit="Angstrom", array=wave),
        fits.Column("FLUX", "E", unit="Jy", array=flux),
    ]
    return fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns(columns)])


def _image(side: int, number: int) -> fits.HDUList:
    hdu = fits.PrimaryHDU(_noise(side, number))
    hdu.header.update(_SKY)
    return fits.HDUList([hdu])


def _tiled(side: int, number: int) -> fits.HDUList:
    hdu = fits.CompImageHDU(_noise(side, number), fits.Header(_SKY))
    return fits.HDUList([fits.PrimaryHDU(), hdu])


def _curve(rows: int, number: int) -> fits.HDUList:
    flux = np.random.default_rng(number).normal(1000, 3, rows)
    columns = [
        fits.Column("TIME", "D", unit="d", array=np.linspace(100.0, 190.0, rows)),
        fits.Column("FLUX", "E", unit="e-/s", array=flux),
    ]
    return fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns(columns)])


# What it is, extension of its preview, how it is made, its size, how many files.
_KINDS: tuple[tuple[str, str, Callable[[int, int], fits.HDUList], int, int], ...] = (
    ("spectrum of 4,000 points", "svg", _spectrum, 4_000, 60),
    ("spectrum of 300,000 points", "svg", _spectrum, 300_000, 20),
    ("light curve of 60,000 points", "svg", _curve, 60_000, 20),
    ("image of 512 x 512", "png", _image, 512, 60),
    ("image of 4,096 x 4,096", "png", _image, 4_096, 8),
    ("the same, tile-compressed", "png", _tiled, 4_096, 8),
)


async def _ingest(url: str, name: str, folder: Path) -> list[int]:
    """The files' ids in the archive."""
    toml = folder.with_suffix(".toml")
    toml.write_text(_TOML.format(name=name, root=folder))
    collection, root = load_collection(toml)
    await run_ingest(collection, root, url, DEFAULT_AUTHORITY, workers=1)
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(
            "SELECT h.id FROM archive.holding h JOIN archive.collection c "
            "ON c.id = h.collection_id WHERE c.name = $1",
            name,
        )
    finally:
        await connection.close()
    return [row["id"] for row in rows]


def _measure(what: str, urls: list[str], client: httpx.Client) -> None:
    def ask(url: str) -> float:
        begin = time.perf_counter()
        client.get(url).raise_for_status()
        return time.perf_counter() - begin

    half = len(urls) // 2
    alone = statistics.median(ask(url) for url in urls[:half])
    begin = time.perf_counter()
    with ThreadPoolExecutor(_CLIENTS) as threads:
        list(threads.map(ask, urls[half:]))
    together = (len(urls) - half) / (time.perf_counter() - begin)
    kept = statistics.median(ask(url) for url in urls * 3)
    print(
        f"{what:<30} first ask {alone * 1e3:6.0f} ms, {_CLIENTS} clients {together:5.1f}/s, "
        f"kept {kept * 1e3:.1f} ms"
    )


def main() -> None:
    """Make files, ask, print."""
    share = 4 if is_small(__doc__) else 1
    limits = httpx.Limits(max_connections=_CLIENTS)
    with (
        running_archive(1_000, with_worker=True) as archive,
        httpx.Client(timeout=120, limits=limits) as client,
        tempfile.TemporaryDirectory(prefix="starhaul-bench-") as place,
    ):
        for number, (what, extension, make, size, files) in enumerate(_KINDS):
            folder = Path(place) / f"kind{number}"
            folder.mkdir()
            for each in range(max(2, files // share)):
                make(size, each).writeto(folder / f"{each}.fits")
            ids = asyncio.run(_ingest(archive.database_url, folder.name, folder))
            urls = [f"{archive.url}/previews/{each}.{extension}" for each in ids]
            if number == 0:  # workers that were just started import what they need
                for url in urls[:4]:
                    client.get(url).raise_for_status()
                urls = urls[4:]
            _measure(what, urls, client)


if __name__ == "__main__":
    main()
