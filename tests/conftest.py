"""What all tests share: real servers, migrated databases, the running archive, peer tools.

Nothing is mocked. Where a peer tool or the shared data is absent, a test is skipped on a
developer's machine and fails in CI (CI=true).
"""

import asyncio
import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import asyncpg
import hypothesis
import pytest

from schema.migrate import upgrade
from service.config import Settings
from service.embedded.home import Home, load_secrets, open_home
from service.embedded.postgres import DATABASE
from service.embedded.servers import Servers, running_servers, wait_ready

T = TypeVar("T")
CI = os.environ.get("CI") == "true"
STARHAUL = (sys.executable, "-P", "-m", "service.cli")
ROOT = Path(__file__).parents[1]

hypothesis.settings.register_profile("small", max_examples=50, deadline=None)
hypothesis.settings.register_profile("thorough", max_examples=500, deadline=None)
hypothesis.settings.load_profile("thorough" if CI else "small")

_LONGEST_S = 200

# Files of tests that kill and wait, so that no process is left with one of them at the end.
LONG = ("tests/embedded/test_up.py", "tests/uws/test_faults.py", "tests/bulk/faults/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


def run(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine, from where none can be awaited; TimeoutError after minutes, which
    is before the test's own timeout, for that cannot end a thread."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, asyncio.wait_for(work, _LONGEST_S)).result()


def rows_of(url: str, sql: str, *values: object) -> list[asyncpg.Record]:
    """The rows of one statement in the database at `url`."""

    async def work() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetch(sql, *values)
        finally:
            await connection.close()

    return run(work())


def absent(what: str) -> None:
    """Skip on a developer's machine, fail in CI."""
    if CI:
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real files beside the repository."""
    folder = ROOT.parent / "shared"
    if not (folder / "data").is_dir():
        absent("no ../shared/data beside the repository")
    return folder


@pytest.fixture(scope="session")
def require_tool() -> Callable[[str], str]:
    """A function from the name of a peer tool to its path; skips or fails where it is absent."""

    def find(name: str) -> str:
        path = shutil.which(name)
        if path is None:
            absent(f"the peer tool {name} is not installed")
        return str(path)

    return find


@dataclass(frozen=True)
class TestServers:
    """PostgreSQL and Redis of the test session. `superuser_url` has no database name."""

    __test__ = False

    servers: Servers
    home: Home

    def url(self, role: str, password: str, database: str) -> str:
        """postgresql:// URL over the unix socket."""
        query = urlsplit(self.servers.database_url).query
        return f"postgresql://{role}:{password}@/{database}?{query}"

    def execute(self, *statements: str) -> None:
        """Run statements as the superuser, each in a transaction of its own."""

        async def work() -> None:
            password = load_secrets(self.home).superuser
            connection = await asyncpg.connect(self.url("postgres", password, "postgres"))
            try:
                for statement in statements:
                    await connection.execute(statement)
            finally:
                await connection.close()

        run(work())


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestServers]:
    """A real PostgreSQL and a real Redis for the session; the database `starhaul` is migrated."""
    home = open_home(tmp_path_factory.mktemp("servers"))
    settings = Settings(
        home_dir=home.root, database_url=None, read_database_url=None, redis_url=None
    )
    with running_servers(settings, home, print) as servers:
        wait_ready(servers, print)
        run(upgrade(servers.database_url))
        yield TestServers(servers, home)


@pytest.fixture(scope="session")
def redis_url(postgres: TestServers) -> str:
    """URL of a real Redis."""
    assert postgres.servers.redis_url is not None
    return postgres.servers.redis_url


@dataclass(frozen=True)
class TestDatabase:
    """A freshly migrated, empty database: URL of the owner and of starhaul_reader."""

    __test__ = False

    url: str
    read_url: str


@pytest.fixture(scope="module")
def database(postgres: TestServers) -> Iterator[TestDatabase]:
    """A freshly migrated database for one module, copied from a template (0.1 s)."""
    name = f"test_{secrets.token_hex(4)}"
    password = load_secrets(postgres.home)
    postgres.execute(f"CREATE DATABASE {name} TEMPLATE {DATABASE} OWNER starhaul")
    yield TestDatabase(
        postgres.url("starhaul", password.owner, name),
        postgres.url("starhaul_reader", password.reader, name),
    )
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def settings(
    database: TestDatabase, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    """Settings for the module's own database and work store."""
    return Settings(
        home_dir=tmp_path_factory.mktemp("home"),
        database_url=database.url,
        read_database_url=database.read_url,
        redis_url=redis_url,
        public_url="http://127.0.0.1:8000",
    )


@dataclass(frozen=True)
class Stack:
    """A running archive, as `starhaul up` starts it."""

    url: str
    home: Path
    process: "subprocess.Popen[str]"


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The archive with its demo data, started once for the session."""
    home = tmp_path_factory.mktemp("stack") / "home"
    log = home.with_name("up.log")
    with log.open("w") as stderr:
        process = subprocess.Popen(
            [*STARHAUL, "up", "--home", str(home), "--port", "0", "--demo"],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            start_new_session=True,
        )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line.startswith("ready "):
        process.wait(30)
        pytest.fail(f"starhaul up ended with {process.returncode}: {log.read_text()}")
    yield Stack(line.split()[1], home, process)
    process.send_signal(signal.SIGTERM)
    process.wait(60)
