"""An archive behind a network that tests may make bad, and a package to download."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from service.embedded.address import free_port
from tests.client.network import Network
from tests.conftest import CI
from tests.haul import ALL, Haul, Package, running_haul

PART_SIZE = 3_000_000
STREAMS = 10  # one user may read at once


@dataclass
class Archive:
    """A running archive, the network before it, and its packages' bytes as they should be."""

    haul: Haul
    network: Network

    def package(self, **parameters: str | list[str]) -> "Wanted":
        """A completed job, and what a client should get of it."""
        package = self.haul.completed(**parameters)
        self.network.calm()
        direct = f"http://127.0.0.1:{self.haul.port}"
        parts = {}
        for url in package.parts:
            path = urlsplit(url).path
            parts[path.rsplit("/", 1)[1]] = httpx.get(direct + path).content
        return Wanted(package, parts)


@dataclass(frozen=True)
class Wanted:
    """A package: its job, and the bytes of its parts by name."""

    package: Package
    parts: dict[str, bytes]

    @property
    def url(self) -> str:
        """The job's."""
        return self.package.job

    @property
    def size(self) -> int:
        """Bytes of all parts."""
        return sum(map(len, self.parts.values()))

    @property
    def name(self) -> str:
        """Of its directory."""
        return next(iter(self.parts)).rpartition("-")[0]

    def is_in(self, directory: Path) -> bool:
        """Whether every part is there, and no unfinished one."""
        found = {path.name: path for path in directory.glob(f"{self.name}-0*")}
        return sorted(found) == sorted(self.parts) and all(
            found[name].read_bytes() == content for name, content in self.parts.items()
        )


@pytest.fixture(scope="package")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    """The archive for all tests of the client; its users reach it through the network."""
    port = free_port()
    network = Network(port)
    directory, files = tmp_path_factory.mktemp("client"), 600 if CI else 100
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STARHAUL_BULK_STREAMS_PER_USER", str(STREAMS))
        with running_haul(directory, files=files, port=port, url=network.url) as haul:
            patch.undo()  # the archive's processes know it by now; those of other tests must not
            yield Archive(haul, network)
    network.close()


@pytest.fixture(scope="package")
def _all(archive: Archive) -> Wanted:
    return archive.package(QUERY=ALL, PART_SIZE=str(PART_SIZE))


@pytest.fixture
def everything(archive: Archive, _all: Wanted) -> Wanted:
    """All files, in several parts, over a good network."""
    archive.network.calm()
    return _all


def start(url: str, into: Path, *options: str) -> "subprocess.Popen[str]":
    """The command, as users run it."""
    return subprocess.Popen(
        [sys.executable, "-m", "starhaul_client", url, "--into", str(into), "-q", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    """Status, stdout and stderr of a command that runs."""
    out, err = process.communicate(timeout=120)
    assert "Traceback" not in err
    return process.returncode, out, err
