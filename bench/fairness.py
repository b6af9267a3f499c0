"""A tiny query beside bulk downloads: the time within which 95 % of the answers to SELECT TOP 1
come while 0, 8 and 32 streams of a part run, as fast as they can and at 1 Gbit/s together.

One client asks at a time. The streams are curl on the same cores, each of a user of its own.

    python -m bench.fairness [--small]
"""

import asyncio
import hashlib
import os
import random
import subprocess
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import httpx
import psutil

from bench._archive import TINY, Archive, is_small, running_archive
from bench._clients import ask_together
from service.access import command

_STREAMS = (0, 8, 32)
_FILE_BYTES = 5_000_000
_GIGABIT_BYTES = 125_000_000
_QUERY = "SELECT obs_publisher_did FROM ivoa.obscore WHERE obs_collection = 'bulk'"
_PUBLISH = """
WITH made AS (
    INSERT INTO archive.dataset (collection_id, calib_level, obs_collection, obs_id,
        obs_publisher_did)
    VALUES ($1, 2, 'bulk', $2, 'ivo://x-unregistered/bench?' || $2) RETURNING id
)
INSERT INTO archive.holding (collection_id, dataset_id, path, media_type, size, mtime_ns, ctime_ns,
    inode, sha256, crc32, reader)
SELECT $1, id, $2, 'application/fits', $3, $4, $5, $6, $7, $8, 'bench' FROM made
"""


async def _publish(url: str, store: Path, files: int) -> None:
    """So many files of noise, and their holdings as ingest writes them."""
    connection = await asyncpg.connect(url)
    collection = await connection.fetchval(
        "INSERT INTO archive.collection (name, root, config) VALUES ('bulk', $1, '{}') "
        "RETURNING id",
        str(store),
    )
    for number in range(files):
        path, content = store / f"{number}.fits", random.randbytes(_FILE_BYTES)
        path.write_bytes(content)
        state = path.stat()
        facts = (len(content), state.st_mtime_ns, state.st_ctime_ns, state.st_ino)
        sums = (hashlib.sha256(content).digest(), zlib.crc32(content))
        await connection.execute(_PUBLISH, collection, path.name, *facts, *sums)
    await connection.close()


def _part(archive: Archive) -> str:
    """The URL of the part of a job over all of them."""
    with httpx.Client(timeout=120) as client:
        created = client.post(f"{archive.url}/bulk", data={"QUERY": _QUERY, "PHASE": "RUN"})
        job = created.headers["location"]
        while client.get(f"{job}/phase").text in ("QUEUED", "EXECUTING"):
            client.get(job, params={"WAIT": "50"})
        return client.get(job).text.split('id="part-00001"')[1].split('href="')[1].split('"')[0]


@contextmanager
def _streams(part: str, tokens: list[str], bytes_per_s: int | None) -> Iterator[None]:
    """Downloads that begin again when they end, until the end of the block."""
    rate = ["--limit-rate", str(bytes_per_s // len(tokens))] if bytes_per_s and tokens else []
    curl = ["curl", "-s", "-o", os.devnull, *rate, f"{part}?[1-100000]"]
    running = [
        subprocess.Popen([*curl, "-H", f"Authorization: Bearer {token}"]) for token in tokens
    ]
    try:
        time.sleep(1)
        yield
    finally:
        for stream in running:
            stream.kill()
            stream.wait()


def _measure(archive: Archive, part: str, tokens: list[str], rate: int | None, for_s: int) -> str:
    before = psutil.net_io_counters(pernic=True)["lo"].bytes_sent
    with _streams(part, tokens, rate):
        begin = time.perf_counter()
        answers = ask_together(archive.tap, lambda _: TINY, 1, for_s)
        sent = psutil.net_io_counters(pernic=True)["lo"].bytes_sent - before
        megabytes = sent / (time.perf_counter() - begin + 1) / 1e6
    return (
        f"p50 {answers.percentile(50):5.1f} ms, p95 {answers.percentile(95):5.1f} ms, "
        f"{len(answers.errors)} errors, {megabytes:6.0f} MB/s"
    )


def main() -> None:
    """Measure, print."""
    small = is_small(__doc__)
    files, for_s = (20, 3) if small else (200, 15)
    with (
        TemporaryDirectory(prefix="starhaul-bench-") as folder,
        running_archive(10_000, with_worker=True) as archive,
    ):
        asyncio.run(_publish(archive.database_url, Path(folder), files))
        part = _part(archive)
        names = [f"user{number}" for number in range(max(_STREAMS))]
        tokens = [command.make(archive.database_url, name, None) for name in names]
        ask_together(archive.tap, lambda _: TINY, 1, 1)
        for rate, how in ((_GIGABIT_BYTES, "1 Gbit/s"), (None, "at will")):
            for number in _STREAMS:
                found = _measure(archive, part, tokens[:number], rate, for_s)
                print(f"{number:2} streams, {how}: {found}, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
