"""An archive of generated files that are drawn, with a worker that tests may kill."""

import contextlib
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import httpx
import psutil
import pytest

from service.config import DEFAULT_AUTHORITY, Settings
from service.ingest.collection import load_collection
from service.ingest.run import run_ingest
from tests import forked
from tests.buckets import bucket_server
from tests.conftest import rows_of, run
from tests.previews.files import write_files
from tests.serving import Service, service, service_environment

__all__ = ["bucket_server", "service", "service_environment"]

CLOSED = "closed.fits"


@dataclass
class Gallery:
    """The running archive; `folder` holds its files."""

    service: Service
    folder: Path
    environment: dict[str, str]
    log: Path
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=60))
    worker: forked.Forked | None = None

    def start_worker(self) -> None:
        """Start a worker."""
        self.worker = forked.start(("worker", "--processes", "2"), self.environment, self.log)

    def kill_worker(self) -> None:
        """kill -9 of the worker and its pool."""
        assert self.worker is not None
        for process in psutil.Process(self.worker.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.worker.kill()
        self.worker.wait()

    def fetch(self, sql: str, *values: object) -> list[asyncpg.Record]:
        """Rows of the database, asked as its owner."""
        return rows_of(self.service.database_url, sql, *values)

    def number(self, path: str) -> int:
        """The id of a file."""
        ((number,),) = self.fetch("SELECT id FROM archive.holding WHERE path = $1", path)
        return int(number)

    def url(self, path: str, extension: str = "png") -> str:
        """Where the preview of a file is."""
        return f"{self.service.url}/previews/{self.number(path)}.{extension}"

    def get(self, path: str, extension: str = "png", **params: str) -> httpx.Response:
        """The preview of a file."""
        return self.client.get(self.url(path, extension), params=params)

    def jobs(self, path: str) -> list[str]:
        """The phases of all jobs that draw a file."""
        return [
            row["phase"]
            for row in self.fetch(
                "SELECT phase FROM uws.job WHERE room = 'preview' AND parameters->'FILE'->>0 = $1",
                str(self.number(path)),
            )
        ]

    def ingest(self) -> None:
        """Take what is in the folder into the archive, as it is now."""
        for name, include, extra, cards in (
            ("OPEN", "*", f'exclude = ["{CLOSED}"]', 'TUNIT1 = "min"'),
            ("CLOSED", CLOSED, 'readable_by = ["ada"]', ""),
        ):
            toml = self.folder.with_name(f"{name}.toml")
            toml.write_text(
                f'name = "{name}"\nroot = "{self.folder}"\ninclude = ["{include}"]\n{extra}\n'
                f"[defaults]\ncalib_level = 2\n[header]\n{cards}\n"
            )
            collection, root = load_collection(toml)
            run(
                run_ingest(
                    collection, root, self.service.database_url, DEFAULT_AUTHORITY, workers=1
                )
            )


@pytest.fixture(scope="module")
def stars() -> int:
    """No catalogue is needed."""
    return 1


@pytest.fixture(scope="module")
def gallery(
    service: Service, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gallery]:
    """The archive of one module."""
    folder = tmp_path_factory.mktemp("gallery") / "files"
    write_files(folder)
    environment = {
        **os.environ,
        "STARHAUL_DATABASE_URL": str(settings.database_url),
        "STARHAUL_READ_DATABASE_URL": str(settings.read_database_url),
        "STARHAUL_REDIS_URL": str(settings.redis_url),
        "STARHAUL_HOME_DIR": str(settings.home_dir),
    }
    running = Gallery(service, folder, environment, folder.with_name("worker.log"))
    running.start_worker()
    running.ingest()
    try:
        yield running
    finally:
        running.client.close()
        if running.worker is not None and running.worker.poll() is None:
            running.worker.send_signal(signal.SIGTERM)
            running.worker.wait(60)
