"""What the figures of bulk downloads share: a job that is run, downloads by curl, nginx sending the
same bytes as a ready tar."""

import os
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench._archive import free_port

_RUNS = 5
_DROP_CACHES = Path("/proc/sys/vm/drop_caches")
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
class BulkJob:
    """A completed job: its URL, those of its parts; seconds from the POST to COMPLETED and to the
    first byte."""

    url: str
    parts: list[str]
    completed_s: float
    first_byte_s: float

    def __str__(self) -> str:
        return (
            f"POST to COMPLETED {self.completed_s:.2f} s, to the first byte "
            f"{self.first_byte_s:.2f} s, {len(self.parts)} parts"
        )


def run_job(archive: str, query: str, part_size: int) -> BulkJob:
    """Run a bulk job to its first byte; SystemExit where it fails."""
    with httpx.Client(timeout=300) as client:
        begin = time.perf_counter()
        form = {"QUERY": query, "PHASE": "RUN", "PART_SIZE": str(part_size)}
        job = client.post(f"{archive}/bulk", data=form).headers["location"]
        while client.get(f"{job}/phase").text in ("QUEUED", "EXECUTING"):
            client.get(job, params={"WAIT": "50"})
        completed = time.perf_counter() - begin
        document = client.get(job).text
        if client.get(f"{job}/phase").text != "COMPLETED":
            raise SystemExit(document)
        links = [piece.split('"')[0] for piece in document.split('href="')[1:]]
        parts = [link for link in links if "/parts/" in link]
        with client.stream("GET", parts[0]) as answer:
            next(answer.iter_raw())
        return BulkJob(job, parts, completed, time.perf_counter() - begin)


def curl(url: str, into: Path | None = None) -> float:
    """MB/s of one download; nothing is kept without `into`."""
    speed = subprocess.run(
        ["curl", "-fsS", "-o", str(into or os.devnull), "-w", "%{speed_download}", url],
        capture_output=True,
        text=True,
        check=True,
    )
    return float(speed.stdout) / 1e6


def curls(url: str, count: int, size: int) -> float:
    """MB/s of several downloads at once, together; `size` in bytes."""
    begin = time.perf_counter()
    running = [subprocess.Popen(["curl", "-fsS", "-o", os.devnull, url]) for _ in range(count)]
    if sum(process.wait() for process in running):
        raise SystemExit("a download failed")
    return count * size / (time.perf_counter() - begin) / 1e6


@contextmanager
def running_nginx(directory: Path) -> Iterator[str]:
    """nginx for the files of `directory`/ready; its URL."""
    port = free_port()
    (directory / "ready").mkdir(parents=True)
    user = "user root;" if os.geteuid() == 0 else ""
    config = directory / "nginx.conf"
    config.write_text(_NGINX.format(directory=directory, port=port, user=user))
    command = ["nginx", "-c", str(config), "-p", str(directory)]
    with (directory / "log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    with serving(process, port) as url:
        yield url


@contextmanager
def serving(process: "subprocess.Popen[bytes]", port: int) -> Iterator[str]:
    """The URL of a server that was started; it ends with the block."""
    try:
        time.sleep(0.5)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def compare(part: str, nginx: str, ready: Path, least: str | None = None) -> None:
    """Print MB/s of one stream and of four, ours and nginx's in turn: cold once, then warm, with
    those of the server at `least`."""
    curl(part, ready)
    size = ready.stat().st_size
    floor = f"{nginx}/{ready.name}"
    for count in (1, 4):
        if _forget_files():
            ours = curls(part, count, size)
            _forget_files()
            _print(f"{count} stream(s), cold", ours, curls(floor, count, size))
    for count in (1, 4):
        urls = [part, floor] + ([least] if least else [])
        runs = [[curls(url, count, size) for url in urls] for _ in range(_RUNS)]
        mine, other, *lower = (statistics.median(column) for column in zip(*runs, strict=True))
        _print(f"{count} stream(s), warm", mine, other)
        for rate in lower:
            print(f"    the least server in C: {rate:.0f} MB/s, {rate / other:.2f} of nginx")


def _print(what: str, ours: float, theirs: float) -> None:
    print(f"  {what}: {ours:.0f} MB/s, nginx {theirs:.0f} MB/s, ratio {ours / theirs:.2f}")


def _forget_files() -> bool:
    """Empty the kernel's cache of files; False where that is not allowed."""
    os.sync()
    try:
        _DROP_CACHES.write_text("3")
    except OSError:
        print("  cold: not measured, as only root can empty the cache of files")
        return False
    return True
