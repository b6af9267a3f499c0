"""Bulk downloads on the running archive, beside nginx sending the same bytes as a ready tar.

For each set of generated files: time from POST to COMPLETED and to the first byte, MB/s of one
curl (median of 5 alternating runs) and of four at once, and the ratio to nginx (sendfile on,
worker_processes auto). Then the freezing of many known files whose rows alone exist, and the
memory of the API.

    python -m bench.bulk [--files N --size BYTES] [--rows 267487] [--small]
"""

import argparse
import asyncio
import hashlib
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
import psutil

from schema.migrate import upgrade
from service.config import Settings
from service.embedded.home import open_home
from service.embedded.servers import Servers, running_servers, wait_ready

_QUERY = "SELECT obs_publisher_did FROM ivoa.obscore WHERE obs_collection = '{}'"
_RUNS = 5
_NGINX = """
{user} daemon off; worker_processes auto;
pid {directory}/nginx.pid; error_log {directory}/error.log;
events {{}}
http {{
    access_log off; sendfile on;
    server {{ listen 127.0.0.1:{port}; root {directory}/ready; }}
}}
"""


@dataclass(frozen=True)
class Archive:
    """The running archive."""

    url: str
    database_url: str
    api: "subprocess.Popen[bytes]"


@contextmanager
def _process(
    command: Sequence[str], environment: dict[str, str], log: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("ab") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _archive(directory: Path) -> Iterator[Archive]:
    """PostgreSQL, Redis, one API process and one worker, as `starhaul up` runs them."""
    home = open_home(directory / "home")
    settings = Settings(home_dir=home.root)
    with running_servers(settings, home, print) as servers:
        wait_ready(servers, print)
        asyncio.run(upgrade(servers.database_url))
        port = _free_port()
        environment = _environment(servers, home.root, port)
        starhaul = [sys.executable, "-P", "-m", "service.cli"]
        with (
            _process([*starhaul, "serve", "--port", str(port)], environment, home.log / "a") as api,
            _process([*starhaul, "worker"], environment, home.log / "w"),
        ):
            archive = Archive(f"http://127.0.0.1:{port}", servers.database_url, api)
            _wait_ready(archive)
            yield archive


def _environment(servers: Servers, home: Path, port: int) -> dict[str, str]:
    return dict(os.environ) | {
        "STARHAUL_HOME_DIR": str(home),
        "STARHAUL_DATABASE_URL": servers.database_url,
        "STARHAUL_READ_DATABASE_URL": str(servers.read_database_url),
        "STARHAUL_REDIS_URL": str(servers.redis_url),
        "STARHAUL_PUBLIC_URL": f"http://127.0.0.1:{port}",
    }


def _wait_ready(archive: Archive) -> None:
    for _ in range(200):
        try:
            httpx.get(f"{archive.url}/bulk")
            return
        except httpx.TransportError:
            time.sleep(0.1)
    raise SystemExit("the API did not start; see the log in its home")


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


def _haul(archive: Archive, name: str, part_size: int) -> str:
    """Run a job over a collection; print its times; the URL of its first part."""
    with httpx.Client(timeout=300) as client:
        begin = time.perf_counter()
        created = client.post(
            f"{archive.url}/bulk",
            data={"QUERY": _QUERY.format(name), "PHASE": "RUN", "PART_SIZE": str(part_size)},
        )
        job = created.headers["location"]
        while client.get(f"{job}/phase").text in ("QUEUED", "EXECUTING"):
            client.get(job, params={"WAIT": "50"})
        completed = time.perf_counter() - begin
        document = client.get(job).text
        if client.get(f"{job}/phase").text != "COMPLETED":
            raise SystemExit(document)
        part = document.split('id="part-00001"')[1].split('href="')[1].split('"')[0]
        with client.stream("GET", part) as answer:
            next(answer.iter_raw(512))
        first = time.perf_counter() - begin
    print(f"  POST to COMPLETED {completed:.2f} s, to the first byte {first:.2f} s")
    return part


def _curl(url: str) -> float:
    """MB/s of one download."""
    speed = subprocess.run(
        ["curl", "-fsS", "-o", "/dev/null", "-w", "%{speed_download}", url],
        capture_output=True,
        text=True,
        check=True,
    )
    return float(speed.stdout) / 1e6


def _curls(url: str, count: int, size: int) -> float:
    """MB/s of several downloads at once, together."""
    begin = time.perf_counter()
    running = [subprocess.Popen(["curl", "-fsS", "-o", "/dev/null", url]) for _ in range(count)]
    if sum(process.wait() for process in running):
        raise SystemExit("a download failed")
    return count * size / (time.perf_counter() - begin) / 1e6


@contextmanager
def _nginx(directory: Path) -> Iterator[str]:
    port = _free_port()
    directory.mkdir()
    user = "user root;" if os.geteuid() == 0 else ""
    (directory / "nginx.conf").write_text(_NGINX.format(directory=directory, port=port, user=user))
    (directory / "ready").mkdir()
    command = ["nginx", "-c", str(directory / "nginx.conf"), "-p", str(directory)]
    with _process(command, dict(os.environ), directory / "log"):
        time.sleep(0.5)
        yield f"http://127.0.0.1:{port}"


def _compare(part: str, nginx: str, ready: Path) -> None:
    """One stream and four, ours and nginx's in turn."""
    print(f"  first run, as it comes: {_curl(part):.0f} MB/s")
    subprocess.run(["curl", "-fsS", "-o", ready, part], check=True)
    size = ready.stat().st_size
    floor = f"{nginx}/{ready.name}"
    _curl(floor)
    for count in (1, 4):
        ours, theirs = [], []
        for _ in range(_RUNS):
            ours.append(_curls(part, count, size))
            theirs.append(_curls(floor, count, size))
        mine, other = statistics.median(ours), statistics.median(theirs)
        print(
            f"  {count} stream(s), warm: {mine:.0f} MB/s, nginx {other:.0f} MB/s, "
            f"ratio {mine / other:.2f}"
        )


def _rss(archive: Archive) -> int:
    return psutil.Process(archive.api.pid).memory_info().rss


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
    before = _rss(archive)
    part = _haul(archive, name, 2**50)
    _compare(part, nginx, directory / "nginx" / "ready" / f"{name}.tar")
    print(f"  API memory grew by {(_rss(archive) - before) / 1e6:.0f} MB")


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
    with tempfile.TemporaryDirectory(prefix="starhaul-bench-") as folder:
        directory = Path(folder)
        with _archive(directory) as archive, _nginx(directory / "nginx") as nginx:
            print(f"freezing {rows} known files")
            asyncio.run(_publish_rows(archive.database_url, "ROWS", rows))
            before = _rss(archive)
            for _ in range(2):
                _haul(archive, "ROWS", 4 * 2**30)
            print(f"  API memory grew by {(_rss(archive) - before) / 1e6:.0f} MB")
            for files, size in sets:
                _measure(archive, directory, nginx, files, size)


if __name__ == "__main__":
    main()
