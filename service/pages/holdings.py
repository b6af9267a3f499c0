"""What the archive holds, in numbers, as an anonymous visitor may see it."""

import asyncio
import time
from dataclasses import dataclass, field
from math import atan2, degrees, hypot

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.database import Database
from service.html.sky_map import Place

MAX_AGE_S = 20.0
# HEALPix cells of order 4 (3.7 degrees): a map with at most 3,072 dots a product type.
_MAP_SHIFT = 2 * (29 - 4)


@dataclass(frozen=True)
class CollectionSummary:
    """One collection: datasets, bytes, and what they cover; times in MJD, wavelengths in metres."""

    name: str
    title: str
    description: str
    types: tuple[str, ...]
    datasets: int
    bytes: int
    t_min: float | None
    t_max: float | None
    em_min: float | None
    em_max: float | None


@dataclass(frozen=True)
class SkyCell:
    """Datasets of one product type that lie close together: mean direction and number."""

    x: float
    y: float
    z: float
    dataproduct_type: str
    datasets: int

    def place(self) -> Place:
        """Where it is on a map."""
        ra, dec = direction(self.x, self.y, self.z)
        noun = "dataset" if self.datasets == 1 else "datasets"
        words = f"{self.datasets} {noun} ({self.dataproduct_type})"
        return Place(ra, dec, self.datasets, words, self.dataproduct_type)


@dataclass(frozen=True)
class Example:
    """A cone that holds something: position and radius in degrees."""

    ra: float
    dec: float
    radius: float


@dataclass(frozen=True)
class Holdings:
    """The whole archive."""

    collections: tuple[CollectionSummary, ...]
    types: tuple[tuple[str, int], ...]
    sky: tuple[SkyCell, ...]
    example: Example

    @property
    def datasets(self) -> int:
        """Number of datasets in all collections."""
        return sum(collection.datasets for collection in self.collections)

    @property
    def bytes(self) -> int:
        """Size of all files in all collections."""
        return sum(collection.bytes for collection in self.collections)


_COLLECTIONS = text(
    """
    SELECT c.name, coalesce(c.title, c.name) AS title, coalesce(c.description, '') AS description,
           d.types, d.datasets, coalesce(h.bytes, 0)::bigint AS bytes,
           d.t_min, d.t_max, d.em_min, d.em_max
    FROM archive.collection AS c
    JOIN (SELECT collection_id, count(*) AS datasets, min(t_min) AS t_min, max(t_max) AS t_max,
                 min(em_min) AS em_min, max(em_max) AS em_max,
                 array_agg(DISTINCT dataproduct_type)
                     FILTER (WHERE dataproduct_type IS NOT NULL) AS types
          FROM archive.dataset WHERE present AND readable_by IS NULL
          GROUP BY collection_id) AS d ON d.collection_id = c.id
    LEFT JOIN (SELECT collection_id, sum(size) AS bytes
               FROM archive.holding WHERE state = 'present' AND readable_by IS NULL
               GROUP BY collection_id) AS h ON h.collection_id = c.id
    WHERE c.readable_by IS NULL
    ORDER BY c.title, c.name
    """
)
_SKY = text(
    """
    SELECT avg(x) AS x, avg(y) AS y, avg(z) AS z,
           coalesce(dataproduct_type, 'unknown') AS dataproduct_type, count(*) AS datasets
    FROM archive.dataset
    WHERE present AND readable_by IS NULL AND hpx IS NOT NULL
    GROUP BY hpx >> :shift, dataproduct_type
    ORDER BY datasets DESC
    """
)
_TYPES = text(
    """
    SELECT coalesce(dataproduct_type, 'unknown') AS dataproduct_type, count(*) AS datasets
    FROM archive.dataset WHERE present AND readable_by IS NULL
    GROUP BY dataproduct_type ORDER BY datasets DESC, dataproduct_type
    """
)
# The richest tenth of a degree, so that the first query of a newcomer has an answer.
_EXAMPLE = text(
    """
    SELECT avg(x) AS x, avg(y) AS y, avg(z) AS z
    FROM archive.dataset
    WHERE present AND readable_by IS NULL AND hpx IS NOT NULL AND em_max > 5e-7
    GROUP BY hpx >> 40 ORDER BY count(*) DESC, hpx >> 40 LIMIT 1
    """
)


def direction(x: float, y: float, z: float) -> tuple[float, float]:
    """Right ascension and declination in degrees of a vector of any length but 0."""
    return degrees(atan2(y, x)) % 360, degrees(atan2(z, hypot(x, y)))


async def read_holdings(connection: AsyncConnection) -> Holdings:
    """Count everything that is open to all; a handful of scans."""
    collections = (await connection.execute(_COLLECTIONS)).mappings().all()
    types = (await connection.execute(_TYPES)).all()
    sky = (await connection.execute(_SKY, {"shift": _MAP_SHIFT})).mappings().all()
    place = (await connection.execute(_EXAMPLE)).first()
    example = Example(0.0, 0.0, 0.1)
    if place is not None:
        ra, dec = direction(place.x, place.y, place.z)
        example = Example(round(ra, 3), round(dec, 3), 0.1)
    return Holdings(
        collections=tuple(
            CollectionSummary(**{**row, "types": tuple(row["types"] or ())}) for row in collections
        ),
        types=tuple((row.dataproduct_type, row.datasets) for row in types),
        sky=tuple(SkyCell(**row) for row in sky),
        example=example,
    )


@dataclass
class HoldingsCache:
    """The holdings as counted at most MAX_AGE_S seconds ago."""

    _holdings: Holdings | None = None
    _read_at: float = 0.0
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def get(self, database: Database) -> Holdings:
        """The holdings; one visitor counts while the others wait."""
        async with self._lock:
            if self._holdings is None or time.monotonic() - self._read_at > MAX_AGE_S:
                async with database.owner.connect() as connection:
                    self._holdings = await read_holdings(connection)
                self._read_at = time.monotonic()
            return self._holdings
