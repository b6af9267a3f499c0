"""Bytes that a client asks for again though they lay on its disk when it was killed."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from bench._relay import Relay

_PAGE = 4096
_SEED = 8


def again_by_curl(url: str, relay: Relay, folder: Path, size: int, kills: int) -> int:
    """Bytes asked for again by `curl -C -`, killed so often at random."""
    name, again = url.rsplit("/", 1)[1], 0
    file = folder / name
    for stop in _stops(size, kills):
        have = file.stat().st_size if file.exists() else 0
        relay.asked.clear()
        _run_until(["curl", "-sS", "-C", "-", "-x", relay.url, "-O", url], folder, stop)
        again += sum(max(0, have - first) for first, _ in relay.asked[name])
    _seen(relay, name)
    return again


def again_by_fetch(job: str, relay: Relay, folder: Path, ready: Path, kills: int) -> int:
    """The same of `starhaul-fetch`, by pages of the only part, of which `ready` is a copy."""
    environment = {"http_proxy": relay.url, "no_proxy": ""}
    command = [sys.executable, "-m", "starhaul_client", job, "--into", str(folder), "-q"]
    return _again(command, environment, relay, folder, ready, kills)


def again_by_aria2(url: str, relay: Relay, folder: Path, ready: Path, kills: int) -> int:
    """The same of aria2, which notes every second what it has, at a rate at which that is about
    twenty times. The request by which a run learns the length, which it leaves at once, is not
    counted."""
    rate = ready.stat().st_size // 20
    command = ["aria2c", "-q", "-c", "-x4", "-s4", "-k1M", f"--max-overall-download-limit={rate}"]
    command += ["--auto-save-interval=1", "--file-allocation=none", f"--http-proxy={relay.url}"]
    command += ["-d", str(folder), url]
    return _again(command, {}, relay, folder, ready, kills, open_ended=False)


def _again(
    command: list[str],
    environment: dict[str, str],
    relay: Relay,
    folder: Path,
    ready: Path,
    kills: int,
    *,
    open_ended: bool = True,
) -> int:
    name, again = ready.name, 0
    there = np.zeros(0, dtype=bool)
    for stop in _stops(ready.stat().st_size, kills):
        relay.asked.clear()
        _run_until(command, folder, stop, environment)
        asked = np.zeros(len(there), dtype=bool)
        for first, end in relay.asked[name]:
            if end is None and not open_ended:
                continue
            asked[-(-first // _PAGE) : None if end is None else end // _PAGE] = True
        again += int((asked & there).sum()) * _PAGE
        there = _pages_there(folder, ready)
    _seen(relay, name)
    return again


def _seen(relay: Relay, name: str) -> None:
    if not relay.asked[name]:
        raise SystemExit(f"the last run did not ask for {name} through the relay")


def _stops(size: int, kills: int) -> list[int]:
    """Bytes on the disk at which to kill, in order; the last run ends by itself."""
    seeded = random.Random(_SEED)
    return [*sorted(seeded.randrange(1, size) for _ in range(kills)), 2 * size]


def _run_until(
    command: list[str], folder: Path, stop: int, environment: dict[str, str] | None = None
) -> None:
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.DEVNULL,
    )
    while process.poll() is None:
        if sum(p.stat().st_blocks * 512 for p in folder.rglob("*") if p.is_file()) >= stop:
            process.kill()
        time.sleep(0.001)
    if process.wait() not in (0, -signal.SIGKILL):
        raise SystemExit(f"{command[0]} failed with {process.returncode}")


def _pages_there(folder: Path, ready: Path) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Which whole pages of the part lie on the disk as they should be; of zeros none counts."""
    whole = np.memmap(ready, dtype=np.uint8, mode="r")
    count = len(whole) // _PAGE
    found = np.zeros(count, dtype=bool)
    for path in (folder / ready.name, folder / f"{ready.name}.part"):
        if not path.exists():
            continue
        have = np.memmap(path, dtype=np.uint8, mode="r")
        pages = min(len(have) // _PAGE, count)
        mine = have[: pages * _PAGE].reshape(pages, _PAGE)
        theirs = whole[: pages * _PAGE].reshape(pages, _PAGE)
        found[:pages] |= (mine == theirs).all(axis=1) & theirs.any(axis=1)
    return found
