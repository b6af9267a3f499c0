"""A whole bulk job on the disk: `fetch`."""

import os
import time
from pathlib import Path

from rich.console import Console

from starhaul_client.bag import TagSums, Wanted
from starhaul_client.disk import cannot_write, only_one
from starhaul_client.job import completed_job
from starhaul_client.manifest import keep_manifest, summary_of
from starhaul_client.package import Package
from starhaul_client.parts import STATE, Parts
from starhaul_client.progress import Display
from starhaul_client.report import Report
from starhaul_client.session import Session
from starhaul_client.waiting import Patience

CONNECTIONS = 4
PATIENCE_S = 600.0


def fetch(
    url: str,
    into: str | os.PathLike[str] = ".",
    *,
    connections: int = CONNECTIONS,
    unpack: bool = False,
    token: str | None = None,
    progress: bool = True,
    patience_s: float = PATIENCE_S,
) -> Report:
    """Download the bulk job at `url` into the directory `into`, and verify all of it.

    Waits while the job is queued or executing. What an earlier run left is gone on with; what is
    complete is only verified. With `unpack` the files land in one directory below `into`, a BagIt
    bag, and each part is deleted once its files are there. `progress` shows a bar on standard
    error. After `patience_s` seconds without a byte, beside waits the archive asks for, it gives
    up.

    Files that could not be had are in the report's `failures`. FetchError where it cannot go on;
    what is on the disk then stays, and the same call goes on with it.
    """
    began = time.monotonic()
    directory = Path(into)
    console = Console(stderr=True) if progress else None
    session = Session(url, token, connections, Patience(patience_s))
    try:
        with only_one(directory / STATE), Display(console) as display:
            session.patience.tell = display.say
            job = completed_job(session, url, lambda phase: display.phase(f"job is {phase}"))
            manifest = directory / f"{job.name}-manifest.csv"
            keep_manifest(session, job.manifest, manifest, directory / STATE)
            sums = directory / STATE / "manifest-sha256.txt"
            summary = summary_of(manifest, sums)
            package = Package(job.name, Wanted(sums), TagSums(summary.sha256))
            run = Parts(session, job, package, directory, unpack, connections, display)
            run.run()
            report = Report(
                url=job.url,
                directory=directory,
                places=run.places(),
                manifest=manifest,
                files=run.files,
                size=run.size,
                received=display.received,
                seconds=time.monotonic() - began,
                failures=tuple(package.failures),
                absent=summary.absent,
            )
    except OSError as error:
        raise cannot_write(error, Path(error.filename or directory)) from error
    finally:
        session.close()
    return report
