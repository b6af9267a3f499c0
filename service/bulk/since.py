"""SINCE and REPAIR: the package of an earlier job, which a new one begins from."""

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from schema.tables.bulk import package
from schema.tables.uws import job
from service.errors import UsageError
from service.uws.job import COMPLETED


async def package_since(connection: AsyncConnection, job_id: str, owner: str | None) -> int:
    """The package whose files are left out while they are so; fails as `completed_package` does."""
    return await completed_package(connection, "SINCE", job_id, owner)


async def completed_package(
    connection: AsyncConnection, parameter: str, job_id: str, owner: str | None
) -> int:
    """The package of a completed bulk job of this principal, which a parameter names.

    UsageError where there is none.
    """
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
            f"{parameter}: there is no job {job_id} at /bulk; it was deleted, its destruction time "
            "has passed, or it belongs to somebody else"
        )
    if row.phase != COMPLETED:
        raise UsageError(f"{parameter}: job {job_id} is {row.phase}; give one that is {COMPLETED}")
    return int(row.id)
