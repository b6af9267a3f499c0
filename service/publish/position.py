"""The position of a table's rows on the sky: which columns it is, and the hidden ones for it.

DESIGN §5: nested HEALPix of order 29, its coarse cell, and the unit vector.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from astropy import units as u
from astropy.coordinates import Latitude, Longitude
from cdshealpix.nested import lonlat_to_healpix

from service.publish.columns import PublishedColumn
from service.publish.metadata import Metadata
from service.tables.table import is_array, is_text

_ORDER = 29
_CELL_SHIFT = 52
_HIDDEN = ("hpx", "hcell", "x", "y", "z")
HIDDEN_TYPES = ("bigint", "integer", "double precision", "double precision", "double precision")
_EQUATORIAL = {"", "ICRS", "FK5", "ECLIPTIC_FK5", "EQ_FK5", "GCRS"}
_RA, _DEC = "pos.eq.ra", "pos.eq.dec"

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Position:
    """Two columns in degrees and the physical names of the five hidden ones."""

    ra: PublishedColumn
    dec: PublishedColumn
    hidden: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A position, or the reason why there is none, for the report."""

    position: Position | None
    note: str | None = None


def find_position(
    columns: Sequence[PublishedColumn], metadata: Metadata, frame: str | None
) -> Found:
    """The position that the publisher states, or that UCDs, or names, tell.

    In this order: `[position]`; the pair with meta.main in its UCDs; the first pair with the UCDs
    of right ascension and declination; the columns ra and dec. The columns must be in degrees.
    Raises TableError where a stated position cannot be one.
    """
    if not metadata.words.sky_index:
        return Found(None)
    pair = _stated(columns, metadata)
    if pair is None:
        pair = _by_ucd(columns, main=True) or _by_ucd(columns, main=False) or _by_name(columns)
        if pair is None:
            return Found(None)
        if (frame or "").upper().replace(" ", "_") not in _EQUATORIAL:
            return Found(
                None,
                f"positions are in the frame {frame}, not ICRS: no sky index. If the columns are "
                "ICRS all the same, name them under [position] in the metadata file",
            )
    wrong = next((column for column in pair if _unusable(column)), None)
    if wrong is None:
        return Found(Position(*pair, _hidden_names(columns)))
    what = _unusable(wrong)
    if metadata.words.position is not None:
        raise metadata.error(f"{wrong.key!r} can be no part of a position: {what}", "position")
    return Found(
        None,
        f"no sky index: {wrong.meta.name} {what}; in the metadata file, "
        f'[columns."{wrong.key}"] convert = "deg" makes degrees of another unit',
    )


def _stated(
    columns: Sequence[PublishedColumn], metadata: Metadata
) -> tuple[PublishedColumn, PublishedColumn] | None:
    words = metadata.words.position
    if words is None:
        return None
    by_key = {column.key: column for column in columns}
    for role, key in (("ra", words.ra), ("dec", words.dec)):
        metadata.known_column(key, list(by_key), "position", role)
    return by_key[words.ra], by_key[words.dec]


def _by_ucd(
    columns: Sequence[PublishedColumn], *, main: bool
) -> tuple[PublishedColumn, PublishedColumn] | None:
    def first(word: str) -> PublishedColumn | None:
        for column in columns:
            words = (column.meta.ucd or "").lower().split(";")
            if words[0].strip() == word and (not main or "meta.main" in words):
                return column
        return None

    ra, dec = first(_RA), first(_DEC)
    return None if ra is None or dec is None else (ra, dec)


def _by_name(
    columns: Sequence[PublishedColumn],
) -> tuple[PublishedColumn, PublishedColumn] | None:
    by_name = {column.meta.name.lower(): column for column in columns}
    for ra, dec in (("ra", "dec"), ("raj2000", "dej2000"), ("ra_icrs", "de_icrs")):
        if ra in by_name and dec in by_name:
            return by_name[ra], by_name[dec]
    return None


def _unusable(column: PublishedColumn) -> str | None:
    """Why a column is no coordinate in degrees."""
    if is_text(column.meta) or is_array(column.meta) or column.meta.datatype == "boolean":
        return "holds no single numbers"
    if column.meta.unit not in (None, "deg"):
        return f"is in {column.meta.unit}, not in degrees"
    return None


def _hidden_names(columns: Sequence[PublishedColumn]) -> tuple[str, ...]:
    """Names that no column of the table has."""
    taken = {column.physical for column in columns}
    names: tuple[str, ...] = _HIDDEN
    while taken.intersection(names):
        names = tuple(f"_{name}" for name in names)
    return names


def hidden_values(ra: pa.Array, dec: pa.Array) -> list[pa.Array]:
    """hpx, hcell, x, y, z of positions in degrees; null where one is missing or is none.

    A right ascension outside 0 to 360 is the same angle within.
    """
    lon, lat = _degrees(ra), _degrees(dec)
    with np.errstate(invalid="ignore"):
        null = ~(np.isfinite(lon) & (np.abs(lat) <= 90))
    lon, lat = np.where(null, 0.0, lon), np.where(null, 0.0, lat)
    hpx = lonlat_to_healpix(
        Longitude(lon, u.deg), Latitude(lat, u.deg), np.uint8(_ORDER), num_threads=1
    ).astype(np.int64)
    phi, theta = np.radians(lon), np.radians(lat)
    vector = (np.cos(theta) * np.cos(phi), np.cos(theta) * np.sin(phi), np.sin(theta))
    cells = (hpx >> _CELL_SHIFT).astype(np.int32)
    return [pa.array(values, mask=null) for values in (hpx, cells, *vector)]


def _degrees(array: pa.Array) -> Floats:
    filled = pc.fill_null(array.cast(pa.float64()), float("nan"))
    values: Floats = filled.to_numpy(zero_copy_only=False)
    return values
