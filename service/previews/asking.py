"""Asking for a preview: the first who asks has it drawn, all who ask wait for the same drawing."""

import asyncio
from dataclasses import dataclass

from sqlalchemy import func, select

from schema.tables.uws import job as job_table
from service.archive import Archive
from service.errors import NotFound, TooMany, Unavailable
from service.previews import kept
from service.previews.drawable import Drawable, find_drawable
from service.previews.kept import Known
from service.previews.room import PREVIEW_ROOM
from service.storage.state import RETRY_AFTER_S, FileState
from service.uws import store
from service.uws.job import ABORTED, ERROR, EXECUTING, HELD, QUEUED, Job
from service.uws.jobs import Jobs

_WAIT_S = 20.0
_COME_BACK_S = 5
_MOST_AT_ONCE = 200  # for one client: a backlog of all files would be in everybody's way
# A worker that died of it may have died of something else.
_AGAIN_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class Preview:
    """A preview of one size that lies in the work store."""

    drawable: Drawable
    file: str
    state: FileState


async def preview_of(
    jobs: Jobs, number: str, size: int, principal: str | None, client: str
) -> Preview:
    """The preview of /files/{number}, drawn now where it is not kept.

    NotFound where there is no such file for this principal, or it cannot be drawn; Gone where it is
    no longer there; Unavailable where it takes longer than _WAIT_S, TooMany where this client asks
    for more than can be drawn.
    """
    deadline = asyncio.get_running_loop().time() + _WAIT_S
    while True:
        drawable = await find_drawable(jobs.archive, number, principal)
        known = await _known(jobs, drawable, client)
        if known.kept:
            file = kept.file_of(drawable.key, size)
            state = await kept.store_of_previews(jobs.archive.settings).state(file)
            if state is not None:
                return Preview(drawable, file, state)
            await _forget(jobs.archive, drawable, known)
        elif known.reason is not None:
            raise NotFound(f"there is no preview of {drawable.path}: {known.reason}")
        else:
            await _wait(jobs, drawable, known, deadline)


async def _known(jobs: Jobs, drawable: Drawable, client: str) -> Known:
    """What is known of it; a job that draws it, new where nothing is known."""
    while True:
        async with jobs.archive.database.owner.begin() as connection:
            known = await kept.look_up(connection, drawable.key)
        if known is not None:
            return known
        job_id = await _begin(jobs.archive, drawable, client)
        if job_id is not None:
            await jobs.admit()
            return Known(job_id, kept=False, reason=None)


async def _begin(archive: Archive, drawable: Drawable, client: str) -> str | None:
    """The id of a new job that draws it; None where somebody else was faster.

    TooMany where so much is being drawn for this client already.
    """
    async with archive.database.owner.connect() as connection:
        waiting = await connection.scalar(
            select(func.count()).where(
                job_table.c.queue == PREVIEW_ROOM.queue,
                job_table.c.phase.in_((QUEUED, EXECUTING)),
                job_table.c.client == client,
            )
        )
        if waiting and waiting >= _MOST_AT_ONCE:
            raise TooMany(
                f"{waiting} previews are being drawn for you; ask for more of them then",
                retry_after=_COME_BACK_S,
            )
        parameters = {"FILE": [str(drawable.id)], "KEY": [drawable.key]}
        job_id = await store.create(
            connection, PREVIEW_ROOM, parameters, owner=None, run_id=None, client=client
        )
        if not await kept.claim(connection, drawable.key, job_id):
            return None  # the job goes with the transaction
        await store.queue(connection, job_id)
        await connection.commit()
    return job_id


async def _wait(jobs: Jobs, drawable: Drawable, known: Known, deadline: float) -> None:
    """Return once there is something new to know; Unavailable at the deadline."""
    left = deadline - asyncio.get_running_loop().time()
    if left <= 0:
        raise _later(_COME_BACK_S)
    try:
        job = await jobs.read(PREVIEW_ROOM, known.job_id, None)
        while job.phase in (QUEUED, EXECUTING):
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                raise _later(_COME_BACK_S)
            job = await jobs.wait(PREVIEW_ROOM, job, None, left, job.phase)
    except NotFound:  # destroyed before anybody looked what became of it
        await _forget(jobs.archive, drawable, known)
        return
    await _settle(jobs, drawable, known, job)


async def _settle(jobs: Jobs, drawable: Drawable, known: Known, job: Job) -> None:
    """Note what became of a job that did not note it itself."""
    if job.phase == HELD:
        raise _later(RETRY_AFTER_S)
    if job.phase in (ERROR, ABORTED):
        reason = job.error_message or "its drawing was broken off"
        async with jobs.archive.database.owner.begin() as connection:
            await kept.refuse(connection, drawable.key, reason, _AGAIN_S)


async def _forget(archive: Archive, drawable: Drawable, known: Known) -> None:
    async with archive.database.owner.begin() as connection:
        await kept.forget(connection, drawable.key, known.job_id)


def _later(seconds: int) -> Unavailable:
    return Unavailable(
        "the preview is still being drawn; the request can be sent again", retry_after=seconds
    )
