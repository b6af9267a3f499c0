"""The whole path of a bulk download, with real FITS files: ingest, job, streams, kills, checksums.

The files are generated once, three layouts of about 20 kB each (5 GB in all), and kept in the
folder. Printed: files a second of ingest; time from POST to COMPLETED and to the first byte; MB/s
of one and four streams, cold and warm, beside nginx with the same bytes as a ready tar; bytes asked
for again, of those on the disk, after kills of curl and starhaul-fetch; sha256sum -c over every
file; the memory of the API.

    python -m bench.haul [--files 267487] [--folder /var/tmp/starhaul-haul] [--small]
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from bench._archive import Archive, running_archive
from bench._downloads import compare, run_job, running_nginx
from bench._kills import again_by_curl, again_by_fetch
from bench._measuring import peak_memory
from bench._relay import running_relay
from bench.ingest import generate
from service.config import Settings
from service.ingest.collection import load_collection
from service.ingest.run import run_ingest, workers_default

_QUERY = "SELECT obs_publisher_did FROM ivoa.obscore WHERE obs_collection = 'bench'"
_PART_SIZE = 2**30
_KILLS = 10


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


def _measure_kills(archive: Archive, whole: str, part: str, ready: Path, folder: Path) -> None:
    size = ready.stat().st_size
    with running_relay(urlsplit(archive.url).port or 80) as relay:
        for name in ("curl", "fetch"):
            (folder / name).mkdir()
        by_curl = again_by_curl(part, relay, folder / "curl", size, _KILLS)
        by_fetch = again_by_fetch(whole, relay, folder / "fetch", ready, size, _KILLS)
    print(f"bytes asked for again after {_KILLS} kills: curl {by_curl}, starhaul-fetch {by_fetch}")


def _verify(job: str, folder: Path) -> None:
    """Fetch everything, and compare every file with its checksum."""
    begin = time.perf_counter()
    command = [sys.executable, "-m", "starhaul_client", job, "--into", str(folder), "--unpack"]
    subprocess.run([*command, "-q"], check=True)
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
    toml = _files(options.folder, 2_000 if options.small else options.files)
    with (
        tempfile.TemporaryDirectory(prefix="starhaul-bench-", dir=options.folder) as scratch,
        running_archive(1, with_worker=True) as archive,
        running_nginx(Path(scratch) / "nginx") as nginx,
    ):
        folder = Path(scratch)
        _ingest(archive, toml)
        with peak_memory(archive.api) as memory:
            job = run_job(archive.url, _QUERY, _PART_SIZE)
            print(job)
            part = job.parts[0]
            ready = folder / "nginx" / "ready" / part.rsplit("/", 1)[1]
            compare(part, nginx, ready)
            _measure_kills(archive, job.url, part, ready, folder)
            (folder / "all").mkdir()
            _verify(job.url, folder / "all")
        print(f"memory of the API: {memory}")
        httpx.delete(job.url)


if __name__ == "__main__":
    main()
