"""Publishing tables with `starhaul publish`, beside psql's COPY and CREATE INDEX of the same rows.

1,000,000 rows of 9 columns, in no order on the sky, as Parquet, FITS, VOTable (BINARY2, TABLEDATA)
and CSV: rows a second from the start of the command to its end, the command's peak memory, the
sizes of table and indexes. The floor copies the same rows, hidden columns included and in the order
of the sky already, from a binary file, and makes the same indexes.

    python -m bench.publish [--rows N] [--only FORMAT]
"""

import argparse
import asyncio
import base64
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
from astropy.io import fits

from bench._measuring import psql_program
from schema.migrate import upgrade
from service.config import Settings
from service.embedded.home import open_home
from service.embedded.servers import Servers, running_servers, wait_ready

_PART = 300_000  # a multiple of 3: base64 of a part needs no padding
_REACH = 150_000  # rows/s (DESIGN §8)
_RECORD = np.dtype(
    [
        ("id", ">i8"),
        ("ra", ">f8"),
        ("dec", ">f8"),
        ("mag", ">f4"),
        ("n_obs", ">i4"),
        ("err", ">f8"),
        ("name", "S12"),
        ("kind", ">i2"),
        ("epoch", ">f8"),
    ]
)
_FIELDS = {">i8": "long", ">f8": "double", ">f4": "float", ">i4": "int", ">i2": "short"}
Records = npt.NDArray[Any]


def _parts(rows: int) -> Iterator[Records]:
    """Stars all over the sky, some without an error."""
    rng = np.random.default_rng(1)
    for first in range(0, rows, _PART):
        number = np.arange(first, min(first + _PART, rows))
        found = np.empty(len(number), _RECORD)
        found["id"] = number
        found["ra"] = rng.random(len(number)) * 360
        found["dec"] = np.degrees(np.arcsin(rng.random(len(number)) * 2 - 1))
        found["mag"] = rng.random(len(number)) * 25
        found["n_obs"] = number % 100
        found["err"] = np.where(number % 10 > 0, rng.random(len(number)), np.nan)
        found["name"] = np.char.add("star ", number.astype("U7"))
        found["kind"] = number % 7
        found["epoch"] = 50_000 + rng.random(len(number)) * 10_000
        yield found


def _arrow(records: Records) -> pa.Table:
    columns = {}
    for name in records.dtype.names or ():
        values = records[name]
        text = values.dtype.kind == "S"
        native = values.astype("U" if text else values.dtype.newbyteorder("="))
        columns[name] = pa.array(native, from_pandas=True)
    return pa.table(columns)


def _write_parquet(path: Path, rows: int) -> None:
    with pq.ParquetWriter(path, _arrow(next(_parts(1))).schema) as writer:
        for part in _parts(rows):
            writer.write_table(_arrow(part))


def _write_csv(path: Path, rows: int) -> None:
    with pcsv.CSVWriter(path, _arrow(next(_parts(1))).schema) as writer:
        for part in _parts(rows):
            writer.write_table(_arrow(part))


def _write_fits(path: Path, rows: int) -> None:
    fits.BinTableHDU(np.concatenate(list(_parts(rows)))).writeto(path)


def _votable(path: Path, serialization: str, rows: int, body: Callable[[Records], str]) -> None:
    types = {name: _FIELDS.get(_RECORD[name].str) for name in _RECORD.names or ()}
    fields = "".join(
        f"<FIELD name='{name}' datatype='{kind}'/>"
        if kind
        else f"<FIELD name='{name}' datatype='char' arraysize='12'/>"
        for name, kind in types.items()
    )
    before, after = "", ""
    if serialization == "BINARY2":
        before, after = '<STREAM encoding="base64">', "</STREAM>"
    with path.open("w") as file:
        file.write(f"<VOTABLE><RESOURCE><TABLE>{fields}<DATA><{serialization}>{before}")
        for part in _parts(rows):
            file.write(body(part))
        file.write(f"{after}</{serialization}></DATA></TABLE></RESOURCE></VOTABLE>")


def _flagged(records: Records) -> str:
    """Rows of BINARY2: two octets of NULL flags each."""
    rows = np.zeros(len(records), [("null", "u2"), *_RECORD.descr])
    for name in _RECORD.names or ():
        rows[name] = records[name]
    return base64.b64encode(rows.tobytes()).decode()


def _cells(records: Records) -> str:
    columns = [_arrow(records)[name].to_pylist() for name in _RECORD.names or ()]
    texts = [["" if v is None else str(v) for v in column] for column in columns]
    lines = ("</TD><TD>".join(row) for row in zip(*texts, strict=True))
    return "".join(f"<TR><TD>{line}</TD></TR>\n" for line in lines)


_WRITERS: dict[str, Callable[[Path, int], None]] = {
    "parquet": _write_parquet,
    "fits": _write_fits,
    "binary2": lambda path, rows: _votable(path, "BINARY2", rows, _flagged),
    "tabledata": lambda path, rows: _votable(path, "TABLEDATA", rows, _cells),
    "csv": _write_csv,
}


@dataclass(frozen=True)
class _Run:
    """One run of the command."""

    seconds: float
    peak_mb: float


def _publish(path: Path, home: Path, servers: Servers) -> _Run:
    environment = dict(os.environ) | {
        "STARHAUL_HOME_DIR": str(home),
        "STARHAUL_DATABASE_URL": servers.database_url,
    }
    name = f"bench.{path.stem}"
    command = [sys.executable, "-P", "-m", "service.cli", "publish", str(path), "--as", name]
    begin = time.perf_counter()
    peak = 0.0
    with subprocess.Popen(command, env=environment, stdout=sys.stderr) as run:
        while run.poll() is None:
            peak = max(peak, _peak_mb(run.pid))
            time.sleep(0.05)
    if run.returncode:
        raise SystemExit(f"publishing {path.name} ended with {run.returncode}")
    return _Run(time.perf_counter() - begin, peak)


def _peak_mb(pid: int) -> float:
    """The highest resident memory of a process so far; of a child that ended, 0."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"^VmHWM:\s*(\d+) kB", status, re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


def _floor(database_url: str, folder: Path) -> float:
    """Seconds of psql's COPY of the rows of bench.parquet, and of the indexes."""
    psql = psql_program()
    rows = folder / "rows.copy"

    def run(*statements: str) -> None:
        commands = [part for text in statements for part in ("-c", text)]
        subprocess.run([psql, "-qX", database_url, *commands], check=True)

    run(rf"\copy bench.parquet TO '{rows}' (FORMAT binary)")
    begin = time.perf_counter()
    run(
        "CREATE TABLE bench.floor (LIKE bench.parquet)",
        rf"\copy bench.floor FROM '{rows}' (FORMAT binary)",
        "CREATE INDEX ON bench.floor (hpx)",
        "CREATE INDEX ON bench.floor (starhaul.zone(dec), ra)",
        "ANALYZE bench.floor",
    )
    seconds = time.perf_counter() - begin
    rows.unlink()
    return seconds


async def _sizes(database_url: str) -> str:
    connection = await asyncpg.connect(database_url)
    rows = await connection.fetch(
        "SELECT relkind, relname, pg_relation_size(c.oid) / 1e6 AS size FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = relnamespace LEFT JOIN pg_index ON indexrelid = c.oid "
        "WHERE nspname = 'bench' AND (relname = 'parquet' OR indrelid = 'bench.parquet'::regclass) "
        "ORDER BY relkind DESC, relname"
    )
    await connection.close()
    return ", ".join(f"{row['relname']} {row['size']:.0f} MB" for row in rows)


def main() -> None:
    """Write the files, publish, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--only", choices=_WRITERS)
    arguments = parser.parse_args()
    rows: int = arguments.rows
    names = [arguments.only] if arguments.only else list(_WRITERS)
    if "parquet" not in names:
        names.insert(0, "parquet")
    with tempfile.TemporaryDirectory(prefix="starhaul-bench-") as place:
        folder = Path(place)
        home = open_home(folder / "home")
        with running_servers(Settings(home_dir=home.root), home, print, with_redis=False) as on:
            wait_ready(on, print)
            asyncio.run(upgrade(on.database_url))
            print(f"{rows:,} rows of {len(_RECORD.descr)} columns; to reach: {_REACH:,} rows/s")
            for name in names:
                path = folder / f"{name}.table"
                _WRITERS[name](path, rows)
                size = path.stat().st_size / 1e6
                run = _publish(path, home.root, on)
                path.unlink()
                print(
                    f"{name:10} {size:6.0f} MB in {run.seconds:6.1f} s "
                    f"{rows / run.seconds:9,.0f} rows/s, peak memory {run.peak_mb:4.0f} MB"
                )
            floor = _floor(on.database_url, folder)
            print(f"floor      psql COPY, indexes in {floor:6.1f} s {rows / floor:9,.0f} rows/s")
            print(f"sizes      {asyncio.run(_sizes(on.database_url))}")


if __name__ == "__main__":
    main()
