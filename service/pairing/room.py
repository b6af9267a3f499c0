"""What a room of jobs does with those that bring a table of cutouts."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Row, func, select

from schema.tables.archive import dataset
from schema.tables.pairing import pairing as pairing_table
from service.archive import Archive
from service.errors import NotFound, UsageError
from service.pairing.columns import columns_of
from service.pairing.naming_columns import name_sql
from service.pairing.request import pairing_request
from service.principal import act_as
from service.uploads import kept
from service.uploads.session import opened_uploads
from service.uws.job import COMPLETED, Job
from service.uws.room import Asked

UPLOAD = "UPLOAD"
_SHOWN = 10


def is_pairing(parameters: Mapping[str, object]) -> bool:
    """Whether a job has a table of what is to be cut."""
    return bool(parameters.get(UPLOAD))


async def check_pairing(archive: Archive, asked: Asked, room: str) -> None:
    """UsageError where a job of the room could not run: a parameter is wrong, or the table."""
    request = pairing_request(asked.parameters)
    name_sql(request.naming)
    await _check_collections(archive, request.collections, asked.owner)
    uploads = (request.upload,)
    async with kept.kept_files(archive.settings, room, asked.job_id, uploads) as before:
        files = before | dict(asked.parameters.files)
        async with opened_uploads(uploads, files, archive.settings, asked.owner) as opened:
            (table,) = opened.tables
            columns_of(table, sized=request.size is not None)


async def _check_collections(
    archive: Archive, collections: tuple[str, ...], principal: str | None
) -> None:
    if not collections:
        return
    query = (
        select(dataset.c.obs_collection)
        .where(dataset.c.present, func.starhaul.may_read(dataset.c.readable_by))
        .distinct()
    )
    async with archive.database.owner.connect() as connection:
        await act_as(connection, principal)
        known = {str(name).lower(): str(name) for name in await connection.scalars(query)}
    for name in collections:
        if name.lower() not in known:
            near = difflib.get_close_matches(name.lower(), known, 1, 0.6)
            hint = f"did you mean {known[near[0]]}?" if near else f"use {_some(known.values())}"
            raise UsageError(
                f"COLLECTION={name[:60]!r}: the archive has no such collection; {hint}"
            )


def _some(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)[:_SHOWN])


async def pairing_of(archive: Archive, job: Job) -> Row[Any]:
    """The row of a completed job; NotFound where it has none yet."""
    if job.phase != COMPLETED:
        reason = f": {job.error_message}" if job.error_message else ""
        raise NotFound(
            f"job {job.id} is {job.phase}{reason}; its results exist once it is {COMPLETED}"
        )
    query = select(pairing_table).where(pairing_table.c.job_id == job.id)
    async with archive.database.owner.connect() as connection:
        row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFound(f"job {job.id} has no table of statuses: it was sent without UPLOAD")
    return row
