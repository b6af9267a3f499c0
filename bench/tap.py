"""Results of TAP over HTTP, beside psql's COPY of the same rows.

1,000,000 rows of 9 columns as BINARY2, TABLEDATA, CSV, FITS, Parquet and Arrow over the COPY of the like
format; the time to the first byte; one row by keep-alive; a cone of 0.1 degree; the peak memory of
the API. Floor and service alternate, medians are printed.

    python -m bench.tap [--small]
"""

import argparse
import asyncio
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
import psutil

from schema.migrate import upgrade
from service.config import Settings
from service.embedded.home import open_home
from service.embedded.servers import Servers, running_servers, wait_ready

_RUNS = 5
_CALLS = 200
# Name, VOTable datatype and arraysize, xtype, how it is made.
_COLUMNS = (
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
_NAMES = ", ".join(column[0] for column in _COLUMNS)
# RESPONSEFORMAT, the COPY it is measured against, the ratio to reach (DESIGN §8).
_FORMATS = (
    ("votable", "binary", 1.5),
    ("votable/td", "text", 1.8),
    ("csv", "csv", 1.3),
    ("fits", "binary", 1.6),
    ("parquet", "binary", None),
    ("arrow", "binary", None),
)
_CONE = "SELECT id, ra, dec FROM bench.stars WHERE 1=CONTAINS(POINT(ra, dec), CIRCLE({}, {}, 0.1))"


@dataclass(frozen=True)
class Archive:
    """The running archive."""

    tap: str
    database_url: str
    api: psutil.Process


async def _fill(database_url: str, rows: int) -> None:
    """A table of stars with an indexed sky position, declared in TAP_SCHEMA."""
    made = ", ".join(f"{column[-1]} AS {column[0]}" for column in _COLUMNS)
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
        [(*column[:4], index) for index, column in enumerate(_COLUMNS)],
    )
    await connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _serving(servers: Servers, home: Path) -> Iterator[Archive]:
    """One API process on the running servers."""
    port = _free_port()
    environment = dict(os.environ) | {
        "STARHAUL_HOME_DIR": str(home),
        "STARHAUL_DATABASE_URL": servers.database_url,
        "STARHAUL_READ_DATABASE_URL": str(servers.read_database_url),
        "STARHAUL_REDIS_URL": str(servers.redis_url),
        "STARHAUL_PUBLIC_URL": f"http://127.0.0.1:{port}",
    }
    command = [sys.executable, "-P", "-m", "service.cli", "serve", "--port", str(port)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        tap = f"http://127.0.0.1:{port}/tap"
        try:
            _wait_up(tap)
            yield Archive(tap, servers.database_url, psutil.Process(process.pid))
        finally:
            process.terminate()


def _wait_up(tap: str) -> None:
    for _ in range(200):
        try:
            httpx.get(f"{tap}/availability").raise_for_status()
            return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise SystemExit("the API did not start")


def psql_program() -> str:
    """The path of psql."""
    program = shutil.which("psql")
    if program is None:
        raise SystemExit(
            "no psql to measure against (Debian, Ubuntu: apt install postgresql-client)"
        )
    return program


def _floor(psql: str, database_url: str, form: str) -> float:
    """Seconds of psql's COPY of the whole table."""
    copy = f"COPY (SELECT {_NAMES} FROM bench.stars) TO STDOUT (FORMAT {form})"  # noqa: S608
    begin = time.perf_counter()
    subprocess.run([psql, "-qX", database_url, "-c", copy], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begin


def _curl(tap: str, form: str) -> tuple[float, float, float]:
    """Seconds to the first byte and to the last, and megabytes."""
    query = "SELECT * FROM bench.stars"
    fields = ["-d", "LANG=ADQL", "-d", f"FORMAT={form}", "--data-urlencode", f"QUERY={query}"]
    written = "%{time_starttransfer} %{time_total} %{size_download}"
    answer = subprocess.run(
        ["curl", "-fsS", "-o", os.devnull, "-w", written, *fields, f"{tap}/sync"],
        capture_output=True,
        text=True,
        check=True,
    )
    first, total, size = map(float, answer.stdout.split())
    return first, total, size / 1e6


def _compare(archive: Archive, psql: str) -> None:
    """Each format over its floor; the API's memory after each."""
    idle = archive.api.memory_info().rss
    for form, copy, reach in _FORMATS:
        floors, ours, firsts = [], [], []
        size = 0.0
        for _ in range(_RUNS):
            floors.append(_floor(psql, archive.database_url, copy))
            first, total, size = _curl(archive.tap, form)
            ours.append(total)
            firsts.append(first)
        floor, our = statistics.median(floors), statistics.median(ours)
        grown = (archive.api.memory_info().rss - idle) / 1e6
        print(
            f"{form:10} {our:6.2f} s {size:6.0f} MB, COPY {copy:6} {floor:5.2f} s, "
            f"ratio {our / floor:4.2f}" + (f" (reach: {reach:g})" if reach else "") + ", "
            f"first byte {statistics.median(firsts) * 1e3:5.1f} ms, memory {grown:+4.0f} MB"
        )


def _latency(call: Callable[[int], httpx.Response]) -> float:
    """Median milliseconds of many calls in a row."""
    times = []
    for n in range(_CALLS):
        begin = time.perf_counter()
        call(n).raise_for_status()
        times.append(time.perf_counter() - begin)
    return statistics.median(times) * 1e3


def _small_queries(archive: Archive) -> None:
    """One row, and cones, on one connection that stays open."""
    with httpx.Client() as client:

        def ask(query: str) -> httpx.Response:
            return client.post(f"{archive.tap}/sync", data={"LANG": "ADQL", "QUERY": query})

        one = _latency(lambda _: ask("SELECT TOP 1 id FROM bench.stars"))
        cone = _latency(lambda n: ask(_CONE.format(n * 1.7 % 360, n * 0.7 % 120 - 60)))
    print(f"TOP 1, median of {_CALLS}                {one:6.2f} ms (reach: 3 ms)")
    print(f"cone of 0.1 degree, median of {_CALLS}   {cone:6.2f} ms (reach: 6 ms)")


def main() -> None:
    """Fill a database, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="100,000 rows")
    psql = psql_program()
    rows = 100_000 if parser.parse_args().small else 1_000_000
    with tempfile.TemporaryDirectory(prefix="starhaul-bench-") as folder:
        home = open_home(Path(folder) / "home")
        with running_servers(Settings(home_dir=home.root), home, print) as servers:
            wait_ready(servers, print)
            asyncio.run(upgrade(servers.database_url))
            asyncio.run(_fill(servers.database_url, rows))
            print(f"{rows:,} rows of {len(_COLUMNS)} columns, median of {_RUNS}")
            with _serving(servers, home.root) as archive:
                _small_queries(archive)
                _compare(archive, psql)


if __name__ == "__main__":
    main()
