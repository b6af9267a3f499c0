"""Fair use over HTTP, on two API processes that share their limits."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest
from redis import Redis

from service.access import command
from service.embedded.address import free_port
from tests.conftest import STARHAUL, run
from tests.haul import Haul

_LARGE = 48 << 20
_PER_USER, _IN_ALL = 3, 5
_RATE = 8 << 20
_LIMITS = {
    "STARHAUL_BULK_STREAMS_PER_USER": str(_PER_USER),
    "STARHAUL_BULK_STREAMS": str(_IN_ALL),
}


@contextmanager
def _api(haul: Haul, **settings: str) -> Iterator[str]:
    """One more API process of the archive, with settings of its own; its URL."""
    port = free_port()
    process = subprocess.Popen(
        [*STARHAUL, "serve", "--port", str(port)], env={**haul.environment, **settings}
    )
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return httpx.get(f"{url}/bulk").status_code == 200
        except httpx.TransportError:
            return False

    try:
        haul.until(answers, 60)
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


@pytest.fixture(scope="module")
def apis(haul: Haul) -> Iterator[tuple[str, str]]:
    """Two processes with few streams; the second is slow, and believes 127.0.0.1 as a proxy."""
    second_alone = {
        "STARHAUL_TRUSTED_PROXIES": '["127.0.0.1"]',
        "STARHAUL_BULK_BYTES_PER_S_PER_USER": str(_RATE),
    }
    with _api(haul, **_LIMITS) as first, _api(haul, **_LIMITS, **second_alone) as second:
        yield first, second


@pytest.fixture(scope="module")
def large(haul: Haul) -> str:
    """The path of a file that no socket buffers."""
    name = haul.names[0]
    content = os.urandom(1 << 20) * (_LARGE >> 20)
    (haul.store / name).write_bytes(content)
    state = (haul.store / name).stat()

    async def change() -> int:
        connection = await asyncpg.connect(haul.servers.database_url)
        changed = await connection.fetchval(
            "UPDATE archive.holding SET size = $2, mtime_ns = $3, ctime_ns = $4, inode = $5 "
            "WHERE path = $1 RETURNING id",
            *(name, _LARGE, state.st_mtime_ns, state.st_ctime_ns, state.st_ino),
        )
        await connection.close()
        return int(changed)

    return f"/files/{run(change())}"


class People:
    """Clients by name; each opens streams and reads none of them."""

    def __init__(self, haul: Haul) -> None:
        self._url = haul.servers.database_url
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
def people(haul: Haul) -> Iterator[People]:
    people = People(haul)
    yield people
    people.close()


def _refused(answer: httpx.Response, status: int) -> None:
    answer.read()
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert int(answer.headers["retry-after"]) > 0


def test_limits_hold_over_processes_and_end_with_their_streams(
    haul: Haul, apis: tuple[str, str], large: str, people: People
) -> None:
    here, there = (url + large for url in apis)
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
    assert client.get(f"{apis[0]}/tap/sync", params=query).status_code == 200
    adas[0].close()

    def let_in() -> bool:
        answer = people.opened(there, "ada")
        answer.close()
        return answer.status_code == 200

    haul.until(let_in, 60)


def test_anonymous_users_are_told_apart_by_trusted_proxies_alone(
    haul: Haul, apis: tuple[str, str], large: str
) -> None:
    direct, proxied = (url + large for url in apis)

    def opened(stack: ExitStack, url: str, address: str) -> httpx.Response:
        client = stack.enter_context(httpx.Client(timeout=60))
        headers = {"x-forwarded-for": address}
        return client.send(client.build_request("GET", url, headers=headers), stream=True)

    with ExitStack() as stack:
        haul.until(lambda: _free(haul), 60)
        for _ in range(_PER_USER):
            assert opened(stack, proxied, "203.0.113.7").status_code == 200
        _refused(opened(stack, proxied, "203.0.113.7"), 429)
        assert opened(stack, proxied, "2001:db8::1").status_code == 200
    with ExitStack() as stack:
        haul.until(lambda: _free(haul), 60)
        for number in range(_PER_USER):
            assert opened(stack, direct, f"203.0.113.{number}").status_code == 200
        _refused(opened(stack, direct, "203.0.113.9"), 429)


def _free(haul: Haul) -> bool:
    """Whether the streams of former tests have ended."""
    assert haul.servers.redis_url is not None
    with Redis.from_url(haul.servers.redis_url) as redis:
        return bool(redis.zcard("starhaul:lane:all") == 0)


def _fetch_by_aria2(program: str, url: str, into: Path, *options: str) -> bytes:
    command = [program, "-q", "-x16", "-s16", "-k1M", "--file-allocation=none", "-d", str(into)]
    subprocess.run([*command, "-o", "got", *options, url], check=True, timeout=120)
    return (into / "got").read_bytes()


def test_sixteen_connections_of_one_user_are_welcome(
    haul: Haul,
    apis: tuple[str, str],
    large: str,
    tmp_path: Path,
    require_tool: Callable[[str], str],
) -> None:
    """With the limits as they are unless set; and the download ends where there are fewer."""
    aria2, content = require_tool("aria2c"), (haul.store / haul.names[0]).read_bytes()
    log = tmp_path / "log"
    assert _fetch_by_aria2(aria2, haul.url + large, tmp_path / "a", f"--log={log}") == content
    assert "status=429" not in log.read_text()
    haul.until(lambda: _free(haul), 60)
    assert _fetch_by_aria2(aria2, apis[0] + large, tmp_path / "b") == content


def test_a_rate_is_one_for_all_connections_of_a_user(
    haul: Haul, apis: tuple[str, str], large: str
) -> None:
    """Half a second's worth goes at once, the rest at the rate."""
    haul.until(lambda: _free(haul), 60)
    url, length = apis[1] + large, _RATE
    begin = time.monotonic()
    with ThreadPoolExecutor(_PER_USER) as threads:
        got = list(threads.map(lambda n: _range(url, n * length, length), range(_PER_USER)))
    assert time.monotonic() - begin >= _PER_USER - 0.5 - 0.1
    content = (haul.store / haul.names[0]).read_bytes()
    assert b"".join(got) == content[: _PER_USER * length]


def _range(url: str, first: int, length: int) -> bytes:
    headers = {"range": f"bytes={first}-{first + length - 1}"}
    return httpx.get(url, headers=headers, timeout=60).content
