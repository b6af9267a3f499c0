"""Conditions and joins on the sky: time in the database, beside hand-written SQL and no index.

1,000,000 positions in the order of the sky, or 10,000,000 with FULL=1; uploads of 10,000 or 100,000
(each near a position), a self-match of 100,000 or 500,000. Times are of EXPLAIN ANALYZE, the least
of several runs taken in turns; "hand" is the join that an expert would write, LATERAL over plain
ranges; "floor" the same query of 2,000 positions without an index.

    [FULL=1] python -m bench.sky
"""

import asyncio
import io
import json
import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import asyncpg
import numpy as np
from astropy.coordinates import Latitude, Longitude
from cdshealpix.nested import lonlat_to_healpix
from numpy.typing import NDArray

import adql
from adql.catalogue import Column, SkyPosition, Table
from adql.columns import ColumnMeta
from schema.catalogue import TableCatalogue
from schema.migrate import upgrade
from schema.sky_index import position_indexes
from service.config import Settings
from service.embedded.home import open_home
from service.embedded.servers import running_servers, wait_ready
from service.uploads.session import READ_AT_ONCE

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Floats: TypeAlias = "NDArray[np.float64]"

FULL = os.environ.get("FULL") == "1"
ROWS, UPLOADS, SELF = (10_000_000, 100_000, 500_000) if FULL else (1_000_000, 10_000, 100_000)
FEW = 2_000
_RUNS = 5
_POSITION = SkyPosition("ra", "dec", '"hpx"', '"hcell"', '"x"', '"y"', '"z"', zones=True)
_COLUMNS = (("id", "bigint", "long"), *((n, "double precision", "double") for n in ("ra", "dec")))
_HIDDEN = "hpx bigint, hcell integer, x float8, y float8, z float8"
_BIG = Table(
    "bench",
    "big",
    '"bench"."big"',
    tuple(Column(ColumnMeta(n, kind), f'"{n}"', sql) for n, sql, kind in _COLUMNS),
    (_POSITION,),
)
_ONE = replace(_BIG, name="self", sql_name='"bench"."self"')
_UPLOAD = replace(_BIG, name="upload", sql_name='"bench"."upload"', positions=())
_FEW = replace(_UPLOAD, name="few", sql_name='"bench"."few"')
_CATALOGUE = TableCatalogue((_BIG, _ONE, _UPLOAD, _FEW))

_CONE = "SELECT id FROM bench.big WHERE 1=CONTAINS(POINT(ra, dec), CIRCLE({lon}, {lat}, {size}))"
_SQUARE = (
    "SELECT id FROM bench.big WHERE 1=CONTAINS(POINT(ra, dec), "
    "POLYGON({lon}, {lat}, {lon}+{size}, {lat}, {lon}+{size}, {lat}+{size}, {lon}, {lat}+{size}))"
)
_MATCH = (
    "SELECT u.id, s.id FROM bench.{a} AS u JOIN bench.{b} AS s "
    "ON DISTANCE(POINT(u.ra, u.dec), POINT(s.ra, s.dec)) < 1/3600. AND {more}"
)
# The same by hand, for positions whose window meets neither RA 0 nor a pole: less than is right.
_WINDOW = "1.0/3600*1.001/cosd(abs(u.dec) + 1.0/3600)"
_RANGE = (
    "SELECT * FROM bench.{b} AS s WHERE starhaul.zone(s.dec) = ANY (ARRAY[starhaul.zone(u.dec"
    " - 1.0/3600), starhaul.zone(u.dec + 1.0/3600)]) AND starhaul.turn(s.ra) "
)
_HAND = (
    "SELECT u.id, s.id FROM bench.{a} AS u JOIN LATERAL ("  # noqa: S608
    f"{_RANGE} BETWEEN u.ra - {_WINDOW} AND u.ra + {_WINDOW} UNION ALL "
    f"{_RANGE} >= u.ra - {_WINDOW} + 360 UNION ALL {_RANGE} <= u.ra + {_WINDOW} - 360"
    ") AS s ON starhaul.haversine(u.ra, u.dec, s.ra, s.dec) <= 5.876107639611e-12 AND {more}"
)


def _positions(rng: np.random.Generator, count: int) -> tuple[Floats, Floats]:
    return rng.uniform(0, 360, count), np.degrees(np.arcsin(rng.uniform(-1, 1, count)))


def _copied(columns: list[NDArray[np.generic]]) -> io.BytesIO:
    """Columns as PostgreSQL's binary COPY."""
    fields: list[tuple[str, str]] = [("count", ">i2")]
    for index, column in enumerate(columns):
        fields += [(f"size{index}", ">i4"), (f"value{index}", column.dtype.newbyteorder(">").str)]
    rows = np.empty(len(columns[0]), dtype=fields)
    rows["count"] = len(columns)
    for index, column in enumerate(columns):
        rows[f"size{index}"], rows[f"value{index}"] = column.dtype.itemsize, column
    return io.BytesIO(b"PGCOPY\n\xff\r\n\0" + bytes(8) + rows.tobytes() + b"\xff\xff")


async def _load(connection: Connection, table: Table, ra: Floats, dec: Floats) -> None:
    columns: list[NDArray[np.generic]]
    hpx = lonlat_to_healpix(Longitude(ra, "deg"), Latitude(dec, "deg"), np.uint8(29)).astype("i8")
    order = np.argsort(hpx)
    ra, dec, hpx = ra[order], dec[order], hpx[order]
    lon, lat = np.radians(ra), np.radians(dec)
    columns = [np.arange(len(ra)), ra, dec]
    hidden = ""
    if table.positions:
        columns += [hpx, (hpx >> 52).astype("i4")]
        columns += [np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)]
        hidden = ", " + _HIDDEN
    await connection.execute(
        f"CREATE TABLE {table.sql_name} (id bigint, ra float8, dec float8{hidden})"
    )
    await connection.copy_to_table(
        table.name, schema_name="bench", source=_copied(columns), format="binary"
    )
    for position in table.positions:
        for statement in position_indexes(table.sql_name, position, "ra", "dec"):
            await connection.execute(statement)
    await connection.execute(f"VACUUM ANALYZE {table.sql_name}")


async def _fill(connection: Connection) -> None:
    rng = np.random.default_rng(1)
    await connection.execute("CREATE SCHEMA bench")
    ra, dec = _positions(rng, ROWS)
    await _load(connection, _BIG, ra, dec)
    chosen = rng.integers(0, ROWS, UPLOADS)
    near = rng.normal(0, 0.4 / 3600, (2, UPLOADS))
    await _load(
        connection,
        _UPLOAD,
        (ra[chosen] + near[0]) % 360,
        np.clip(dec[chosen] + near[1], -90, 90),
    )
    await _load(connection, _ONE, *_positions(rng, SELF))
    await _load(connection, _FEW, ra[:FEW], dec[:FEW])


async def _time(connection: Connection, sql: str) -> float:
    async with connection.transaction():
        if _UPLOAD.sql_name in sql:
            await connection.execute(READ_AT_ONCE)
        (plan,) = json.loads(
            await connection.fetchval(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql}")
        )
    return float(plan["Execution Time"])


async def _compared(connection: Connection, *queries: str) -> list[float]:
    """The least time of each query in milliseconds; the queries take turns."""
    times = [[await _time(connection, sql) for sql in queries] for _ in range(_RUNS)]
    return [min(column) for column in zip(*times, strict=True)]


def _sql(query: str) -> str:
    return adql.translate(query, _CATALOGUE).literal_sql()


async def _measure(url: str) -> None:
    connection = await asyncpg.connect(url, server_settings={"jit": "off"})  # as users' queries
    await _fill(connection)
    print(f"{ROWS:,} positions, least of {_RUNS} runs in the database")
    for name, query, sizes in (
        ("cone", _CONE, (1 / 3600, 1.0, 10.0)),
        ("square", _SQUARE, (0.1, 1.0, 5.0)),
    ):
        for size in sizes:
            places = [(lon, 0.9 * lon - 60) for lon in range(5, 125, 12)]
            texts = [_sql(query.format(lon=x, lat=y, size=size)) for x, y in places]
            times = await _compared(connection, *texts)
            print(f"{name} of {size:8.4f} degrees: {float(np.median(times)):8.2f} ms")
    for name, pair in (
        (f"{UPLOADS:,} uploads x {ROWS:,} at 1 arcsec", {"a": "upload", "b": "big", "more": "1=1"}),
        (
            f"{SELF:,} with themselves at 1 arcsec",
            {"a": "self", "b": "self", "more": "u.id < s.id"},
        ),
    ):
        ours, hand = await _compared(connection, _sql(_MATCH.format(**pair)), _HAND.format(**pair))
        print(f"{name}: {ours:8.1f} ms, by hand {hand:8.1f} ms, ratio {ours / hand:.2f}")
    ours, floor = await _compared(
        connection,
        _sql(_MATCH.format(a="few", b="self", more="1=1")),
        _sql(_MATCH.format(a="few", b="few", more="1=1")),
    )
    print(
        f"{FEW:,} x {SELF:,}: {ours:8.1f} ms; {FEW:,} x {FEW:,} without an index: {floor:8.1f} ms"
    )
    await connection.close()


def main() -> None:
    """Fill a database, measure, print."""
    with tempfile.TemporaryDirectory(prefix="starhaul-bench-") as folder:
        home = open_home(Path(folder) / "home")
        with running_servers(Settings(home_dir=home.root), home, print) as servers:
            wait_ready(servers, print)
            asyncio.run(upgrade(servers.database_url))
            asyncio.run(_measure(servers.database_url))


if __name__ == "__main__":
    main()
