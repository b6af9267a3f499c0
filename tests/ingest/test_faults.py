"""A run that is killed, a full disk, a stopped database: nothing is lost, nothing is half."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from bench.ingest import generate
from service.errors import Unavailable, UsageError
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
    """kill -9 of the run, twice, half-way; then one run to the end."""
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
            time.sleep(0.05)
        children = psutil.Process(process.pid).children(recursive=True)
        process.kill()  # the run alone: its workers end by themselves
        process.wait(30)
        assert psutil.wait_procs(children, 10)[1] == []
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


def test_a_worker_process_that_is_killed_costs_no_file(archive: Archive) -> None:
    """As the kernel does when memory runs out: its files are read again by another process."""
    toml = generate(archive.folder, 600)
    toml.write_text(toml.read_text().replace('"bench"', '"killed"'))
    killed: list[int] = []

    def is_worker(child: psutil.Process) -> bool:
        try:  # the session's servers are children too, and theirs come and go
            return child.ppid() != os.getpid() and child.name().startswith("python")
        except psutil.NoSuchProcess:
            return False

    def kill_one_worker(done: int, total: int) -> None:
        workers = list(filter(is_worker, psutil.Process().children(recursive=True)))
        if done and workers and not killed:
            workers[0].kill()
            killed.append(workers[0].pid)

    report = archive.ingest(toml, workers=2, progress=kill_one_worker)
    assert killed
    assert (report.accepted, report.refused) == (600, {})
    assert len(archive.datasets("killed")) == 600


def test_two_runs_on_one_collection_are_refused(archive: Archive) -> None:
    toml = archive.toml("busy")
    write_image(archive.folder / "data" / "a.fits")

    def second_run(done: int, total: int) -> None:
        with ThreadPoolExecutor(1) as thread, pytest.raises(UsageError, match="is running"):
            thread.submit(archive.ingest, toml).result()
        seen.append(done)

    seen: list[int] = []
    assert archive.ingest(toml, progress=second_run).accepted == 1
    assert seen
    assert archive.ingest(toml).unchanged == 1
