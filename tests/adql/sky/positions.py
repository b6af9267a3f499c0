"""Tables of positions for tests of joins: loading, and brute force in numpy."""

from collections.abc import Sequence

import asyncpg
import numpy as np
from astropy.coordinates import Latitude, Longitude
from cdshealpix.nested import lonlat_to_healpix

from adql.catalogue import Column, SkyPosition, Table
from adql.columns import ColumnMeta
from schema.catalogue import quoted
from schema.sky_index import position_indexes

Position = tuple[float | None, float | None]

DOUBLE = "double precision"
HIDDEN = SkyPosition("ra", "dec", '"hpx"', '"hcell"', zones=True)


def table(schema: str, name: str, *, indexed: bool) -> Table:
    """Columns id, ra, dec, err; with `indexed`, hidden ones and their indexes."""
    columns = [("id", "long", "bigint"), *((n, "double", DOUBLE) for n in ("ra", "dec", "err"))]
    return Table(
        schema,
        name,
        f"{quoted(schema)}.{quoted(name)}",
        tuple(Column(ColumnMeta(n, kind), quoted(n), sql) for n, kind, sql in columns),
        (HIDDEN,) if indexed else (),
    )


async def create(connection: "asyncpg.Connection[asyncpg.Record]", made: Table) -> None:
    """CREATE TABLE with what the catalogue says of it, readable by starhaul_reader."""
    await connection.execute(
        f"CREATE TABLE {made.sql_name} (id bigint, ra float8, dec float8, err float8, hpx bigint, "
        f"hcell integer); GRANT SELECT ON {made.sql_name} TO starhaul_reader"
    )
    for position in made.positions:
        for statement in position_indexes(made.sql_name, position, "ra", "dec"):
            await connection.execute(statement)


async def fill(
    connection: "asyncpg.Connection[asyncpg.Record]",
    made: Table,
    positions: Sequence[Position],
    errors: Sequence[float],
) -> None:
    """Put rows in, with numbers as identifiers from 0."""
    known = [(lon, lat) for lon, lat in positions if lon is not None and lat is not None]
    cells = iter(_cells(np.array(known)) if known else ())
    rows = []
    for number, ((lon, lat), error) in enumerate(zip(positions, errors, strict=True)):
        cell = None if lon is None or lat is None else next(cells)
        rows.append((number, lon, lat, error, cell, None if cell is None else cell >> 52))
    await connection.copy_records_to_table(made.name, schema_name=made.schema, records=rows)


def _cells(known: np.ndarray) -> list[int]:
    lon, lat = Longitude(known[:, 0], "deg"), Latitude(known[:, 1], "deg")
    cells: list[int] = lonlat_to_healpix(lon, lat, np.uint8(29)).astype(np.int64).tolist()
    return cells


def angles(a: Sequence[Position], b: Sequence[Position]) -> np.ndarray:
    """Angles in degrees of all pairs, by their chords; NaN where a coordinate is NULL."""

    def vectors(positions: Sequence[Position]) -> np.ndarray:
        lon, lat = np.radians(np.array(positions, dtype=float).reshape(-1, 2)).T
        return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)

    chords = np.linalg.norm(vectors(a)[:, None] - vectors(b), axis=-1)
    found: np.ndarray = np.degrees(2 * np.arcsin(np.clip(chords / 2, 0, 1)))
    return found
