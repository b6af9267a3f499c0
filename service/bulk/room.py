"""Bulk jobs as a room of UWS jobs."""

from service.archive import Archive
from service.bulk.freeze import run_bulk
from service.bulk.page import job_page
from service.bulk.request import bulk_request, selecting
from service.tasks.broker import BULK
from service.uws.room import Asked, Room


async def check_bulk(archive: Archive, asked: Asked) -> None:
    """UsageError where the job could not run: parameters or query are wrong."""
    request = bulk_request(asked.parameters)
    if request.query is not None:
        await selecting(request.query, request.language, await archive.catalogue.get())


BULK_ROOM = Room(
    name="bulk",
    path="/bulk",
    queue=BULK,
    run=run_bulk,
    check=check_bulk,
    page=job_page,
    lifetime=30 * 24 * 3600,
    longest_lifetime=365 * 24 * 3600,
)
