"""The lease of a worker on a job: an attempt number and an expiry.

Whoever changes a running job's phase or results proves the lease in the same transaction, so a
worker that was thought dead, and comes back, changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, func, insert, or_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from schema.tables.uws import job as job_table
from schema.tables.uws import result as result_table
from service.uws.job import ABORTED, COMPLETED, ERROR, EXECUTING, HELD, QUEUED, Result

LEASE_S = 15
RENEWAL_S = 3
ATTEMPTS = 3


class LeaseLost(Exception):
    """The job was aborted, deleted, or given to another worker."""


@dataclass(frozen=True, slots=True)
class Lease:
    """What proves that this worker has the job."""

    job_id: str
    attempt: int


def _held(lease: Lease) -> ColumnElement[bool]:
    return and_(
        job_table.c.id == lease.job_id,
        job_table.c.attempt == lease.attempt,
        job_table.c.phase == EXECUTING,
    )


async def take(connection: AsyncConnection, job_id: str) -> Lease | None:
    """Begin or take over a job; None where it needs nobody: then the message was a second one."""
    now = func.clock_timestamp()
    row = (
        await connection.execute(
            update(job_table)
            .where(
                job_table.c.id == job_id,
                job_table.c.dispatched.is_not(None),
                job_table.c.attempt < ATTEMPTS,
                or_(
                    job_table.c.phase == QUEUED,
                    and_(job_table.c.phase == EXECUTING, job_table.c.lease_expires < now),
                ),
            )
            .values(
                phase=EXECUTING,
                started=func.coalesce(job_table.c.started, now),
                attempt=job_table.c.attempt + 1,
                lease_expires=now + timedelta(seconds=LEASE_S),
                backend_pid=None,
            )
            .returning(job_table.c.attempt)
        )
    ).one_or_none()
    return None if row is None else Lease(job_id, row.attempt)


async def renew(connection: AsyncConnection, lease: Lease) -> None:
    """Hold the job for another LEASE_S seconds; LeaseLost where it is no longer ours."""
    changed = await connection.execute(
        update(job_table)
        .where(_held(lease))
        .values(lease_expires=func.clock_timestamp() + timedelta(seconds=LEASE_S))
    )
    if changed.rowcount != 1:
        raise LeaseLost(lease.job_id)


async def keep_backend(connection: AsyncConnection, lease: Lease, pid: int | None) -> None:
    """Note which PostgreSQL backend ABORT has to cancel; LeaseLost as in `renew`."""
    changed = await connection.execute(
        update(job_table).where(_held(lease)).values(backend_pid=pid)
    )
    if changed.rowcount != 1:
        raise LeaseLost(lease.job_id)


async def tell(connection: AsyncConnection, lease: Lease, progress: str) -> None:
    """Say what the job is at; LeaseLost as in `renew`."""
    changed = await connection.execute(
        update(job_table).where(_held(lease)).values(progress=progress)
    )
    if changed.rowcount != 1:
        raise LeaseLost(lease.job_id)


async def complete(connection: AsyncConnection, lease: Lease, results: Sequence[Result]) -> None:
    """COMPLETED with its results, in the caller's transaction; LeaseLost rolls that back."""
    await _end(connection, lease, COMPLETED, None, None)
    if results:
        await connection.execute(
            insert(result_table),
            [
                {
                    "job_id": lease.job_id,
                    "position": position,
                    "id": result.id,
                    "href": result.href,
                    "media_type": result.media_type,
                    "size": result.size,
                }
                for position, result in enumerate(results)
            ],
        )


async def fail(connection: AsyncConnection, lease: Lease, message: str) -> None:
    """ERROR with a sentence for the user; LeaseLost where the job is no longer ours."""
    await _end(connection, lease, ERROR, "fatal", message)


async def overrun(connection: AsyncConnection, lease: Lease, message: str) -> None:
    """ABORTED because the execution duration is over (UWS 1.1 §2.2.1.4)."""
    await _end(connection, lease, ABORTED, "fatal", message)


async def postpone(connection: AsyncConnection, lease: Lease, seconds: float) -> None:
    """HELD: leave the slot to others and try again, as if for the first time, in `seconds`."""
    await connection.execute(
        update(job_table)
        .where(_held(lease))
        .values(
            phase=HELD,
            attempt=0,
            dispatched=None,
            lease_expires=func.clock_timestamp() + timedelta(seconds=seconds),
        )
    )


async def rest(connection: AsyncConnection, lease: Lease) -> None:
    """Leave the slot to others until all jobs whose parent this is have ended; LeaseLost as in
    `renew`.

    The job stays EXECUTING for whoever watches it, and is then taken up as if for the first time.
    """
    changed = await connection.execute(
        update(job_table)
        .where(_held(lease))
        .values(attempt=0, dispatched=None, lease_expires=None, backend_pid=None)
    )
    if changed.rowcount != 1:
        raise LeaseLost(lease.job_id)


async def _end(
    connection: AsyncConnection,
    lease: Lease,
    phase: str,
    error_type: str | None,
    message: str | None,
) -> None:
    changed = await connection.execute(
        update(job_table)
        .where(_held(lease), job_table.c.lease_expires > func.clock_timestamp())
        .values(
            phase=phase,
            ended=func.clock_timestamp(),
            lease_expires=None,
            backend_pid=None,
            error_type=error_type,
            error_message=message,
        )
    )
    if changed.rowcount != 1:
        raise LeaseLost(lease.job_id)
