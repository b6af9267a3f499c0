"""Cutouts as a room of UWS jobs."""

from collections.abc import Mapping
from pathlib import Path

from service.archive import Archive
from service.pairing.room import UPLOAD, check_pairing, is_pairing
from service.pairing.running import run_pairing
from service.soda.errors import job_error
from service.soda.jobs import checked_request, run_cutouts
from service.soda.staged import NAME
from service.tasks.broker import BULK
from service.uploads.kept import forget_files, keep_files
from service.uws.room import Asked, Room
from service.uws.run import Run


async def _run(run: Run) -> None:
    await (run_pairing(run) if is_pairing(run.job.parameters) else run_cutouts(run))


async def _check(archive: Archive, asked: Asked) -> None:
    """UsageError where a parameter or a table is wrong, TooLarge where there are too many
    combinations."""
    if is_pairing(asked.parameters.values):
        await check_pairing(archive, asked, NAME)
        return
    checked_request(asked.parameters, archive.settings)


async def _keep(archive: Archive, job_id: str, files: Mapping[str, Path]) -> None:
    await keep_files(archive.settings, NAME, job_id, files)


async def _forget(archive: Archive, job_id: str) -> None:
    """Remove the results, and what was uploaded."""
    await forget_files(archive.settings, NAME, job_id)


SODA_ROOM = Room(
    name=NAME,
    path="/soda/async",
    queue=BULK,
    run=_run,
    check=_check,
    keep=_keep,
    accumulating=(UPLOAD,),
    forget=_forget,
    error=job_error,
    execution_duration=24 * 3600,
)
