"""A package as those who serve it see it: its row, its layout, what was found damaged."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from schema.tables.archive import collection
from schema.tables.bulk import package as package_table
from schema.tables.uws import job as job_table
from service.archive import Archive
from service.bulk import layout_cache
from service.bulk.layout import Layout
from service.bulk.layout_cache import LayoutCache
from service.bulk.part import Part
from service.bulk.records import frozen_before, specification
from service.config import Settings
from service.errors import Gone, NotFound
from service.storage.store import PACKED, Store, store_of
from service.uws.job import COMPLETED, Job

# The collection of members that jobs made: no publisher's, whose numbers begin at 1.
PRODUCTS = 0


@dataclass(frozen=True, slots=True)
class FrozenPackage:
    """A package that can be served."""

    id: int
    name: str
    digest: str
    frozen: datetime
    layout: Layout
    stores: dict[int, Store]

    def part(self, number: int, *, hashing: bool = False) -> Part:
        """One part; `number` counts from 1. `hashing`: files are hashed before they are sent."""
        return Part(self.layout, number, self.stores, hashing)


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
    return await open_numbered(archive, cache, await package_id(archive, job))


async def open_numbered(archive: Archive, cache: LayoutCache, identity: int) -> FrozenPackage:
    """The package with this id; NotFound where there is none (any more), Gone where its members
    were products of a job that is no more."""
    async with archive.database.owner.connect() as connection:
        row = (
            await connection.execute(select(package_table).where(package_table.c.id == identity))
        ).one_or_none()
        if row is None:
            raise NotFound("the package was deleted with its job")
        if row.products_of is None:
            stores = await stores_of(connection)
        else:
            await check_made(connection, row.products_of)
            stores = {PRODUCTS: products_store(archive.settings)}
    layout = await cache.get(row.digest, partial(_build, archive, row))
    return FrozenPackage(identity, row.name, row.digest, row.frozen, layout, stores)


async def stores_of(connection: AsyncConnection) -> dict[int, Store]:
    """The stores of publishers' files by their collections."""
    roots = await connection.execute(select(collection.c.id, collection.c.root))
    return {each.id: store_of(each.root) for each in roots}


def products_store(settings: Settings) -> Store:
    """Where jobs keep what they made."""
    return store_of(PACKED + settings.work_store_url)


async def check_made(connection: AsyncConnection, job_id: str) -> None:
    """Gone where the job that made a package's members was deleted, and they with it."""
    if await connection.scalar(select(job_table.c.id).where(job_table.c.id == job_id)) is None:
        raise Gone(
            f"what this package holds was made by job {job_id} and was removed with it; send the "
            "parameters of that job again to have it made anew"
        )


async def _build(archive: Archive, row: Row[Any]) -> Layout:
    """The layout, made again; Gone where it would not be the one that was frozen."""
    async with archive.database.owner.connect() as connection:
        package = await specification(connection, row)
    async with archive.database.owner_copy.acquire() as copying:
        layout = await layout_cache.build(copying, archive.settings, row.id, package)
    if layout.digest != row.digest:
        raise frozen_before()
    return layout
