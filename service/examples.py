"""The example queries of the archive, with the tables that each of them reads."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, cast

from asyncpg import Record
from asyncpg.pool import PoolConnectionProxy
from starlette.requests import Request

import adql
from adql.catalogue import Catalogue
from schema.catalogue import plain_name
from schema.examples import Example, read_examples
from service.archive import Archive

_MAX_AGE_S = 20.0

Connection: TypeAlias = "PoolConnectionProxy[Record]"


@dataclass(frozen=True, slots=True)
class TableExample:
    """An example, and the names of the tables it reads as TAP_SCHEMA.tables has them."""

    example: Example
    tables: tuple[str, ...]


@dataclass
class ExamplesCache:
    """The examples that work, as found at most _MAX_AGE_S seconds ago."""

    archive: Archive
    _examples: tuple[TableExample, ...] | None = None
    _read_at: float = 0.0
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def get(self) -> tuple[TableExample, ...]:
        """All of them; one request looks while the others wait."""
        async with self._lock:
            if self._examples is None or time.monotonic() - self._read_at > _MAX_AGE_S:
                catalogue = await self.archive.catalogue.get()
                async with self.archive.database.owner_copy.acquire() as connection:
                    examples = await read_examples(connection)
                    written = await _written_names(connection)
                self._examples = await asyncio.to_thread(_usable, examples, catalogue, written)
                self._read_at = time.monotonic()
            return self._examples


def examples_of(request: Request) -> ExamplesCache:
    """The examples of the archive that serves this request."""
    return cast(ExamplesCache, request.app.state.examples)


async def _written_names(connection: Connection) -> Mapping[tuple[str, str], str]:
    """Names of TAP_SCHEMA.tables by schema and table without quotes."""
    rows = await connection.fetch("SELECT schema_name, table_name FROM tap_schema.tables")
    return {
        (
            plain_name(row["schema_name"]),
            plain_name(row["table_name"].removeprefix(row["schema_name"] + ".")),
        ): row["table_name"]
        for row in rows
    }


def _usable(
    examples: Sequence[Example], catalogue: Catalogue, written: Mapping[tuple[str, str], str]
) -> tuple[TableExample, ...]:
    """Those that name tables and columns which are there; a table may have changed since."""
    found = []
    for example in examples:
        try:
            tables = adql.translate(example.query, catalogue).tables
        except adql.ADQLError:
            continue
        names = (written.get((table.schema, table.name)) for table in tables)
        known = dict.fromkeys(name for name in names if name is not None)
        found.append(TableExample(example, tuple(known)))
    return tuple(found)
