"""The whole path of a bulk download, with real FITS files: ingest, job, streams, kills, checksums.

The files are generated once, three layouts of about 20 kB each (5 GB in all), and kept in the
folder. Printed: files a second of ingest; time from POST to COMPLETED and to the first byte, twice;
the time to hash all parts in the background; the time to the first byte of a range; MB/s of one and
four streams of a part, cold and warm, beside nginx with the same bytes as a ready tar; bytes asked
for again, of those on the disk, after ten kills each of curl, starhaul-fetch and aria2; sha256sum
-c over every file; the memory of the API and of the largest process of the worker.

    python -m bench.haul [--files 267487] [--folder /var/tmp/starhaul-haul] [--small]
"""

import argparse
import asyncio
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from bench._archive import Archive, running_archive
from bench._downloads import BulkJob, compare, curl, run_job, running_nginx
from bench._kills import again_by_aria2, again_by_curl, again_by_fetch
from bench._measuring import median_ms, peak_memories, peak_memory
from bench._relay import running_relay
from bench.ingest import generate
from service.config import Settings
from service.ingest.collection import load_collection
from service.ingest.run import run_ingest, workers_default

_QUERY = "SELECT obs_publisher_did FROM ivoa.obscore WHERE obs_collection = 'bench'"
_PART_SIZE = 2**30
_KILLS = 10
_REQUESTS = 20
_KILLED_FILES = 50_000  # 1 GB


def _files(folder: Path, count: int) -> Path:
    """The collection of so many files, made unless it is there; its collection.toml."""
    place = folder / str(count)
    done = place / "collection.toml"
    if not done.exists():
        begin = time.perf_counter()
        generate(place, count)
        print(f"generated {count} files in {time.perf_counter() - begin:.0f} s")
    return done


def _ingest(archive: Archive, toml: Path) -> None:
    collection, root = load_collection(toml)
    authority, workers = Settings().authority, workers_default()
    report = asyncio.run(
        run_ingest(collection, root, archive.database_url, authority, workers=workers)
    )
    rate = report.accepted / report.seconds
    print(f"ingest of {report.accepted} files: {rate:.0f} files/s")


def _measure_first_byte(part: str) -> None:
    """Print how long it takes until a part, from anywhere in it to its end, begins to come."""
    size = int(httpx.head(part).headers["content-length"])
    with httpx.Client() as client:

        def begin(number: int) -> None:
            first = size * number // (2 * _REQUESTS)
            headers = {"range": f"bytes={first}-"} if first else {}
            with client.stream("GET", part, headers=headers) as answer:
                next(answer.iter_raw())

        print(f"first byte of a range: {median_ms(begin, _REQUESTS):.1f} ms, median of {_REQUESTS}")


def _wait_hashed(job: BulkJob) -> None:
    """Return once the archive has hashed every part; the reading would slow the streams."""
    begin = time.perf_counter()
    with httpx.Client(timeout=60) as client:
        for part in job.parts:
            while "repr-digest" not in client.head(part).headers:
                time.sleep(0.2)
    print(f"all parts hashed {time.perf_counter() - begin:.1f} s after the first byte")


def _measure_kills(archive: Archive, files: int, folder: Path) -> None:
    """Kill clients of one part of up to 1 GB."""
    top = min(files, _KILLED_FILES)
    job = run_job(archive.url, _QUERY.replace("SELECT", f"SELECT TOP {top}"), 2**50)
    (part,) = job.parts
    ready = folder / part.rsplit("/", 1)[1]
    curl(part, ready)
    size = ready.stat().st_size
    print(f"bytes asked for again of a part of {size}, after {_KILLS} kills")
    with running_relay(urlsplit(archive.url).port or 80) as relay:
        for client in ("curl", "starhaul-fetch", "aria2"):
            place = folder / client
            place.mkdir()
            if client == "curl":
                again = again_by_curl(part, relay, place, size, _KILLS)
            elif client == "aria2":
                again = again_by_aria2(part, relay, place, ready, _KILLS)
            else:
                again = again_by_fetch(job.url, relay, place, ready, _KILLS)
            print(f"  {client}: {again}")
            shutil.rmtree(place)
    ready.unlink()


def _verify(job: str, folder: Path) -> None:
    """Fetch everything, and compare every file with its checksum."""
    folder.mkdir()
    begin = time.perf_counter()
    command = [sys.executable, "-m", "starhaul_client", job, "--into", str(folder), "--unpack"]
    subprocess.run([*command, "-q"], check=True, stdout=subprocess.DEVNULL)
    fetched = time.perf_counter() - begin
    (bag,) = [path for path in folder.iterdir() if (path / "data").is_dir()]
    sums = "manifest-sha256.txt"
    subprocess.run(["sha256sum", "-c", "--quiet", "--strict", sums], cwd=bag, check=True)
    files = sum(1 for _ in (bag / sums).open())
    print(f"starhaul-fetch --unpack {fetched:.1f} s; sha256sum -c: all {files} files are right")


def main() -> None:
    """Generate, run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=267_487)
    parser.add_argument("--folder", type=Path, default=Path("/var/tmp/starhaul-haul"))
    parser.add_argument("--small", action="store_true", help="2,000 files")
    options = parser.parse_args()
    files = 2_000 if options.small else options.files
    toml = _files(options.folder, files)
    begin = time.perf_counter()
    with (
        tempfile.TemporaryDirectory(prefix="starhaul-bench-", dir=options.folder) as scratch,
        running_archive(1, with_worker=True) as archive,
        running_nginx(Path(scratch) / "nginx") as nginx,
    ):
        _ingest(archive, toml)
        _measure(archive, files, nginx, Path(scratch))
    print(f"all of this took {time.perf_counter() - begin:.0f} s")


def _measure(archive: Archive, files: int, nginx: str, folder: Path) -> None:
    assert archive.worker is not None
    with peak_memory(archive.api) as of_api, peak_memories(archive.worker) as of_worker:
        first = run_job(archive.url, _QUERY, _PART_SIZE)
        print(first)
        httpx.delete(first.url)
        job = run_job(archive.url, _QUERY, _PART_SIZE)
        print(job)
        _wait_hashed(job)
        _measure_first_byte(job.parts[0])
        compare(job.parts[0], nginx, folder / "nginx" / "ready" / job.parts[0].rsplit("/", 1)[1])
        shutil.rmtree(folder / "nginx" / "ready")
        _measure_kills(archive, files, folder)
        _verify(job.url, folder / "all")
    print(f"memory of the API: {of_api}")
    print(f"memory of the largest process of the worker: {of_worker()}")


if __name__ == "__main__":
    main()
