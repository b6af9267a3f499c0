"""What the tests of publishing share: runs on the module's database, and queries through TAP."""

import asyncio
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pyvo
from astropy.table import Table

from service.publish.metadata import load_metadata
from service.publish.names import table_name
from service.publish.run import Published, publish, unpublish
from tests.conftest import TestDatabase
from tests.serving import Service, service, service_environment

__all__ = ["service", "service_environment"]

Rows = list[asyncpg.Record]


class Publisher:
    """Runs of publish and unpublish on one database."""

    def __init__(self, url: str) -> None:
        self.url = url

    def publish(self, path: Path, name: str, **options: Any) -> Published:
        """One run, with FILE.toml if there is one."""
        metadata = load_metadata(options.pop("metadata", None), path)
        return asyncio.run(publish(path, table_name(name), metadata, self.url, **options))

    def unpublish(self, name: str) -> list[str]:
        """One run."""
        return asyncio.run(unpublish(table_name(name), self.url))

    def rows(self, query: str, *arguments: Any) -> Rows:
        """The rows of a query, by the owner."""

        async def work() -> Rows:
            connection = await asyncpg.connect(self.url)
            try:
                return list(await connection.fetch(query, *arguments))
            finally:
                await connection.close()

        return asyncio.run(work())


@pytest.fixture
def publisher(database: TestDatabase) -> Publisher:
    """Publishing into the module's database."""
    return Publisher(database.url)


@pytest.fixture(scope="module")
def stars() -> int:
    """The table that the running API brings along may be small."""
    return 10


@pytest.fixture
def ask(service: Service) -> Callable[[str], Table]:
    """A function from an ADQL query to its result as pyvo gets it, in the order of the rows."""
    tap = pyvo.dal.TAPService(f"{service.url}/tap")

    def answer(query: str) -> Table:
        return tap.search(query, language="ADQL").to_table()

    return answer


def saved(table: Table, form: str) -> bytes:
    """A table as astropy writes it in a format."""
    buffer = io.BytesIO()
    table.write(buffer, format=form)
    return buffer.getvalue()
