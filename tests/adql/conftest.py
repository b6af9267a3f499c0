"""A small sky in a real PostgreSQL, and the catalogue that describes it."""

from dataclasses import dataclass
from typing import Any

import asyncpg
import numpy as np
import pytest
from astropy.coordinates import Latitude, Longitude
from cdshealpix.nested import lonlat_to_healpix

import adql
from adql.catalogue import Column, SkyPosition, SkyRegion, Table
from adql.columns import ColumnMeta
from adql.syntax.words import Version
from schema.catalogue import TableCatalogue
from tests.conftest import TestDatabase, run


def _column(name: str, sql_type: str, datatype: str, **more: Any) -> Column:
    meta = ColumnMeta(name, datatype, **more)
    return Column(meta, f'"{name}"', sql_type, delimited=not name.replace("_", "").isalnum())


SKY = Table(
    "sky",
    "stars",
    '"sky"."stars"',
    (
        _column("id", "bigint", "long", ucd="meta.id;meta.main"),
        _column("ra", "double precision", "double", unit="deg", ucd="pos.eq.ra;meta.main"),
        _column("dec", "double precision", "double", unit="deg", ucd="pos.eq.dec;meta.main"),
        _column("mag", "real", "float", unit="mag", ucd="phot.mag"),
        _column("name", "text", "char", arraysize="*"),
        _column("observed", "timestamp", "char", arraysize="*", xtype="timestamp"),
        _column("footprint", "text", "char", arraysize="*", xtype="adql:REGION"),
        _column("x$1", "integer", "int"),
    ),
    (SkyPosition("ra", "dec", '"hpx"', '"hcell"', '"ux"', '"uy"', '"uz"'),),
    (SkyRegion("footprint", None, '"box"'),),
)
PLAIN = Table(
    "sky",
    "plain",
    '"sky"."plain"',
    (
        _column("id", "bigint", "long"),
        _column("ra", "double precision", "double", unit="deg"),
        _column("dec", "double precision", "double", unit="deg"),
        _column("weight", "integer", "int", unit="kg"),
    ),
)
CATALOGUE = TableCatalogue((SKY, PLAIN))


@dataclass(frozen=True)
class Sky:
    """The stars as arrays, and a function that runs ADQL over them."""

    url: str
    ra: np.ndarray
    dec: np.ndarray

    def star(self, number: int) -> tuple[float, float]:
        """The position of one star."""
        return float(self.ra[number]), float(self.dec[number])

    def rows(self, query: str, version: Version = "2.1") -> list[tuple[Any, ...]]:
        """Rows of a query; the text with parameters and the one with literals must agree."""
        translation = adql.translate(query, CATALOGUE, version)

        async def work() -> list[tuple[Any, ...]]:
            connection = await asyncpg.connect(self.url)
            try:
                literal = await connection.fetch(translation.literal_sql())
                values = [p.value for p in translation.parameters]
                numbered = await connection.fetch(translation.sql, *values)
            finally:
                await connection.close()
            if "random" not in translation.sql:
                assert sorted(map(repr, map(tuple, literal))) == sorted(
                    map(repr, map(tuple, numbered))
                )
            assert not literal or list(literal[0].keys()) == [
                c.sql_name for c in translation.columns
            ]
            return [tuple(row) for row in literal]

        return run(work())


def _positions() -> tuple[np.ndarray, np.ndarray]:
    """Points everywhere, and crowded where spheres go wrong: the poles and RA 0."""
    rng = np.random.default_rng(20261121)
    ra = [rng.uniform(0, 360, 3000), rng.uniform(0, 360, 400), rng.uniform(0, 360, 400)]
    dec = [np.degrees(np.arcsin(rng.uniform(-1, 1, 3000)))]
    dec += [90 - rng.exponential(0.5, 400), -90 + rng.exponential(0.5, 400)]
    ra.append(rng.normal(0, 0.3, 600) % 360)
    dec.append(rng.normal(0, 0.3, 600))
    ra.append(np.array([0.0, 0.0, 0.0, 180.0, 359.9999999, 10.0, 10.0]))
    dec.append(np.array([90.0, -90.0, 0.0, 0.0, 0.0, 20.0, 20.0 + 2e-7]))
    return np.concatenate(ra), np.clip(np.concatenate(dec), -90, 90)


@pytest.fixture(scope="module")
def sky(database: TestDatabase) -> Sky:
    """Tables sky.stars (indexed) and sky.plain (not), with the same positions."""
    ra, dec = _positions()
    hpx = lonlat_to_healpix(Longitude(ra, "deg"), Latitude(dec, "deg"), 29).astype(np.int64)
    mag = np.random.default_rng(1).normal(15, 2, len(ra)).astype(np.float32)

    async def load() -> None:
        connection = await asyncpg.connect(database.url)
        await connection.execute(
            """
            CREATE SCHEMA sky;
            CREATE TABLE sky.stars (
                id bigint, ra double precision, dec double precision, mag real, name text,
                observed timestamp, footprint text, "x$1" integer, hpx bigint, hcell integer,
                ux double precision GENERATED ALWAYS AS (cosd(dec) * cosd(ra)) STORED,
                uy double precision GENERATED ALWAYS AS (cosd(dec) * sind(ra)) STORED,
                uz double precision GENERATED ALWAYS AS (sind(dec)) STORED, box cube);
            CREATE TABLE sky.plain (id bigint, ra double precision, dec double precision,
                weight integer);
            GRANT USAGE ON SCHEMA sky TO starhaul_reader;
            GRANT SELECT ON ALL TABLES IN SCHEMA sky TO starhaul_reader;
            """
        )
        rows = list(zip(range(len(ra)), ra.tolist(), dec.tolist(), strict=True))
        await connection.copy_records_to_table(
            "stars",
            schema_name="sky",
            columns=["id", "ra", "dec", "mag", "name", "hpx", "hcell"],
            records=[
                (i, a, d, float(m), f"Star {i}" if i % 3 else None, int(h), int(h) >> 52)
                for (i, a, d), m, h in zip(rows, mag, hpx, strict=True)
            ],
        )
        await connection.copy_records_to_table(
            "plain", schema_name="sky", columns=["id", "ra", "dec"], records=rows
        )
        await connection.execute("CREATE INDEX ON sky.stars (hpx)")
        await connection.execute(
            "INSERT INTO sky.stars (id, ra, dec, footprint) VALUES (-1, NULL, NULL, NULL)"
        )
        await connection.execute("UPDATE sky.plain SET weight = id % 7")
        await connection.execute(
            "UPDATE sky.stars SET footprint = format('CIRCLE ICRS %s %s 0.5', ra, dec), "
            "observed = '2020-01-01'::timestamp + id * interval '1 day', \"x$1\" = id % 5 "
            "WHERE id BETWEEN 0 AND 99"
        )
        await connection.close()

    run(load())
    return Sky(database.read_url, ra, dec)
