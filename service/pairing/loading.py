"""The uploaded table as rows of `pairing.wanted`, numbered from 1; wrong rows keep their reason."""

from typing import cast

from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from schema.tables.pairing import band as band_table
from schema.tables.pairing import wanted as wanted_table
from service.config import Settings
from service.errors import UsageError
from service.pairing.bands import Band, bands_of
from service.pairing.columns import PairingColumns
from service.pairing.request import PairingRequest
from service.pairing.sizes import LARGEST_DEGREES, LARGEST_PIXELS
from service.results.rows import Connection
from service.uploads.session import load_table
from service.uploads.table import UploadedTable

# Bands that the rows of one table name, each of them read once.
_MOST_BANDS = 1000
# What `said` is for rows that name no band, where BAND does.
ANY_ROW = ""

# The columns of the upload are f1, f2, ... and its hidden ones: no name of a user is in here. What
# begins with ivo:// is a dataset, also in the column of the user's own names.
_WANTED = """
INSERT INTO pairing.wanted
    (pairing_id, row, label, dataset, ra, dec, pixels, degrees, band, collection, error)
SELECT :pairing_id, row, nullif(label, ''), dataset, starhaul.turn(ra), dec,
    CASE WHEN error IS NULL THEN pixels END, CASE WHEN error IS NULL THEN degrees END,
    nullif(band, ''), nullif(collection, ''), error
FROM (SELECT *, CASE
        WHEN dataset IS NULL AND num_nulls(ra, dec) > 0
            THEN 'the row has no position; give ra and dec in degrees'
        WHEN num_nulls(ra, dec) = 1 THEN 'the row has half of a position; give both ra and dec'
        WHEN abs(dec) > 90 OR abs(ra) > 720 OR 'NaN' IN (ra, dec)
            THEN 'the position ' || ra || ' ' || dec || ' is not on the sky; ra goes from 0 to '
                 '360 and dec from -90 to 90 degrees'
        WHEN num_nulls(pixels, degrees) = 2
            THEN 'the row has no size; fill its column or send SIZE=28px'
        WHEN pixels NOT BETWEEN 1 AND {pixels} OR pixels <> trunc(pixels)
            THEN pixels || ' is no number of pixels; give a whole one from 1 to {pixels}'
        WHEN pixels IS NULL AND NOT (degrees > 0 AND degrees <= {degrees})
            THEN 'the size is ' || degrees || ' degrees; give more than 0 and at most {degrees}'
      END AS error
      FROM (SELECT row, label, nullif(coalesce(dataset, CASE WHEN starts_with(label, 'ivo://')
                                                             THEN label END), '') AS dataset,
                ra, dec,
                coalesce(pixels, CASE WHEN degrees IS NULL
                                          THEN CAST(:pixels AS double precision) END) AS pixels,
                CASE WHEN pixels IS NULL THEN coalesce(degrees, CAST(:degrees AS double precision))
                END AS degrees,
                band, collection
            FROM (SELECT {columns} FROM {relation}) AS said) AS each) AS checked
"""


async def load_wanted(
    connection: AsyncConnection,
    pairing_id: int,
    request: PairingRequest,
    table: UploadedTable,
    columns: PairingColumns,
    settings: Settings,
) -> int:
    """Write the rows of a table in the caller's transaction; how many they are.

    UsageError or TooLarge where the table cannot be read to its end, or names bands that are none.
    """
    raw = await connection.get_raw_connection()
    await load_table(cast(Connection, raw.driver_connection), table, settings)
    size = request.size
    statement = _WANTED.format(
        columns=_columns(table, columns),
        relation=table.table.sql_name,
        pixels=LARGEST_PIXELS,
        degrees=LARGEST_DEGREES,
    )
    values = {
        "pairing_id": pairing_id,
        "pixels": None if size is None else size.pixels,
        "degrees": None if size is None else size.degrees,
    }
    loaded = await connection.execute(text(statement), values)
    await connection.execute(text(f"DROP TABLE {table.table.sql_name}"))
    await _load_bands(connection, pairing_id, request, table)
    return loaded.rowcount


def _columns(table: UploadedTable, columns: PairingColumns) -> str:
    """What is taken of the uploaded table, in SQL."""

    def column(index: int | None, kind: str, scale: float = 1.0) -> str:
        if index is None:
            return f"NULL::{kind}"
        value = f"{table.columns[index][0]}::{kind}"
        return value if scale == 1.0 else f"{value} * {scale!r}::double precision"

    number = "double precision"
    said = {
        "row": "row_number() OVER (ORDER BY ctid)",
        "label": column(columns.label, "text"),
        "dataset": column(columns.dataset, "text"),
        "ra": column(columns.ra, number),
        "dec": column(columns.dec, number),
        "pixels": column(columns.pixels, number),
        "degrees": column(columns.degrees, number, columns.degrees_unit),
        "band": column(columns.band, "text"),
        "collection": column(columns.collection, "text"),
    }
    return ", ".join(f"{sql} AS {name}" for name, sql in said.items())


async def _load_bands(
    connection: AsyncConnection, pairing_id: int, request: PairingRequest, table: UploadedTable
) -> None:
    """Write what the bands of rows, and of BAND, mean."""
    distinct = (
        select(wanted_table.c.band)
        .where(wanted_table.c.pairing_id == pairing_id, wanted_table.c.band.is_not(None))
        .distinct()
        .limit(_MOST_BANDS + 1)
    )
    texts = (await connection.scalars(distinct)).all()
    if len(texts) > _MOST_BANDS:
        raise UsageError(
            f"{table.upload.said}: its rows name more than {_MOST_BANDS} different bands; send "
            "several tables"
        )
    said = [(band.said, band) for each in texts for band in _of_rows(str(each), table)]
    rows = [*said, *((ANY_ROW, band) for band in request.bands)]
    if rows:
        await connection.execute(
            insert(band_table),
            [
                {
                    "pairing_id": pairing_id,
                    "said": key,
                    "name": b.name,
                    "low": b.low,
                    "high": b.high,
                }
                for key, b in rows
            ],
        )


def _of_rows(said: str, table: UploadedTable) -> list[Band]:
    return bands_of(said, f"{table.upload.said}, its column of bands")
