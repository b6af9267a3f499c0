"""Cutouts as a room of UWS jobs."""

from service.archive import Archive
from service.errors import UsageError
from service.soda.jobs import checked_request, run_cutouts
from service.soda.staged import NAME
from service.tasks.broker import BULK
from service.uploads.kept import forget_files
from service.uws.room import Asked, Room
from service.uws.run import Run


async def _run(run: Run) -> None:
    await run_cutouts(run)


async def _check(archive: Archive, asked: Asked) -> None:
    """UsageError where a parameter is wrong, TooLarge where there are too many combinations."""
    if asked.parameters.many("UPLOAD"):
        raise UsageError("/soda/async takes no UPLOAD; repeat its parameters instead")
    checked_request(asked.parameters, archive.settings)


async def _forget(archive: Archive, job_id: str) -> None:
    """Remove the results."""
    await forget_files(archive.settings, NAME, job_id)


SODA_ROOM = Room(
    name=NAME,
    path="/soda/async",
    queue=BULK,
    run=_run,
    check=_check,
    forget=_forget,
)
