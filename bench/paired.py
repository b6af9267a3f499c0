"""Cutouts of a table: 28 x 28 pixels of 10,000 rows (a position and a band each) on 1,000 files,
from the POST to the package, by one worker.

The files are 512 x 512 pixels of 4 bytes: 200 fields in five bands. Printed: seconds until all rows
are matched, until all are cut and until they are packed; cuts a second; bytes read of the files for
each cut; how often each file was opened; MB/s and files/s of the package; the memory of the largest
process of the worker; and how long 585,000 positions in five bands would take at that rate.

    python -m bench.paired [--small]
"""

import asyncio
import io
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import asyncpg
import httpx
import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

from bench._archive import Archive, is_small, running_archive
from bench._downloads import curl
from bench._measuring import peak_memories
from service.config import Settings
from service.ingest.collection import load_collection
from service.ingest.run import run_ingest, workers_default

_SIDE, _SCALE = 512, 0.396 / 3600  # pixels, degrees of a pixel: SDSS's
_STEP = 0.08  # degrees of declination between fields, which do not overlap
# Centre and width of ugriz in Angstrom.
_BANDS = {"u": (3560, 460), "g": (4700, 1160), "r": (6180, 1110), "i": (7490, 1040)} | {
    "z": (8950, 1120)
}
_POSITIONS = 585_000


def _field(number: int) -> WCS:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [180.0 + number // 500, -20 + _STEP * (number % 500)]
    wcs.wcs.crpix = [_SIDE / 2 + 0.5, _SIDE / 2 + 0.5]
    wcs.wcs.cdelt = [-_SCALE, _SCALE]
    return wcs


def _generate(folder: Path, fields: int) -> None:
    pixels = np.random.default_rng(1).normal(100, 5, (_SIDE, _SIDE)).astype(np.float32)
    for number in range(fields):
        header = _field(number).to_header()
        for band, (centre, width) in _BANDS.items():
            header["FILTER"] = f"{band} DECam SDSS c0001 {centre}.0 {width}.0"
            fits.PrimaryHDU(pixels, header).writeto(folder / f"{number:04d}-{band}.fits")
    (folder / "collection.toml").write_text('name = "bench"\n[constants]\ncalib_level = 2\n')


def _ingest(archive: Archive, folder: Path) -> None:
    collection, root = load_collection(folder / "collection.toml")
    asyncio.run(
        run_ingest(
            *(collection, root, archive.database_url, Settings().authority),
            workers=workers_default(),
        )
    )


def _table(rows: int, fields: int) -> bytes:
    """Rows in no order of the sky, as catalogues are."""
    random = np.random.default_rng(2)
    text = io.StringIO("id,ra,dec,band\n")
    text.seek(0, io.SEEK_END)
    for row in range(rows):
        x, y = random.uniform(20, _SIDE - 20, 2)
        ra, dec = _field(row % fields).pixel_to_world_values(x, y)
        text.write(f"{row},{float(ra):.7f},{float(dec):.7f},{list(_BANDS)[row // fields % 5]}\n")
    return text.getvalue().encode()


async def _facts(url: str, query: str) -> Sequence[float]:
    connection = await asyncpg.connect(url)
    try:
        return [float(value or 0) for value in await connection.fetchrow(query) or ()]
    finally:
        await connection.close()


_WORK = """
SELECT count(*), sum(cuts), sum(opened), sum(bytes_read), sum(size) FROM pairing.task
"""
_TIMES = """
SELECT (SELECT extract(epoch FROM min(queued)) FROM uws.job WHERE room = 'cut'),
    (SELECT extract(epoch FROM created) FROM uws.job WHERE room = 'bulk')
"""


def _run(archive: Archive, table: bytes, files: int) -> None:
    with httpx.Client(timeout=300) as client:
        begin = time.time()
        asked = {"UPLOAD": "t,param:t", "SIZE": "28px", "MATCH": "per-band", "PHASE": "RUN"}
        answer = client.post(f"{archive.url}/soda/async", data=asked, files={"t": ("t.csv", table)})
        job, cut_from = answer.headers["location"], 0.0
        while client.get(f"{job}/phase").text in ("QUEUED", "EXECUTING"):
            cut_from = cut_from or asyncio.run(_facts(archive.database_url, _TIMES))[0]
            time.sleep(0.05)
        ended = time.time()
        if client.get(f"{job}/phase").text != "COMPLETED":
            raise SystemExit(client.get(job).text)
        package = client.get(f"{job}/results/package", follow_redirects=True).text
    packed_from = asyncio.run(_facts(archive.database_url, _TIMES))[1]
    tasks, cuts, opened, octets, size = asyncio.run(_facts(archive.database_url, _WORK))
    rate = cuts / (packed_from - cut_from)
    print(f"{cuts:.0f} cutouts of {files} files in {tasks:.0f} tasks")
    print(
        f"matched in {cut_from - begin:.2f} s, cut in {packed_from - cut_from:.2f} s, packed in "
        f"{ended - packed_from:.2f} s"
    )
    print(f"{rate:.0f} cuts/s; {octets / cuts:.0f} bytes read and {size / cuts:.0f} made a cut")
    print(f"each file opened {opened / files:.3f} times")
    parts = [piece.split('"')[0] for piece in package.split('href="')[1:]]
    speed = curl(next(link for link in parts if "/parts/" in link))
    print(f"part of the package: {speed:.0f} MB/s, {speed * 1e6 * cuts / size:.0f} files/s")
    hours = 5 * _POSITIONS / rate / 3600
    print(
        f"at this rate {_POSITIONS} positions in 5 bands: {hours:.2f} h cutting, "
        f"{(cut_from - begin) * 5 * _POSITIONS / cuts / 3600:.2f} h matching, "
        f"{size / cuts * 5 * _POSITIONS / 1e9:.1f} GB"
    )


def main() -> None:
    """Print the figures."""
    small = is_small(__doc__)
    fields, rows = (10, 200) if small else (200, 10_000)
    with running_archive(1, with_worker=True) as archive, tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        _generate(folder, fields)
        _ingest(archive, folder)
        assert archive.worker is not None
        with peak_memories(archive.worker) as largest:
            _run(archive, _table(rows, fields), 5 * fields)
        print(f"memory of the worker's largest process: {largest()}")


if __name__ == "__main__":
    main()
