"""The archive that the figures of TAP are measured on: PostgreSQL, Redis, one API process, a
worker where jobs are measured, and a table of stars."""

import argparse
import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
import psutil

from schema.migrate import upgrade
from service.config import Settings
from service.embedded.home import open_home
from service.embedded.servers import Servers, running_servers, wait_ready

# Name, VOTable datatype and arraysize, xtype, how it is made.
COLUMNS = (
    ("id", "long", None, None, "i::bigint"),
    ("ra", "double", None, None, "random() * 360"),
    ("dec", "double", None, None, "degrees(asin(random() * 2 - 1))"),
    ("mag", "float", None, None, "(random() * 25)::real"),
    ("n_obs", "int", None, None, "(random() * 100)::integer"),
    ("err", "double", None, None, "CASE WHEN i % 10 > 0 THEN random() END"),
    ("name", "char", "*", None, "'star ' || i"),
    ("variable", "boolean", None, None, "i % 2 = 0"),
    ("seen", "char", "*", "timestamp", "to_timestamp(i)::timestamp"),
)
TINY = "SELECT TOP 1 id FROM bench.stars"


@dataclass(frozen=True)
class Archive:
    """The running archive; `worker` where it has one."""

    url: str
    database_url: str
    api: psutil.Process
    worker: psutil.Process | None = None

    @property
    def tap(self) -> str:
        """The URL of its TAP service."""
        return f"{self.url}/tap"


def is_small(about: str | None) -> bool:
    """Whether the command line asks for --small; `about` is the module's own text."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--small", action="store_true", help="fewer rows, shorter runs")
    return bool(parser.parse_args().small)


@contextmanager
def running_archive(rows: int, *, with_worker: bool = False) -> Iterator[Archive]:
    """An archive of its own with so many stars, stopped and removed at the end."""
    with tempfile.TemporaryDirectory(prefix="starhaul-bench-") as folder, ExitStack() as open_parts:
        home = open_home(Path(folder) / "home")
        servers = open_parts.enter_context(
            running_servers(Settings(home_dir=home.root), home, print)
        )
        wait_ready(servers, print)
        asyncio.run(upgrade(servers.database_url))
        asyncio.run(_fill(servers.database_url, rows))
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        environment = _environment(servers, home.root, url)
        api = open_parts.enter_context(_starhaul(["serve", "--port", str(port)], environment))
        worker = None
        if with_worker:
            worker = psutil.Process(
                open_parts.enter_context(_starhaul(["worker"], environment)).pid
            )
        _wait_up(url)
        yield Archive(url, servers.database_url, psutil.Process(api.pid), worker)


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _environment(servers: Servers, home: Path, url: str) -> dict[str, str]:
    return dict(os.environ) | {
        "STARHAUL_HOME_DIR": str(home),
        "STARHAUL_DATABASE_URL": servers.database_url,
        "STARHAUL_READ_DATABASE_URL": str(servers.read_database_url),
        "STARHAUL_REDIS_URL": str(servers.redis_url),
        "STARHAUL_PUBLIC_URL": url,
    }


@contextmanager
def _starhaul(
    arguments: list[str], environment: dict[str, str]
) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-P", "-m", "service.cli", *arguments]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, env=environment, stdout=quiet, stderr=quiet) as process:
        try:
            yield process
        finally:
            process.terminate()


def _wait_up(url: str) -> None:
    for _ in range(900):
        try:
            httpx.get(f"{url}/tap/availability").raise_for_status()
            return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise SystemExit("the API did not start")


async def _fill(database_url: str, rows: int) -> None:
    """A table of stars with an indexed sky position, declared in TAP_SCHEMA."""
    made = ", ".join(f"{column[-1]} AS {column[0]}" for column in COLUMNS)
    stars = f"SELECT {made} FROM generate_series(1, {rows:d}) AS i"  # noqa: S608
    placed = f"SELECT *, starhaul.healpix_nest(29, ra, dec) AS hpx FROM ({stars}) AS s"  # noqa: S608
    connection = await asyncpg.connect(database_url)
    await connection.execute("CREATE SCHEMA bench")
    await connection.execute(
        "CREATE TABLE bench.stars AS SELECT *, (hpx >> 52)::integer AS hcell "  # noqa: S608
        f"FROM ({placed}) AS p ORDER BY hpx"
    )
    await connection.execute("CREATE INDEX ON bench.stars (hpx)")
    await connection.execute("VACUUM ANALYZE bench.stars")
    await connection.execute(
        "GRANT USAGE ON SCHEMA bench TO starhaul_reader; "
        "GRANT SELECT ON bench.stars TO starhaul_reader; "
        "INSERT INTO tap_schema.schemas (schema_name) VALUES ('bench'); "
        "INSERT INTO tap_schema.tables (schema_name, table_name, table_type) "
        "VALUES ('bench', 'bench.stars', 'table'); "
        "INSERT INTO archive.sky_position (table_name, ra, dec, hpx, hcell) "
        "VALUES ('bench.stars', 'ra', 'dec', 'hpx', 'hcell')"
    )
    await connection.executemany(
        "INSERT INTO tap_schema.columns (table_name, column_name, datatype, arraysize, xtype, "
        "indexed, principal, std, column_index) "
        "VALUES ('bench.stars', $1, $2, $3, $4, 0, 1, 0, $5)",
        [(*column[:4], index) for index, column in enumerate(COLUMNS)],
    )
    await connection.close()
