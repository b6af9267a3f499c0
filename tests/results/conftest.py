"""A pool on the module's own database, and results fetched the way the service makes them."""

from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest

from service.results.formats import format_named
from service.results.rows import open_rows
from service.results.stream import encoded
from service.results.wire import Query
from tests.conftest import TestDatabase
from tests.results.sample import create_table

Fetch = Callable[..., Awaitable[bytes]]
TABLE = "public.sample"


@pytest.fixture(scope="module")
async def pool(database: TestDatabase) -> "AsyncIterator[asyncpg.Pool[asyncpg.Record]]":
    async with asyncpg.create_pool(
        database.url,
        min_size=0,
        max_size=4,
        server_settings={"DateStyle": "ISO", "TimeZone": "UTC"},
    ) as pool:
        await pool.execute(create_table(TABLE))
        yield pool


@pytest.fixture(scope="module")
def fetch(pool: "asyncpg.Pool[asyncpg.Record]") -> Fetch:
    """A function from a query and the name of a format to the whole document."""

    async def get(query: Query, name: str, maxrec: int | None = None, gzip: bool = False) -> bytes:
        form = format_named(name)
        async with open_rows(pool, query, maxrec=maxrec, form=form.form, timeout_s=30) as rows:
            pieces = encoded(rows, form, maxrec=maxrec, gzip=gzip)
            return b"".join([piece async for piece in pieces])

    return get
