"""What every handler and task is given: settings, database, catalogue."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import cast

from starlette.requests import Request

from schema.catalogue import TableCatalogue, load_catalogue
from service.config import Settings
from service.database import Database

_CATALOGUE_MAX_AGE_S = 5.0


@dataclass
class CatalogueCache:
    """The catalogue as read at most five seconds ago, so that a published table appears."""

    database: Database
    _catalogue: TableCatalogue | None = None
    _read_at: float = 0.0
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def get(self) -> TableCatalogue:
        """The catalogue; one reader refreshes it while the others wait."""
        if self._fresh():
            return cast(TableCatalogue, self._catalogue)
        async with self._lock:
            if not self._fresh():
                loaded = await self._load()
                # The same object while nothing changes: translations are kept by it.
                if self._catalogue is None or loaded.items != self._catalogue.items:
                    self._catalogue = loaded
                self._read_at = time.monotonic()
        return cast(TableCatalogue, self._catalogue)

    def _fresh(self) -> bool:
        age = time.monotonic() - self._read_at
        return self._catalogue is not None and age < _CATALOGUE_MAX_AGE_S

    async def _load(self) -> TableCatalogue:
        async with self.database.owner.connect() as connection:
            raw = await connection.get_raw_connection()
            driver = raw.driver_connection
            if driver is None:
                raise ConnectionError("the pool gave a closed connection")
            return await load_catalogue(driver)


@dataclass(frozen=True)
class Archive:
    """One process's view of the archive."""

    settings: Settings
    database: Database
    catalogue: CatalogueCache


def archive_of(request: Request) -> Archive:
    """The archive that serves this request."""
    return cast(Archive, request.app.state.archive)
