"""What breaks between the archive and its user, and at the user's end, with many files."""

import os
import random
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.bulk.faults.conftest import Curls, Fetch
from tests.client.network import Network
from tests.conftest import CI, absent
from tests.haul import ALL, Haul, Package

KILLS = 20


@pytest.fixture(scope="module")
def whole(haul: Haul) -> Package:
    """Everything in one part."""
    package = haul.completed(QUERY=ALL)
    assert len(package.parts) == 1
    return package


def test_a_network_that_drops_every_three_megabytes(
    haul: Haul, network: Network, whole: Package, size: int, curls: Curls, tmp_path: Path
) -> None:
    """curl with its command repeated, and one run of starhaul-fetch."""
    curls.urls = whole.parts
    network.lost_after = 3_000_000
    attempts = 1
    curls.start()
    while any(curls.ended()):
        attempts += 1
        curls.start()
    assert attempts > size / 6_000_000
    curls.verify(haul, whole, len(haul.names))
    network.calm()
    network.lost_after = 3_000_000
    fetch = Fetch(whole.job, tmp_path / "fetch")
    done = fetch.run("--unpack")
    assert done.returncode == 0, done.stderr
    assert network.lost > size / 6_000_000
    fetch.verify()


def test_twenty_kills_of_curl(
    haul: Haul, network: Network, whole: Package, size: int, curls: Curls
) -> None:
    seeded = random.Random(7)
    curls.urls = whole.parts
    network.bytes_per_s = size // 8
    for _ in range(KILLS):
        curls.start()
        time.sleep(seeded.uniform(0.02, 0.3))
        assert curls.running[0].poll() is None
        curls.kill()
    curls.finish()
    curls.verify(haul, whole, len(haul.names))


def test_kills_of_starhaul_fetch(
    network: Network, package: Package, size: int, tmp_path: Path
) -> None:
    """The next run goes on; 20 kills in CI."""
    seeded, kills = random.Random(8), KILLS if CI else 3
    fetch = Fetch(package.job, tmp_path)
    network.bytes_per_s = size // 8
    for _ in range(kills):
        process, before = fetch.start("--unpack"), network.delivered
        wanted = before + seeded.randrange(size // kills)
        while process.poll() is None and network.delivered < wanted:
            time.sleep(0.002)
        process.kill()
        process.communicate()
    network.bytes_per_s = None
    done = fetch.run("--unpack")
    assert done.returncode == 0, done.stderr
    fetch.verify()


@pytest.fixture
def small_disk(size: int) -> Iterator[Path]:
    """A file system with room for a third of the package."""
    if os.geteuid() != 0:
        absent("mounting a small file system needs root")
    place = Path(tempfile.mkdtemp(prefix="starhaul-disk-"))
    _mount(place, "-t", "tmpfs", "-o", f"size={size // 3}", "tmpfs")
    yield place
    subprocess.run(["umount", str(place)], check=True)
    place.rmdir()


def _mount(place: Path, *options: str) -> None:
    subprocess.run(["mount", *options, str(place)], check=True)


def test_the_disk_of_the_client_is_full(
    haul: Haul,
    package: Package,
    network: Network,
    size: int,
    small_disk: Path,
    require_tool: Callable[[str], str],
) -> None:
    """Told, nothing looks complete; with more room the same command goes on."""
    fetch = Fetch(package.job, small_disk / "fetch")
    full = fetch.run()
    assert full.returncode == 1
    assert "no room for" in full.stderr
    lengths = {url.rsplit("/", 1)[1]: _length(url) for url in package.parts}
    for tar in fetch.into.glob("*.tar"):
        assert tar.stat().st_size == lengths[tar.name]
    assert len(list(fetch.into.glob("*.tar"))) < len(package.parts)
    curls = Curls(require_tool("curl"), network, small_disk, package.parts)
    curls.start()
    assert any(curls.ended())
    _mount(small_disk, "-o", f"remount,size={size * 5}")
    done = fetch.run("--unpack")
    assert done.returncode == 0, done.stderr
    fetch.verify()
    shutil.rmtree(fetch.into)
    curls.finish()
    curls.verify(haul, package, len(haul.names))


def _length(url: str) -> int:
    return int(httpx.head(url).headers["content-length"])
