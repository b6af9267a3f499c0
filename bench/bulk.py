"""Bulk downloads on the running archive, beside nginx sending the same bytes as a ready tar.

For each set of generated files: time from POST to COMPLETED and to the first byte, MB/s of one
curl and of four at once, cold and warm (median of 5 alternating runs), and the ratio to nginx
(sendfile on, worker_processes auto); for small files also that of a server in C that opens, reads,
compares and sends them and nothing else. Then the freezing of many known files whose rows alone
exist, and the memory of the API and its readers.

Figures: one stream 0.95 of nginx for files of 5 MB, 0.7 for files of 20 kB, four streams together
1.0, warm (DESIGN §8).

    python -m bench.bulk [--files N --size BYTES] [--rows 267487] [--small]
"""

import argparse
import asyncio
import hashlib
import random
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import asyncpg

from bench._archive import Archive, running_archive
from bench._downloads import compare, run_job, running_nginx
from bench._least import running_least
from bench._measuring import peak_memory

_QUERY = "SELECT obs_publisher_did FROM ivoa.obscore WHERE obs_collection = '{}'"


async def _publish(url: str, name: str, root: Path, files: Sequence[tuple[str, bytes]]) -> None:
    """Holdings as ingest writes them, for files that lie below `root`."""
    connection = await asyncpg.connect(url)
    collection = await connection.fetchval(
        "INSERT INTO archive.collection (name, root, config) VALUES ($1, $2, '{}') RETURNING id",
        name,
        str(root),
    )
    await connection.execute("CREATE TEMPORARY TABLE made AS SELECT * FROM archive.holding LIMIT 0")
    rows = []
    for path, content in files:
        state = (root / path).stat()
        facts = (len(content), state.st_mtime_ns, state.st_ctime_ns, state.st_ino)
        rows.append((path, *facts, hashlib.sha256(content).digest(), zlib.crc32(content)))
    columns = ["path", "size", "mtime_ns", "ctime_ns", "inode", "sha256", "crc32"]
    await connection.copy_records_to_table("made", records=rows, columns=columns)
    await connection.execute(_DATASETS, collection, name)
    await connection.execute(
        """INSERT INTO archive.holding (collection_id, dataset_id, path, media_type, size,
               mtime_ns, ctime_ns, inode, sha256, crc32, reader)
           SELECT $1, dataset.id, made.path, 'application/fits', made.size, made.mtime_ns,
               made.ctime_ns, made.inode, made.sha256, made.crc32, 'bench'
           FROM made JOIN archive.dataset ON obs_id = made.path
                AND dataset.collection_id = $1""",
        collection,
    )
    await connection.execute("ANALYZE archive.holding, archive.dataset")
    await connection.close()


_DATASETS = """
INSERT INTO archive.dataset (collection_id, calib_level, obs_collection, obs_id, obs_publisher_did)
SELECT $1, 2, $2, path, 'ivo://x-unregistered/starhaul?' || $2 || '/' || path FROM made
"""


async def _publish_rows(url: str, name: str, rows: int) -> None:
    """Holdings whose files do not exist: freezing reads none of them."""
    connection = await asyncpg.connect(url)
    collection = await connection.fetchval(
        "INSERT INTO archive.collection (name, root, config) VALUES ($1, '/', '{}') RETURNING id",
        name,
    )
    await connection.execute(
        """CREATE TEMPORARY TABLE made AS
           SELECT 'HARPS/' || n % 5000 || '/ADP.2014-09-16T11_' || n || '.fits' AS path, n
           FROM generate_series(1, $1::int) AS n""",
        rows,
    )
    await connection.execute(_DATASETS, collection, name)
    await connection.execute(
        """INSERT INTO archive.holding (collection_id, dataset_id, path, media_type, size,
               mtime_ns, ctime_ns, inode, sha256, crc32, reader)
           SELECT $1, dataset.id, path, 'application/fits', 5000000 + n, n, n, n,
               sha256(path::bytea), n, 'bench'
           FROM made JOIN archive.dataset ON obs_id = path AND dataset.collection_id = $1""",
        collection,
    )
    await connection.execute("ANALYZE archive.holding, archive.dataset")
    await connection.close()


def _measure(archive: Archive, directory: Path, nginx: str, files: int, size: int) -> None:
    name = f"B{size}"
    print(f"{files} files of {size} bytes")
    root = directory / name
    content = random.Random(size).randbytes(size)
    made = [(f"night{n % 500}/file-{n:06d}.fits", content) for n in range(files)]
    for path, octets in made:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(octets)
    asyncio.run(_publish(archive.database_url, name, root, made))
    ready = directory / "nginx" / "ready" / f"{name}.tar"
    with (
        peak_memory(archive.api) as memory,
        running_least([root / path for path, _ in made], size, directory) as least,
    ):
        job = run_job(archive.url, _QUERY.format(name), 2**50)
        print(f"  {job}")
        compare(job.parts[0], nginx, ready, least)
    readers = [child.memory_full_info().uss / 1e6 for child in archive.api.children()]
    print(f"  memory of the API: {memory}; {len(readers)} readers, each {max(readers):.0f} MB")


def main() -> None:
    """Run the measurements that the options ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int)
    parser.add_argument("--size", type=int, default=20_000)
    parser.add_argument("--rows", type=int)
    parser.add_argument("--small", action="store_true")
    options = parser.parse_args()
    sets = (
        [(20, 5_000_000), (2_000, 20_000)]
        if options.small
        else [(800, 5_000_000), (267_487, 20_000)]
    )
    if options.files:
        sets = [(options.files, options.size)]
    rows = options.rows or (20_000 if options.small else 267_487)
    with (
        tempfile.TemporaryDirectory(prefix="starhaul-bench-") as folder,
        running_archive(1, with_worker=True) as archive,
        running_nginx(Path(folder) / "nginx") as nginx,
    ):
        print(f"freezing {rows} known files")
        asyncio.run(_publish_rows(archive.database_url, "ROWS", rows))
        with peak_memory(archive.api) as memory:
            for _ in range(2):
                print(f"  {run_job(archive.url, _QUERY.format('ROWS'), 4 * 2**30)}")
        print(f"  memory of the API: {memory}")
        for files, size in sets:
            _measure(archive, Path(folder), nginx, files, size)


if __name__ == "__main__":
    main()
