"""Fair use over HTTP, on API processes that count together."""

import hashlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
import pytest
from redis import Redis

from service.access import command
from service.config import Settings
from service.embedded.address import free_port
from tests import forked
from tests.conftest import run

_LARGE = 48 << 20
_PER_USER, _IN_ALL = 3, 5
_RATE = 8 << 20
_LIMITS = {
    "STARHAUL_BULK_STREAMS_PER_USER": str(_PER_USER),
    "STARHAUL_BULK_STREAMS": str(_IN_ALL),
}
_UNSET = {name: str(Settings.model_fields[name[9:].lower()].default) for name in _LIMITS}


@dataclass(frozen=True)
class Archive:
    """Processes on one archive: two with few streams, one of them slow, and believing 127.0.0.1 as
    a proxy; and one with the limits unless they are set. `path` is the file of all."""

    few: str
    slow: str
    unset: str
    path: str
    content: bytes
    settings: Settings

    def is_idle(self) -> bool:
        """Whether the streams of former tests have ended."""
        with Redis.from_url(str(self.settings.redis_url)) as redis:
            return bool(redis.zcard("starhaul:lane:all") == 0)


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 150
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@contextmanager
def _apis(settings: Settings, *kinds: dict[str, str]) -> Iterator[list[str]]:
    """An API process for each kind of settings; their URLs."""
    environment = os.environ | {
        "STARHAUL_HOME_DIR": str(settings.home_dir),
        "STARHAUL_DATABASE_URL": str(settings.database_url),
        "STARHAUL_READ_DATABASE_URL": str(settings.read_database_url),
        "STARHAUL_REDIS_URL": str(settings.redis_url),
    }
    ports = [free_port() for _ in kinds]
    logs = Path(settings.home_dir)
    running = [
        forked.start(("serve", "--port", str(port)), environment | kind, logs / f"{port}.log")
        for port, kind in zip(ports, kinds, strict=True)
    ]
    try:
        urls = [f"http://127.0.0.1:{port}" for port in ports]
        for url, process in zip(urls, running, strict=True):
            _until(lambda url=url, process=process: process.poll() is not None or _answers(url))
        yield urls
    finally:
        for process in running:
            process.send_signal(signal.SIGTERM)
        for process in running:
            process.wait(60)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/bulk", timeout=30).status_code == 200
    except httpx.TransportError:
        return False


async def _publish(url: str, file: Path, state: os.stat_result, content: bytes) -> int:
    """The file as a dataset of its own; its number."""
    connection = await asyncpg.connect(url)
    number = await connection.fetchval(
        "WITH c AS (INSERT INTO archive.collection (name, root, config) VALUES ('c', $1, '{}') "
        "RETURNING id), d AS (INSERT INTO archive.dataset (collection_id, calib_level, "
        "obs_collection, obs_id, obs_publisher_did) SELECT id, 2, 'c', 'x', 'ivo://x' FROM c "
        "RETURNING id, collection_id) "
        "INSERT INTO archive.holding (collection_id, dataset_id, path, media_type, size, mtime_ns, "
        "ctime_ns, inode, sha256, crc32, reader) SELECT collection_id, id, $2, "
        "'application/fits', $3, $4, $5, $6, $7, 0, 'test' FROM d RETURNING id",
        *(str(file.parent), file.name, len(content), state.st_mtime_ns, state.st_ctime_ns),
        *(state.st_ino, hashlib.sha256(content).digest()),
    )
    await connection.close()
    return int(number)


@pytest.fixture(scope="module")
def archive(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    """The archive with a file that no socket buffers."""
    file = tmp_path_factory.mktemp("store") / "large.fits"
    content = os.urandom(1 << 20) * (_LARGE >> 20)
    file.write_bytes(content)
    path = f"/files/{run(_publish(str(settings.database_url), file, file.stat(), content))}"
    slow = {
        "STARHAUL_TRUSTED_PROXIES": '["127.0.0.1"]',
        "STARHAUL_BULK_BYTES_PER_S_PER_USER": str(_RATE),
    }
    with _apis(settings, _LIMITS, _LIMITS | slow, _UNSET) as urls:
        yield Archive(*urls, path, content, settings)


class People:
    """Clients by name; each opens streams and reads none of them."""

    def __init__(self, archive: Archive) -> None:
        self._url = str(archive.settings.database_url)
        self._clients: dict[str, httpx.Client] = {}

    def client(self, name: str) -> httpx.Client:
        """The client of a principal, made at its first use."""
        if name not in self._clients:
            token = command.make(self._url, name, None)
            headers = {"authorization": f"Bearer {token}"}
            limits = httpx.Limits(max_connections=None)
            self._clients[name] = httpx.Client(headers=headers, timeout=60, limits=limits)
        return self._clients[name]

    def opened(self, url: str, name: str) -> httpx.Response:
        """An answer whose body is not read."""
        client = self.client(name)
        return client.send(client.build_request("GET", url), stream=True)

    def close(self) -> None:
        """Leave."""
        for client in self._clients.values():
            client.close()


@pytest.fixture
def people(archive: Archive) -> Iterator[People]:
    people = People(archive)
    yield people
    people.close()


def _refused(answer: httpx.Response, status: int) -> None:
    answer.read()
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert int(answer.headers["retry-after"]) > 0


def test_limits_hold_over_processes_and_end_with_their_streams(
    archive: Archive, people: People
) -> None:
    here, there = archive.few + archive.path, archive.slow + archive.path
    adas = [people.opened(url, "ada") for url in (here, here, there)]
    assert {answer.status_code for answer in adas} == {200}
    _refused(people.opened(there, "ada"), 429)
    _refused(people.opened(here, "ada"), 429)
    bobs = [people.opened(url, "bob") for url in (here, there)]
    assert {answer.status_code for answer in bobs} == {200}
    _refused(people.opened(here, "bob"), 503)
    client = people.client("ada")
    assert client.head(here).status_code == 200
    assert client.get(here, headers={"range": "bytes=0-99"}).status_code == 206
    query = {"QUERY": "SELECT TOP 1 obs_id FROM ivoa.obscore", "LANG": "ADQL"}
    assert client.get(f"{archive.few}/tap/sync", params=query).status_code == 200
    adas[0].close()

    def let_in() -> bool:
        answer = people.opened(there, "ada")
        answer.close()
        return answer.status_code == 200

    _until(let_in)


def test_anonymous_users_are_told_apart_by_trusted_proxies_alone(archive: Archive) -> None:
    direct, proxied = archive.few + archive.path, archive.slow + archive.path

    def opened(stack: ExitStack, url: str, address: str) -> httpx.Response:
        client = stack.enter_context(httpx.Client(timeout=60))
        headers = {"x-forwarded-for": address}
        return client.send(client.build_request("GET", url, headers=headers), stream=True)

    with ExitStack() as stack:
        _until(archive.is_idle)
        for _ in range(_PER_USER):
            assert opened(stack, proxied, "203.0.113.7").status_code == 200
        _refused(opened(stack, proxied, "203.0.113.7"), 429)
        assert opened(stack, proxied, "2001:db8::1").status_code == 200
    with ExitStack() as stack:
        _until(archive.is_idle)
        for number in range(_PER_USER):
            assert opened(stack, direct, f"203.0.113.{number}").status_code == 200
        _refused(opened(stack, direct, "203.0.113.9"), 429)


def test_one_user_may_have_the_connections_of_aria2(
    archive: Archive, tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    """aria2 opens 16 at most, of 5 downloads 80. It gives up a connection that is refused."""
    assert int(_UNSET["STARHAUL_BULK_STREAMS_PER_USER"]) >= 5 * 16
    _until(archive.is_idle)
    command = [require_tool("aria2c"), "-q", "-x16", "-s16", "-k1M", "--file-allocation=none"]
    command += ["-d", str(tmp_path), "-o", "got", archive.unset + archive.path]
    subprocess.run(command, check=True, timeout=120)
    assert (tmp_path / "got").read_bytes() == archive.content


def test_a_rate_is_one_for_all_connections_of_a_user(archive: Archive) -> None:
    """Half a second's worth goes at once, the rest at the rate."""
    _until(archive.is_idle)
    url, length = archive.slow + archive.path, _RATE
    begin = time.monotonic()
    with ThreadPoolExecutor(_PER_USER) as threads:
        got = list(threads.map(lambda n: _range(url, n * length, length), range(_PER_USER)))
    assert time.monotonic() - begin >= _PER_USER - 0.5 - 0.1
    assert b"".join(got) == archive.content[: _PER_USER * length]


def _range(url: str, first: int, length: int) -> bytes:
    headers = {"range": f"bytes={first}-{first + length - 1}"}
    return httpx.get(url, headers=headers, timeout=60).content
