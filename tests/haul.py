"""An archive of generated files whose every part a test may kill and start again."""

import asyncio
import contextlib
import hashlib
import os
import random
import signal
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import asyncpg
import httpx
import psutil
import pytest

from schema.migrate import upgrade
from service.config import Settings
from service.embedded.address import free_port
from service.embedded.home import open_home
from service.embedded.servers import Servers, running_servers, wait_ready
from tests import forked
from tests.conftest import rows_of
from tests.forked import Forked

UWS = "{http://www.ivoa.net/xml/UWS/v1.0}"
XLINK_HREF = "{http://www.w3.org/1999/xlink}href"
AUTHORITY = "ivo://x-unregistered/starhaul?GEN/"
ALL = "SELECT obs_publisher_did FROM ivoa.obscore WHERE obs_collection = 'GEN'"
# Runs for minutes: every dataset some millions of times.
ENDLESS = (
    "SELECT o.access_url FROM ivoa.obscore AS o, tap_schema.columns AS a, "
    "tap_schema.columns AS b, tap_schema.columns AS c"
)


@dataclass
class Haul:
    """The running archive. `store` holds the files, `names` their paths in order of their ids.

    Users reach it at `url`; the API listens at `port`.
    """

    url: str
    port: int
    store: Path
    names: list[str]
    home: Path
    servers: Servers
    environment: Mapping[str, str]
    api: Forked | None = None
    worker: Forked | None = None
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=70))

    def start_api(self) -> None:
        """Start the API and wait until it answers."""
        self.api = self._start("serve", "--port", str(self.port))
        self.until(self._answers, 90)

    def start_worker(self) -> None:
        """Start a worker."""
        self.worker = self._start("worker", "--processes", "3")

    def _start(self, *command: str) -> Forked:
        return forked.start(command, self.environment, self.home / f"{command[0]}.log")

    def _answers(self) -> bool:
        try:
            return self.client.get(f"{self.url}/bulk").status_code == 200
        except httpx.TransportError:
            return False

    def supervise(self) -> None:
        """Start a worker again that ended by itself, as `starhaul up` does."""
        if self.worker is not None and self.worker.poll() is not None:
            self.start_worker()

    def kill_worker(self) -> None:
        """kill -9 of the worker and all its pool processes."""
        assert self.worker is not None
        for process in psutil.Process(self.worker.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.worker.kill()
        self.worker.wait()
        self.worker = None

    def kill(self, name: str) -> None:
        """kill -9 of one server (postgres, redis), and wait until its children are gone too."""
        (found,) = [c for c in self.servers.children if c.name == name]
        assert found.process is not None
        children = psutil.Process(found.process.pid).children()
        found.process.kill()
        found.process.wait()
        psutil.wait_procs(children, timeout=60)

    def restart(self, name: str) -> None:
        """Start a server again that was killed."""
        (found,) = [c for c in self.servers.children if c.name == name]
        found.start()
        wait_ready(self.servers, print)

    def until(self, condition: Callable[[], bool], seconds: float) -> None:
        """Wait until `condition()` holds; fails the test where it does not within `seconds`."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                pytest.fail(f"not within {seconds} s")
            self.supervise()
            time.sleep(0.05)

    def post(self, **parameters: str | Sequence[str]) -> str:
        """Create a job; its URL."""
        answer = self.client.post(f"{self.url}/bulk", data=parameters)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    def phase(self, job: str) -> str:
        """The phase of a job."""
        return self.client.get(f"{job}/phase").text

    def ended(self, job: str, seconds: float = 60) -> ElementTree.Element:
        """The document of a job once it has ended."""
        self.until(lambda: self.phase(job) in ("COMPLETED", "ERROR", "ABORTED"), seconds)
        return ElementTree.fromstring(self.client.get(job).content)

    def completed(self, seconds: float = 60, **parameters: str | Sequence[str]) -> "Package":
        """Run a job; what it made."""
        return self.package(self.post(**{"PHASE": "RUN", **parameters}), seconds)

    def package(self, job: str, seconds: float = 60) -> "Package":
        """What a job made, once it is COMPLETED."""
        document = self.ended(job, seconds)
        assert document.findtext(f"{UWS}phase") == "COMPLETED", ElementTree.tostring(document)
        links = {r.attrib["id"]: r.attrib[XLINK_HREF] for r in document.iter(f"{UWS}result")}
        return Package(job, links, [u for i, u in links.items() if i.startswith("part-")])

    def fetch(self, sql: str, *values: object) -> list[asyncpg.Record]:
        """Rows of the database, asked as its owner."""
        return rows_of(self.servers.database_url, sql, *values)


@dataclass(frozen=True)
class Package:
    """A completed bulk job: its URL, its results by id, the URLs of its parts."""

    job: str
    results: dict[str, str]
    parts: list[str]


def _generate(store: Path, files: int, largest: int) -> list[str]:
    """Files of many sizes, some with names that need a pax header or a safe form."""
    seeded = random.Random(2)
    names = [f"night{n % 5}/ADP.2014-09-16T11:{n:03d}.fits" for n in range(files)]
    names += [f"Observación/{'x' * 110}-{n}.fits" for n in range(5)]
    names += ["case/a.fits", "case/A.fits", "empty.fits"]
    for name in names:
        size = 0 if name == "empty.fits" else seeded.randrange(1, largest)
        (store / name).parent.mkdir(parents=True, exist_ok=True)
        (store / name).write_bytes(seeded.randbytes(size))
    return names


_DATASETS = """
INSERT INTO archive.dataset (collection_id, calib_level, obs_collection, obs_id, obs_publisher_did)
SELECT $1, 2, 'GEN', name, $3 || name FROM unnest($2::text[]) WITH ORDINALITY AS made (name, number)
ORDER BY number
"""
_HOLDINGS = """
INSERT INTO archive.holding (collection_id, dataset_id, path, media_type, size, mtime_ns, ctime_ns,
                             inode, sha256, crc32, reader)
SELECT $1, dataset.id, obs_id, 'application/fits', made.size, mtime, ctime, made.inode, sum, crc,
       'test'
FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bytea[],
            $8::bigint[]) AS made (name, size, mtime, ctime, inode, sum, crc)
JOIN archive.dataset ON obs_id = name AND collection_id = $1
ORDER BY dataset.id
"""
_LINKS = """
UPDATE archive.dataset SET holding_id = holding.id FROM archive.holding
WHERE holding.dataset_id = dataset.id
"""


async def _publish(url: str, store: Path, names: Sequence[str]) -> None:
    facts = []
    for name in names:
        content, state = (store / name).read_bytes(), (store / name).stat()
        known = (state.st_mtime_ns, state.st_ctime_ns, state.st_ino)
        sums = (hashlib.sha256(content).digest(), zlib.crc32(content))
        facts.append((len(content), *known, *sums))
    connection = await asyncpg.connect(url)
    collection = await connection.fetchval(
        "INSERT INTO archive.collection (name, root, config) VALUES ('GEN', $1, '{}') RETURNING id",
        str(store),
    )
    await connection.execute(_DATASETS, collection, names, AUTHORITY)
    await connection.execute(_HOLDINGS, collection, names, *map(list, zip(*facts, strict=True)))
    await connection.execute(_LINKS)
    await connection.close()


@contextlib.contextmanager
def running_haul(
    directory: Path,
    *,
    files: int = 150,
    largest: int = 150_000,
    port: int | None = None,
    url: str | None = None,
) -> Iterator[Haul]:
    """A running archive of so many files (and eight odd ones), up to `largest` bytes each.

    `url` is where users reach it, where that is not the API's own port.
    """
    home = open_home(directory / "home")
    settings = Settings(
        home_dir=home.root, database_url=None, read_database_url=None, redis_url=None
    )
    store = directory / "store"
    store.mkdir()
    with running_servers(settings, home, print) as servers:
        wait_ready(servers, print)
        asyncio.run(upgrade(servers.database_url))
        names = _generate(store, files, largest)
        asyncio.run(_publish(servers.database_url, store, names))
        port = port or free_port()
        url = url or f"http://127.0.0.1:{port}"
        environment = dict(os.environ) | {
            "STARHAUL_HOME_DIR": str(home.root),
            "STARHAUL_DATABASE_URL": servers.database_url,
            "STARHAUL_READ_DATABASE_URL": str(servers.read_database_url),
            "STARHAUL_REDIS_URL": str(servers.redis_url),
            "STARHAUL_PUBLIC_URL": url,
        }
        running = Haul(url, port, store, names, home.root, servers, environment)
        try:
            running.start_api()
            running.start_worker()
            yield running
        finally:
            for process in (running.worker, running.api):
                if process is not None:
                    process.send_signal(signal.SIGTERM)
                    process.wait(60)


@pytest.fixture(scope="module")
def haul(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Haul]:
    """A running archive for one module, with servers of its own."""
    with running_haul(tmp_path_factory.mktemp("haul")) as running:
        yield running
