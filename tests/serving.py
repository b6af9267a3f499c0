"""One API process on a module's own database, with a catalogue of stars in it."""

import os
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
import pytest

from adql.columns import ColumnMeta
from service.config import Settings
from tests import forked
from tests.conftest import run

QUERY_TIMEOUT_S = 6

# Name, VOTable datatype, arraysize, xtype, unit, UCD, how it is made.
STARS = (
    ("id", "long", None, None, None, "meta.id;meta.main", "i::bigint"),
    ("ra", "double", None, None, "deg", "pos.eq.ra;meta.main", "i % 360000 / 1000.0::float8"),
    ("dec", "double", None, None, "deg", "pos.eq.dec;meta.main", "i % 17999 / 100.0::float8 - 90"),
    ("mag", "float", None, None, "mag", "phot.mag", "(i % 997 / 40.0)::real"),
    ("n_obs", "int", None, None, None, "meta.number", "(i % 100)::integer"),
    ("err", "double", None, None, "mag", "stat.error", "1.0::float8 / nullif(i % 10, 0)"),
    ("name", "char", "*", None, None, "meta.id", "'star ' || i"),
    ("variable", "boolean", None, None, None, "meta.code", "i % 2 = 0"),
    ("seen", "char", "*", "timestamp", None, "time.epoch", "to_timestamp(i)::timestamp"),
)  # fmt: skip


def star_metas() -> list[ColumnMeta]:
    """The columns of demo.stars as TAP_SCHEMA declares them."""
    return [
        ColumnMeta(name, datatype, arraysize, xtype, unit, ucd, None, f"The {name} of a star")
        for name, datatype, arraysize, xtype, unit, ucd, _ in STARS
    ]


async def publish_stars(url: str, rows: int) -> None:
    """Create demo.stars with so many rows, let everybody read it, declare it in TAP_SCHEMA."""
    columns = ", ".join(f"{star[-1]} AS {star[0]}" for star in STARS)
    made = f"SELECT {columns} INTO demo.stars FROM generate_series(1, {rows:d}) AS i"
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("CREATE SCHEMA demo")
        await connection.execute(made)
        await connection.execute(
            "ALTER TABLE demo.stars ADD PRIMARY KEY (id); ANALYZE demo.stars; "
            "GRANT USAGE ON SCHEMA demo TO starhaul_reader; "
            "GRANT SELECT ON demo.stars TO starhaul_reader; "
            "INSERT INTO tap_schema.schemas VALUES ('demo', NULL, 'Tables for tests', 3); "
            "INSERT INTO tap_schema.tables "
            "VALUES ('demo', 'demo.stars', 'table', NULL, 'Stars <made> & \"counted\"', 1)"
        )
        for index, meta in enumerate(star_metas(), start=1):
            await connection.execute(
                "INSERT INTO tap_schema.columns (table_name, column_name, datatype, arraysize, "
                "xtype, unit, ucd, description, indexed, principal, std, column_index) "
                "VALUES ('demo.stars', $1, $2, $3, $4, $5, $6, $7, $8, 1, 0, $9)",
                meta.name,
                meta.datatype,
                meta.arraysize,
                meta.xtype,
                meta.unit,
                meta.ucd,
                meta.description,
                int(meta.name == "id"),
                index,
            )
    finally:
        await connection.close()


@dataclass(frozen=True)
class Service:
    """A running API: its URL, its process id, its database."""

    url: str
    pid: int
    database_url: str


@pytest.fixture(scope="module")
def stars() -> int:
    """Rows of demo.stars; a module may ask for more."""
    return 20_000


@pytest.fixture(scope="module")
def service_environment() -> dict[str, str]:
    """Settings of the API beside those of its database; a module may give some."""
    return {}


@pytest.fixture(scope="module")
def service(
    settings: Settings,
    stars: int,
    service_environment: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Service]:
    """The API in a process of its own."""
    assert settings.database_url is not None
    run(publish_stars(settings.database_url, stars))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        environment = {
            **os.environ,
            "STARHAUL_DATABASE_URL": settings.database_url,
            "STARHAUL_READ_DATABASE_URL": str(settings.read_database_url),
            "STARHAUL_REDIS_URL": str(settings.redis_url),
            "STARHAUL_HOME_DIR": str(settings.home_dir),
            "STARHAUL_PUBLIC_URL": url,
            "STARHAUL_QUERY_TIMEOUT_S": str(QUERY_TIMEOUT_S),
            **service_environment,
        }
        log = tmp_path_factory.mktemp("serve") / "log"
        process = forked.start(("serve", "--fd", forked.LISTENER), environment, log, listener)
    try:
        _wait_until_up(url, process, log)
        yield Service(url, process.pid, settings.database_url)
    finally:
        process.terminate()
        process.wait(60)


def _wait_until_up(url: str, process: forked.Forked, log: Path) -> None:
    deadline = time.monotonic() + 100
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/tap/availability", timeout=30).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    pytest.fail(f"the API did not come up: {log.read_text()}")
