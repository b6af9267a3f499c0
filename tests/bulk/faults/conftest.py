"""An archive of many files behind a network that can be made bad, and downloads that survive."""

import contextlib
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from service.embedded.address import free_port
from tests.client.network import Network
from tests.conftest import CI
from tests.forked import Forked
from tests.haul import ALL, Haul, Package, running_haul

# Parts larger than what the kernel keeps of a stream, which arrives though its sender is killed.
FILES, LARGEST = (10_000, 40_000) if CI else (300, 1_000_000)
PARTS = 10
_FETCH = (sys.executable, "-m", "starhaul_client")
_SLOW = 200_000  # bytes a second of a stream that a fault is to meet in its middle


@pytest.fixture(scope="package")
def network_and_haul(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Network, Haul]]:
    port = free_port()
    network = Network(port)
    directory = tmp_path_factory.mktemp("faults")
    with running_haul(
        directory, files=FILES, largest=LARGEST, port=port, url=network.url
    ) as running:
        yield network, running
    network.close()


@pytest.fixture(scope="package")
def haul(network_and_haul: tuple[Network, Haul]) -> Haul:
    """The running archive; a test leaves it running."""
    return network_and_haul[1]


@pytest.fixture
def network(network_and_haul: tuple[Network, Haul]) -> Network:
    """What users reach it through, good at the beginning of a test."""
    network_and_haul[0].calm()
    return network_and_haul[0]


@pytest.fixture(scope="package")
def size(haul: Haul) -> int:
    """Bytes of all files."""
    return sum((haul.store / name).stat().st_size for name in haul.names)


@pytest.fixture(scope="package")
def package(haul: Haul, size: int) -> Package:
    """Everything, in about ten parts."""
    return haul.completed(QUERY=ALL, PART_SIZE=str(size // PARTS))


@dataclass
class Curls:
    """`curl -C -` for each part of a package at once, into one folder."""

    curl: str
    network: Network
    folder: Path
    urls: list[str]
    running: list["subprocess.Popen[str]"] = field(default_factory=list)

    def start(self, count: int | None = None) -> None:
        """Begin, or go on with, the first parts."""
        self.running = [
            subprocess.Popen(
                [self.curl, "-fsSC", "-", "-O", url],
                cwd=self.folder,
                stderr=subprocess.PIPE,
                text=True,
            )
            for url in self.urls[:count]
        ]

    def start_slowly(self, count: int) -> None:
        """Streams that a fault will meet in their middle; returns once bytes of each are there."""
        self.network.bytes_per_s = _SLOW
        self.start(count)
        deadline = time.monotonic() + 60
        while not all(self.sizes()):
            assert time.monotonic() < deadline, [p.poll() for p in self.running]
            time.sleep(0.02)

    def ended(self) -> list[int]:
        """The statuses once all have ended, by themselves."""
        return [process.wait(120) for process in self.running]

    def finish(self) -> None:
        """Go on until every part is there, as a user does: the same command again."""
        self.network.calm()
        deadline = time.monotonic() + 120
        while True:
            self.start()
            if not any(self.ended()):
                return
            assert time.monotonic() < deadline, [p.communicate()[1] for p in self.running]
            time.sleep(0.3)

    def kill(self) -> None:
        """kill -9."""
        for process in self.running:
            process.kill()
            process.wait()

    def sizes(self) -> list[int]:
        """Bytes on the disk of each part that is being fetched."""
        files = [self.folder / url.rsplit("/", 1)[1] for url in self.urls[: len(self.running)]]
        return [file.stat().st_size if file.exists() else 0 for file in files]

    def verify(self, haul: Haul, package: Package, files: int) -> None:
        """Unpack, and compare every file with its checksum: so many, and nothing else."""
        for url in self.urls:
            tar = self.folder / url.rsplit("/", 1)[1]
            subprocess.run(["tar", "-xf", tar], cwd=self.folder, check=True)
        sums = haul.client.get(package.results["SHA256SUMS"]).text
        (self.folder / "SHA256SUMS").write_text(sums, encoding="utf-8")
        subprocess.run(
            ["sha256sum", "-c", "--quiet", "--strict", "SHA256SUMS"], cwd=self.folder, check=True
        )
        (data,) = self.folder.glob("*/data")
        assert sum(1 for path in data.rglob("*") if path.is_file()) == files


@pytest.fixture
def curls(
    package: Package, network: Network, tmp_path: Path, require_tool: Callable[[str], str]
) -> Iterator[Curls]:
    """Downloads of the package by curl."""
    found = Curls(require_tool("curl"), network, tmp_path, package.parts)
    yield found
    found.kill()
    shutil.rmtree(tmp_path)


@dataclass
class Fetch:
    """`starhaul-fetch` of one job into one directory."""

    url: str
    into: Path

    def start(self, *options: str) -> "subprocess.Popen[str]":
        """Run it."""
        return subprocess.Popen(
            [*_FETCH, self.url, "--into", str(self.into), "-q", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *options: str) -> "subprocess.CompletedProcess[str]":
        """Run it to its end."""
        process = self.start(*options)
        out, err = process.communicate(timeout=200)
        assert "Traceback" not in err
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def size(self) -> int:
        """Bytes on the disk."""
        return sum(path.stat().st_blocks * 512 for path in self.into.rglob("*") if path.is_file())

    def verify(self) -> None:
        """The unpacked package by its own list."""
        (folder,) = [path for path in self.into.iterdir() if (path / "data").is_dir()]
        subprocess.run(
            ["sha256sum", "-c", "--quiet", "--strict", "manifest-sha256.txt"],
            cwd=folder,
            check=True,
        )


def kill_all(process: Forked) -> None:
    """kill -9 of a process and its children."""
    for child in psutil.Process(process.pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            child.kill()
    process.kill()
    process.wait()
