"""Bulk jobs as a room of UWS jobs."""

from collections.abc import Mapping
from pathlib import Path

from service.archive import Archive
from service.bulk.damage import is_damaged
from service.bulk.freeze import run_bulk
from service.bulk.page import job_page
from service.bulk.plan import planned
from service.bulk.products import are_products, run_products
from service.bulk.repair import REPAIR, run_repair
from service.bulk.request import bulk_request
from service.bulk.since import completed_package, package_since
from service.bulk.start import start_page
from service.errors import UsageError
from service.pairing.running import PRODUCTS_OF
from service.tasks.broker import BULK
from service.uploads import kept
from service.uws.room import Asked, Room
from service.uws.run import Run

_NAME = "bulk"


async def _run(run: Run) -> None:
    if REPAIR in run.job.parameters:
        await run_repair(run)
    elif PRODUCTS_OF in run.job.parameters:
        await run_products(run)
    else:
        await run_bulk(run)


async def check_bulk(archive: Archive, asked: Asked) -> None:
    """UsageError where the job could not run: a parameter, an upload or the query is wrong."""
    repaired = asked.parameters.single(REPAIR)
    if repaired is not None:
        await _check_repair(archive, repaired, asked.owner)
        return
    if asked.parameters.many(PRODUCTS_OF):
        raise UsageError(
            f"{PRODUCTS_OF} is not for requests: a job at /soda/async packs what it made by itself"
        )
    request = bulk_request(asked.parameters)
    async with (
        kept.kept_files(archive.settings, _NAME, asked.job_id, request.uploads) as before,
        planned(archive, request, before | dict(asked.parameters.files), asked.owner),
    ):
        pass
    if request.since is not None:
        async with archive.database.owner.connect() as connection:
            await package_since(connection, request.since, asked.owner)


async def _check_repair(archive: Archive, job_id: str, owner: str | None) -> None:
    async with archive.database.owner.connect() as connection:
        package = await completed_package(connection, REPAIR, job_id, owner)
        if await are_products(connection, package):
            raise UsageError(
                f"job {job_id} packs what another job made, of which the archive has nothing else; "
                "send the parameters of that job again"
            )
        if not await is_damaged(connection, package):
            raise UsageError(
                f"nothing of job {job_id} is known to be damaged: there is nothing to repair"
            )


async def _keep(archive: Archive, job_id: str, files: Mapping[str, Path]) -> None:
    await kept.keep_files(archive.settings, _NAME, job_id, files)


async def _forget(archive: Archive, job_id: str) -> None:
    """Remove what was uploaded with the job; its package goes with its row."""
    await kept.forget_files(archive.settings, _NAME, job_id)


BULK_ROOM = Room(
    name=_NAME,
    path="/bulk",
    queue=BULK,
    run=_run,
    check=check_bulk,
    keep=_keep,
    accumulating=("UPLOAD",),
    forget=_forget,
    page=job_page,
    start_page=start_page,
    lifetime=30 * 24 * 3600,
    longest_lifetime=365 * 24 * 3600,
)
