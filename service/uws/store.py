"""Jobs in PostgreSQL: one function a statement. Leases and admission have modules of their own."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from schema.tables.uws import job as job_table
from schema.tables.uws import result as result_table
from service.errors import NotFound
from service.uws.job import (
    ABORTED,
    EXECUTING,
    FINISHED,
    HELD,
    PENDING,
    QUEUED,
    Job,
    Result,
)
from service.uws.room import Room


async def create(
    connection: AsyncConnection,
    room: Room,
    parameters: Mapping[str, Sequence[str]],
    *,
    owner: str | None,
    run_id: str | None,
    client: str | None = None,
) -> str:
    """Write a PENDING job and return its id, 128 random bits. `client` is whose turn the job of an
    anonymous user is."""
    job_id = secrets.token_hex(16)
    await connection.execute(
        insert(job_table).values(
            id=job_id,
            room=room.name,
            queue=room.queue,
            owner=owner,
            client=client if owner is None else None,
            run_id=run_id,
            parameters=dict(parameters),
            execution_duration=room.execution_duration,
            destruction=func.now() + timedelta(seconds=room.lifetime),
        )
    )
    return job_id


async def create_queued(
    connection: AsyncConnection,
    room: Room,
    parameters: Sequence[Mapping[str, Sequence[str]]],
    *,
    owner: str | None,
    parent: str | None = None,
) -> list[str]:
    """Write QUEUED jobs, one for each set of parameters; they wait in this order. Their ids.

    Those with a parent take its turn, and are deleted with it.
    """
    now = datetime.now(UTC)
    client = await connection.scalar(select(job_table.c.client).where(job_table.c.id == parent))
    rows: list[dict[str, Any]] = [
        {
            "id": secrets.token_hex(16),
            "room": room.name,
            "queue": room.queue,
            "owner": owner,
            "client": client,
            "parent": parent,
            "parameters": dict(values),
            "phase": QUEUED,
            "queued": now + timedelta(microseconds=place),
            "execution_duration": room.execution_duration,
            "destruction": now + timedelta(seconds=room.lifetime),
        }
        for place, values in enumerate(parameters)
    ]
    if rows:
        await connection.execute(insert(job_table), rows)
    return [row["id"] for row in rows]


def _job(row: Row[Any], results: Sequence[Row[Any]]) -> Job:
    return Job(
        id=row.id,
        room=row.room,
        queue=row.queue,
        owner=row.owner,
        run_id=row.run_id,
        phase=row.phase,
        parameters=row.parameters,
        created=row.created,
        started=row.started,
        ended=row.ended,
        execution_duration=row.execution_duration,
        destruction=row.destruction,
        attempt=row.attempt,
        error_type=row.error_type,
        error_message=row.error_message,
        progress=row.progress,
        results=tuple(Result(r.id, r.href, r.media_type, r.size) for r in results),
    )


def missing(room: Room, job_id: str) -> NotFound:
    """No such job, or not this principal's, which is the same to whoever asks."""
    return NotFound(
        f"there is no job {job_id} at {room.path}; it was deleted, its destruction time has passed,"
        " or it belongs to somebody else"
    )


async def read(connection: AsyncConnection, room: Room, job_id: str, owner: str | None) -> Job:
    """A job with its results; NotFound where there is none of this room and principal."""
    found = await connection.execute(
        select(job_table).where(
            job_table.c.id == job_id,
            job_table.c.room == room.name,
            or_(job_table.c.owner.is_(None), job_table.c.owner == owner),
        )
    )
    row = found.one_or_none()
    if row is None:
        raise missing(room, job_id)
    results = await connection.execute(
        select(result_table)
        .where(result_table.c.job_id == job_id)
        .order_by(result_table.c.position)
    )
    return _job(row, results.all())


async def read_room(connection: AsyncConnection, job_id: str) -> tuple[str, str | None] | None:
    """The room and the owner of a job, None where it is gone: for workers, who serve everybody."""
    found = await connection.execute(
        select(job_table.c.room, job_table.c.owner).where(job_table.c.id == job_id)
    )
    row = found.one_or_none()
    return None if row is None else (row.room, row.owner)


async def list_jobs(
    connection: AsyncConnection,
    room: Room,
    owner: str | None,
    *,
    phases: Sequence[str] = (),
    after: datetime | None = None,
    last: int | None = None,
) -> list[Job]:
    """A principal's jobs, newest first (UWS 1.1 §2.2.2.1); anonymous ones are never listed."""
    if owner is None:
        return []
    query = select(job_table).where(job_table.c.room == room.name, job_table.c.owner == owner)
    if phases:
        query = query.where(job_table.c.phase.in_(phases))
    if after is not None:
        query = query.where(job_table.c.created > after)
    query = query.order_by(job_table.c.created.desc()).limit(last)
    return [_job(row, ()) for row in await connection.execute(query)]


async def queue(connection: AsyncConnection, job_id: str) -> bool:
    """PHASE=RUN: PENDING becomes QUEUED; False where the job was in another phase."""
    changed = await connection.execute(
        update(job_table)
        .where(job_table.c.id == job_id, job_table.c.phase.in_((PENDING, HELD)))
        .values(phase=QUEUED, queued=func.now())
    )
    return changed.rowcount == 1


async def abort(connection: AsyncConnection, job_id: str) -> bool:
    """PHASE=ABORT: end the job, the jobs it waits for, and their queries in PostgreSQL; False where
    all had ended before."""
    changed = await connection.execute(
        update(job_table)
        .where(
            or_(job_table.c.id == job_id, job_table.c.parent == job_id),
            job_table.c.phase.in_((PENDING, QUEUED, EXECUTING, HELD)),
        )
        .values(phase=ABORTED, ended=func.now())
        .returning(func.pg_cancel_backend(job_table.c.backend_pid))
    )
    return len(changed.all()) > 0


async def set_times(
    connection: AsyncConnection,
    job_id: str,
    *,
    execution_duration: int | None = None,
    destruction: datetime | None = None,
) -> None:
    """Change how long a job may run or live."""
    values: dict[str, object] = {}
    if execution_duration is not None:
        values["execution_duration"] = execution_duration
    if destruction is not None:
        values["destruction"] = destruction
    await connection.execute(update(job_table).where(job_table.c.id == job_id).values(**values))


async def set_parameters(
    connection: AsyncConnection, job_id: str, parameters: Mapping[str, Sequence[str]]
) -> bool:
    """Replace the parameters of a PENDING job; False where it has started."""
    changed = await connection.execute(
        update(job_table)
        .where(job_table.c.id == job_id, job_table.c.phase == PENDING)
        .values(parameters=dict(parameters))
    )
    return changed.rowcount == 1


async def remove(connection: AsyncConnection, job_id: str) -> None:
    """Delete a job with everything in the database that belongs to it; its query is cancelled."""
    await connection.execute(
        select(func.pg_cancel_backend(job_table.c.backend_pid)).where(
            job_table.c.id == job_id, job_table.c.phase.not_in(FINISHED)
        )
    )
    await connection.execute(delete(job_table).where(job_table.c.id == job_id))
