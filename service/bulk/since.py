"""SINCE: the package of an earlier job, whose files a new one leaves out while they are so."""

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from schema.tables.bulk import package
from schema.tables.uws import job
from service.errors import UsageError
from service.uws.job import COMPLETED


async def package_since(connection: AsyncConnection, job_id: str, owner: str | None) -> int:
    """The package of a completed bulk job of this principal; UsageError where there is none."""
    found = await connection.execute(
        select(job.c.phase, package.c.id)
        .outerjoin(package, package.c.job_id == job.c.id)
        .where(
            job.c.id == job_id,
            job.c.room == "bulk",
            or_(job.c.owner.is_(None), job.c.owner == owner),
        )
    )
    row = found.one_or_none()
    if row is None:
        raise UsageError(
            f"SINCE: there is no job {job_id} at /bulk; it was deleted, its destruction time has "
            "passed, or it belongs to somebody else"
        )
    if row.phase != COMPLETED:
        raise UsageError(f"SINCE: job {job_id} is {row.phase}; give one that is {COMPLETED}")
    return int(row.id)
