"""A package as those who serve it see it: its row, its layout, what was found damaged."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from schema.tables.archive import collection
from schema.tables.bulk import damage as damage_table
from schema.tables.bulk import package as package_table
from service.archive import Archive
from service.bulk import layout_cache
from service.bulk.bag import Package
from service.bulk.layout import Layout
from service.bulk.layout_cache import LayoutCache
from service.bulk.part import DamagedMember, Part
from service.errors import Gone, NotFound, StarhaulError
from service.storage.ranges import Span
from service.storage.store import Store, store_of
from service.uws.job import COMPLETED, Job


@dataclass(frozen=True, slots=True)
class FrozenPackage:
    """A package that can be served. `damage` is what was found, by the member's number."""

    id: int
    name: str
    digest: str
    frozen: datetime
    layout: Layout
    stores: dict[int, Store]
    damage: dict[int, str]

    def part(self, number: int) -> Part:
        """One part; `number` counts from 1."""
        return Part(self.layout, number, self.stores)

    def refusal(self, part: Part) -> Callable[[Span], None]:
        """A check that refuses a span that touches a damaged member: Gone."""

        def check(span: Span) -> None:
            if not self.damage or span.stop <= part.plan.prologue:
                return
            for member in part.members(span):
                if member.seq in self.damage:
                    raise Gone(
                        f"bytes {member.start}-{member.contents + member.size - 1} of this part "
                        f"cannot be had any more: {self.damage[member.seq]}. Other ranges still "
                        "work; a new job with the same query packs what the archive has now"
                    )

        return check


async def package_id(archive: Archive, job: Job) -> int:
    """The package of a completed job; NotFound where it has none yet."""
    if job.phase != COMPLETED:
        raise NotFound(f"job {job.id} is {job.phase}; its results exist once it is {COMPLETED}")
    async with archive.database.owner.connect() as connection:
        found = await connection.scalar(
            select(package_table.c.id).where(package_table.c.job_id == job.id)
        )
    if found is None:
        raise NotFound(f"job {job.id} has no package")
    return int(found)


async def open_package(archive: Archive, cache: LayoutCache, job: Job) -> FrozenPackage:
    """The package of a completed job, its layout built on this host where it is not there."""
    identity = await package_id(archive, job)
    async with archive.database.owner.connect() as connection:
        row = (
            await connection.execute(select(package_table).where(package_table.c.id == identity))
        ).one()
        found = await connection.execute(
            select(damage_table.c.seq, damage_table.c.reason).where(
                damage_table.c.package_id == identity
            )
        )
        damage = {each.seq: each.reason for each in found}
        roots = await connection.execute(select(collection.c.id, collection.c.root))
        stores = {each.id: store_of(each.root) for each in roots}
    layout = cache.find(row.digest)
    if layout is None:
        frozen = int(row.frozen.timestamp())
        package = Package(row.name, job.id, frozen, row.format, row.part_size)
        async with archive.database.owner_copy.acquire() as copying:
            layout = await layout_cache.build(copying, cache.directory, identity, package)
    return FrozenPackage(identity, row.name, row.digest, row.frozen, layout, stores, damage)


async def record_damage(archive: Archive, identity: int, error: StarhaulError) -> None:
    """Keep what was found, once for each member; what passes by itself is not kept."""
    if not isinstance(error, DamagedMember):
        return
    async with archive.database.owner.begin() as connection:
        await connection.execute(
            insert(damage_table)
            .values(package_id=identity, seq=error.seq, reason=error.message)
            .on_conflict_do_nothing()
        )
