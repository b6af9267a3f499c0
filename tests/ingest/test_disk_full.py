"""A disk that is full while ingesting: a real one, of half a megabyte."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from bench.ingest import generate
from service.embedded.account import server_account
from service.embedded.home import load_secrets
from service.ingest.run import DiskFull
from tests.conftest import TestDatabase, TestServers, absent, run
from tests.ingest.conftest import Archive


@dataclass
class SmallDisk:
    """The file system that the table of datasets lies on."""

    place: Path

    def resize(self, size: str) -> None:
        subprocess.run(["mount", "-o", f"remount,size={size}", str(self.place)], check=True)


@pytest.fixture
def small_disk(postgres: TestServers, database: TestDatabase) -> Iterator[SmallDisk]:
    """A real file system of half a megabyte; PostgreSQL keeps archive.dataset there."""
    if os.geteuid() != 0:
        absent("mounting a small file system needs root")
    place = Path(tempfile.mkdtemp(prefix="starhaul-disk-"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(place)], check=True)
    account = server_account()
    if account is not None:
        os.chown(place, account.uid, account.gid)
    postgres.execute(f"CREATE TABLESPACE small LOCATION '{place}'")
    _as_superuser(postgres, database, "ALTER TABLE archive.dataset SET TABLESPACE small")
    yield SmallDisk(place)
    _as_superuser(postgres, database, "ALTER TABLE archive.dataset SET TABLESPACE pg_default")
    postgres.execute("CHECKPOINT", "DROP TABLESPACE small")
    subprocess.run(["umount", str(place)], check=True)
    place.rmdir()


def _as_superuser(postgres: TestServers, database: TestDatabase, statement: str) -> None:
    name = urlsplit(database.url).path.removeprefix("/")
    url = postgres.url("postgres", load_secrets(postgres.home).superuser, name)

    async def work() -> None:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    run(work())


def test_a_full_disk_is_named_and_the_next_run_completes(
    archive: Archive, small_disk: SmallDisk
) -> None:
    """The disk of the datasets fills up for real; once it has room, the same command goes on."""
    toml = generate(archive.folder, 1_500)
    toml.write_text(toml.read_text().replace('"bench"', '"full"'))
    with pytest.raises(DiskFull, match="run the same command again"):
        archive.ingest(toml, workers=1)
    kept = len(archive.datasets("full"))
    assert kept < 1_500
    assert kept % 200 == 0
    small_disk.resize("64m")
    report = archive.ingest(toml, workers=1)
    assert (report.accepted, report.unchanged) == (1_500 - kept, kept)
    assert len(archive.datasets("full")) == 1_500
