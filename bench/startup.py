"""Seconds from `starhaul up` on an existing home to its ready line, and of PostgreSQL alone.

Figure: second start to ready within 3 s (DESIGN §8). Run: python -m bench.startup [RUNS]
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from service.config import Settings
from service.embedded.home import open_home
from service.embedded.servers import running_servers, wait_ready

_REACH = 3.0


def seconds_to_ready(home: Path) -> float:
    """Start the whole archive on a home, wait for its ready line, stop it."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "service.cli", "up", "--home", str(home), "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with process:
        line = process.stdout.readline() if process.stdout else b""
        seconds = time.perf_counter() - began
        process.terminate()
    if not line.startswith(b"ready "):
        raise SystemExit("the archive did not start: run starhaul up to see why")
    return seconds


def seconds_of_postgres(home: Path) -> float:
    """Start PostgreSQL alone on a home that exists, until it takes connections."""
    opened = open_home(home)
    settings = Settings(home_dir=home, database_url=None, redis_url=None)
    began = time.perf_counter()
    with running_servers(settings, opened, print, with_redis=False) as servers:
        wait_ready(servers, print)
        return time.perf_counter() - began


def main() -> None:
    """Print the first start, and medians of the later ones."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory(prefix="starhaul-bench-") as directory:
        home = Path(directory) / "home"
        first = seconds_to_ready(home)
        later = statistics.median(seconds_to_ready(home) for _ in range(runs))
        alone = statistics.median(seconds_of_postgres(home) for _ in range(runs))
    print(f"first start, with initdb and migrations  {first:6.2f} s")
    print(f"second start to ready, median of {runs}       {later:6.2f} s (reach: {_REACH:g} s)")
    print(f"PostgreSQL alone, median of {runs}            {alone:6.2f} s")


if __name__ == "__main__":
    main()
