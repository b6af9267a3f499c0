"""A run that is killed, a full disk, a stopped database: nothing is lost, nothing is half."""

import os
import signal
import subprocess
import sys
import time

import pytest

from bench.ingest import generate
from service.errors import Unavailable
from tests.conftest import CI
from tests.ingest.conftest import Archive, write_image

FILES = 10_000 if CI else 1_200
RUN = """
import sys
from pathlib import Path
from service.config import Settings
from service.ingest.command import ingest
if __name__ == "__main__":
    ingest(Path(sys.argv[1]), Settings(database_url=sys.argv[2]), workers=2)
"""


def test_kill_and_run_again_gives_the_same_rows(archive: Archive) -> None:
    """kill -9 of the run and its workers, twice, half-way; then one run to the end."""
    toml = generate(archive.folder, FILES)
    script = archive.folder / "run.py"
    script.write_text(RUN)
    count = "SELECT count(*) FROM archive.holding"
    seen = 0
    for _ in range(2):
        log = (archive.folder / "run.log").open("w")
        process = subprocess.Popen(
            [sys.executable, str(script), str(toml), archive.url],
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=log,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        while process.poll() is None and archive.rows(count)[0][0] <= seen:
            time.sleep(0.02)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)
        log.close()
        seen = archive.rows(count)[0][0]
    assert 0 < seen < FILES, (archive.folder / "run.log").read_text()
    report = archive.ingest(toml, workers=2)
    assert (report.accepted, report.unchanged) == (FILES - seen, seen)
    interrupted = archive.datasets("bench")
    assert len(interrupted) == FILES
    toml.write_text(toml.read_text().replace('"bench"', '"whole"'))
    archive.ingest(toml, workers=2)
    whole = archive.datasets("whole")
    own = ("obs_publisher_did", "obs_id", "obs_collection")
    for one, two in zip(interrupted, whole, strict=True):
        assert {k: v for k, v in one.items() if k not in own} == {
            k: v for k, v in two.items() if k not in own
        }


def test_a_database_that_is_down_is_named(archive: Archive) -> None:
    toml = archive.toml("down")
    write_image(archive.folder / "data" / "a.fits")
    archive.url = "postgresql://starhaul@127.0.0.1:1/starhaul"
    with pytest.raises(Unavailable, match="run the same command again"):
        archive.ingest(toml)
