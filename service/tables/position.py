"""The position of a table's rows on the sky: which columns tell it, and the hidden ones for it.

DESIGN §5: nested HEALPix of order 29, its coarse cell, and the unit vector.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from adql.columns import ColumnMeta
from service.tables.table import is_array, is_text

HIDDEN = ("hpx", "hcell", "x", "y", "z")
HIDDEN_TYPES = ("bigint", "integer", "double precision", "double precision", "double precision")
_ORDER = 29
_CELL_SHIFT = 52
_EQUATORIAL = {"", "ICRS", "FK5", "ECLIPTIC_FK5", "EQ_FK5", "GCRS"}
_RA, _DEC = "pos.eq.ra", "pos.eq.dec"
_NAMES = (("ra", "dec"), ("raj2000", "dej2000"), ("ra_icrs", "de_icrs"))

Floats = npt.NDArray[np.float64]


def position_pair(columns: Sequence[ColumnMeta]) -> tuple[int, int] | None:
    """The indexes of right ascension and declination, None where no columns are them.

    In this order: the pair with meta.main in its UCDs; the first pair with the UCDs of right
    ascension and declination; the columns ra and dec, whatever their case.
    """
    return _by_ucd(columns, main=True) or _by_ucd(columns, main=False) or _by_name(columns)


def is_equatorial(frame: str | None) -> bool:
    """Whether a coordinate system is ICRS, or near enough; one that is not told is taken so."""
    return (frame or "").upper().replace(" ", "_") in _EQUATORIAL


def unusable(column: ColumnMeta) -> str | None:
    """Why a column is no coordinate in degrees; None where it is one."""
    if is_text(column) or is_array(column) or column.datatype == "boolean":
        return "holds no single numbers"
    if column.unit not in (None, "deg"):
        return f"is in {column.unit}, not in degrees"
    return None


def _by_ucd(columns: Sequence[ColumnMeta], *, main: bool) -> tuple[int, int] | None:
    def first(word: str) -> int | None:
        for index, column in enumerate(columns):
            words = (column.ucd or "").lower().split(";")
            if words[0].strip() == word and (not main or "meta.main" in words):
                return index
        return None

    ra, dec = first(_RA), first(_DEC)
    return None if ra is None or dec is None else (ra, dec)


def _by_name(columns: Sequence[ColumnMeta]) -> tuple[int, int] | None:
    by_name = {column.name.lower(): index for index, column in enumerate(columns)}
    for ra, dec in _NAMES:
        if ra in by_name and dec in by_name:
            return by_name[ra], by_name[dec]
    return None


def hidden_values(ra: pa.Array, dec: pa.Array) -> list[pa.Array]:
    """hpx, hcell, x, y, z of positions in degrees; null where one is missing or is none.

    A right ascension outside 0 to 360 is the same angle within.
    """
    # Here, not above: what has no positions to load need not wait for astropy.
    from astropy import units as u
    from astropy.coordinates import Latitude, Longitude
    from cdshealpix.nested import lonlat_to_healpix

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
