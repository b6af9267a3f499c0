"""The API's peak memory while one client reads results of growing size, and the whole of ObsCore.

Figure: flat, 150 MB above idle at most (DESIGN §8). FULL=1 in the environment goes on to 10,000,000
rows; without it the largest has 1,000,000.

    [FULL=1] python -m bench.memory [--small]
"""

import asyncio
import os

import asyncpg

from bench._archive import Archive, is_small, running_archive
from bench._measuring import download, peak_memory

_FORMATS = ("votable", "votable/td", "csv", "fits")
_DATASETS = 267_487
_COLLECTION = "INSERT INTO archive.collection (name, root, config) VALUES ('B', '/', '{}')"
_ROWS = """
INSERT INTO archive.dataset (collection_id, calib_level, obs_collection, obs_id, obs_publisher_did,
    dataproduct_type, target_name, s_ra, s_dec, t_min, t_max, em_min, em_max, instrument_name)
SELECT collection.id, 2, 'B', n::text, 'ivo://x-unregistered/bench?' || n, 'spectrum',
    'HD ' || n % 5000, random() * 360, random() * 180 - 90, 58000 + n % 4000, 58000.1 + n % 4000,
    3.8e-7, 6.9e-7, 'HARPS'
FROM archive.collection, generate_series(1, $1::int) AS n
"""
_HOLDINGS = """
INSERT INTO archive.holding (collection_id, dataset_id, path, media_type, size, mtime_ns, ctime_ns,
    inode, sha256, crc32, reader)
SELECT collection_id, id, obs_id, 'application/fits', 5000000, 1, 1, 1, sha256(obs_id::bytea), 1,
    'bench'
FROM archive.dataset
"""


async def _fill_obscore(database_url: str, rows: int) -> None:
    """Datasets with one file each, whose files do not exist."""
    connection = await asyncpg.connect(database_url)
    await connection.execute(_COLLECTION)
    await connection.execute(_ROWS, rows)
    await connection.execute(_HOLDINGS)
    await connection.execute("ANALYZE archive.dataset, archive.holding")
    await connection.close()


def _print(archive: Archive, said: str, query: str, form: str, idle: int) -> None:
    with peak_memory(archive.api, idle) as memory:
        read = download(archive.tap, query, form)
    print(f"{said:24} {form:10} {read.megabytes:5.0f} MB in {read.total_s:5.1f} s, {memory}")


def main() -> None:
    """Read results, print."""
    small = is_small(__doc__)
    full = os.environ.get("FULL") == "1"
    sizes = [10_000, 100_000] if small else [100_000, 1_000_000, *[10_000_000] * full]
    datasets = _DATASETS // 10 if small else _DATASETS
    with running_archive(sizes[-1]) as archive:
        asyncio.run(_fill_obscore(archive.database_url, datasets))
        download(archive.tap, "SELECT TOP 1 * FROM bench.stars", "votable")
        idle = archive.api.memory_info().rss
        print(f"idle {idle / 1e6:.0f} MB; reach: 150 MB over it")
        for form in _FORMATS:
            for rows in sizes:
                query = f"SELECT TOP {rows} * FROM bench.stars"  # noqa: S608
                _print(archive, f"{rows:,} rows", query, form, idle)
        for form in _FORMATS:
            _print(archive, f"ObsCore, {datasets:,} rows", "SELECT * FROM ivoa.obscore", form, idle)


if __name__ == "__main__":
    main()
