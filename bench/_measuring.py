"""What the figures of results share: psql, one download by curl, the CPU and the peak
memory of a process."""

import os
import shutil
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import psutil

_SAMPLE_S = 0.02


def psql_program() -> str:
    """The path of psql."""
    program = shutil.which("psql")
    if program is None:
        raise SystemExit(
            "no psql to measure against (Debian, Ubuntu: apt install postgresql-client)"
        )
    return program


@dataclass(frozen=True)
class Download:
    """Seconds to the first byte and to the last, and megabytes as they were sent."""

    first_s: float
    total_s: float
    megabytes: float


def download(
    tap: str, query: str, form: str, *, gzip: bool = False, maxrec: int | None = None
) -> Download:
    """A synchronous query read to its end by curl, which keeps nothing."""
    fields = ["-d", "LANG=ADQL", "-d", f"FORMAT={form}", "--data-urlencode", f"QUERY={query}"]
    if maxrec is not None:
        fields += ["-d", f"MAXREC={maxrec}"]
    if gzip:
        fields += ["-H", "Accept-Encoding: gzip"]
    written = "%{time_starttransfer} %{time_total} %{size_download}"
    answer = subprocess.run(
        ["curl", "-fsS", "-o", os.devnull, "-w", written, *fields, f"{tap}/sync"],
        capture_output=True,
        text=True,
        check=True,
    )
    first, total, size = map(float, answer.stdout.split())
    return Download(first, total, size / 1e6)


def median_ms(call: Callable[[int], object], calls: int) -> float:
    """Median milliseconds of so many calls in a row, each given its number."""
    times = []
    for number in range(calls):
        begin = time.perf_counter()
        call(number)
        times.append(time.perf_counter() - begin)
    return statistics.median(times) * 1e3


@dataclass
class Peak:
    """The largest resident size seen, and that at the beginning, in bytes."""

    idle: int
    peak: int

    def __str__(self) -> str:
        return f"peak {self.peak / 1e6:.0f} MB, {(self.peak - self.idle) / 1e6:+.0f} over idle"


@contextmanager
def peak_memory(process: psutil.Process, idle: int | None = None) -> Iterator[Peak]:
    """Watch a process for the time of the block; `idle` is its size now, unless it is given."""
    now = process.memory_info().rss
    found = Peak(now if idle is None else idle, now)
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(_SAMPLE_S):
            found.peak = max(found.peak, process.memory_info().rss)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield found
    finally:
        ended.set()
        watching.join()


@contextmanager
def peak_memories(parent: psutil.Process) -> Iterator[Callable[[], Peak]]:
    """Watch a process and its children for the time of the block; what gives the largest peak."""
    with ExitStack() as watched:
        peaks = [
            watched.enter_context(peak_memory(process))
            for process in (parent, *parent.children(recursive=True))
        ]
        yield lambda: max(peaks, key=lambda found: found.peak)


def cpu_seconds(process: psutil.Process) -> float:
    """Seconds of CPU that a process has used."""
    times = process.cpu_times()
    return times.user + times.system
