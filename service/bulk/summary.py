"""What a package holds, in a few numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from schema.tables.bulk import damage, member, package
from service.archive import Archive
from service.bulk.records import part_sums


@dataclass(frozen=True, slots=True)
class Summary:
    """`files` of `octets` bytes are packed; `absent` counts the rows without a file by status;
    `damaged` files were found changed or lost since. `sums` are the SHA-256 of parts by number, as
    far as they have been computed."""

    frozen: datetime
    files: int
    octets: int
    absent: Mapping[str, int]
    damaged: int
    sums: Mapping[int, bytes]


async def summary_of(archive: Archive, job_id: str) -> Summary | None:
    """The numbers of a job's package; None where it has none yet."""
    async with archive.database.owner.connect() as connection:
        found = await connection.execute(select(package).where(package.c.job_id == job_id))
        row = found.one_or_none()
        if row is None:
            return None
        counted = await connection.execute(
            select(member.c.status, func.count(), func.coalesce(func.sum(member.c.size), 0))
            .where(member.c.package_id == row.id)
            .group_by(member.c.status)
        )
        counts = {status: (files, int(octets)) for status, files, octets in counted}
        damaged = await connection.scalar(
            select(func.count()).select_from(damage).where(damage.c.package_id == row.id)
        )
        sums = await part_sums(connection, row.id)
    files, octets = counts.pop("ok", (0, 0))
    absent = {status: count for status, (count, _) in sorted(counts.items())}
    return Summary(row.frozen, files, octets, absent, damaged or 0, sums)
