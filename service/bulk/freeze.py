"""Freezing a selection: one statement under one snapshot, then arithmetic (DESIGN §7)."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from sqlalchemy import insert, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from schema.tables.bulk import package as package_table
from service.archive import Archive
from service.bulk import layout_cache
from service.bulk.bag import Package
from service.bulk.hashing import Hashing, request_hashes
from service.bulk.layout import Layout
from service.bulk.plan import Plan, planned
from service.bulk.records import keep_parts
from service.bulk.request import bulk_request
from service.bulk.results import results_of
from service.bulk.selection import check_members, driver_of, rows_so_far, select_rows, selecting_for
from service.bulk.since import package_since
from service.bulk.statement import Statement, freezing
from service.parameters import Parameters
from service.uploads.kept import kept_files
from service.uws.run import Run, Say

_TELL_S = 1.0


async def run_bulk(run: Run) -> None:
    """Freeze what the job asked for and complete the job, in one transaction."""
    archive, job = run.archive, run.job
    parameters = Parameters({name: tuple(v) for name, v in job.parameters.items()})
    request = bulk_request(parameters)
    async with (
        kept_files(archive.settings, job.room, job.id, request.uploads) as files,
        planned(archive, request, files, job.owner) as (plan, uploads),
        run.progress() as say,
        archive.database.owner.begin() as connection,
    ):
        await selecting_for(connection, job.owner)
        since = None
        if request.since is not None:
            since = await package_since(connection, request.since, job.owner)
        async with _telling_rows(archive, connection, say):
            await select_rows(archive, connection, plan, uploads, run.cancellable)
        layout = await _freeze(run, connection, plan, since, say)
        await run.complete(connection, results_of(layout))


@contextlib.asynccontextmanager
async def _telling_rows(
    archive: Archive, connection: AsyncConnection, say: Say
) -> AsyncIterator[None]:
    """Say how many rows have come while the block waits for them."""
    pid = (await driver_of(connection)).get_server_pid()

    async def tell() -> None:
        while True:
            async with archive.database.owner.connect() as other:
                say(f"Reading the selection: {await rows_so_far(other, pid):,} rows")
            await asyncio.sleep(_TELL_S)

    telling = asyncio.create_task(tell())
    try:
        yield
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)


async def _freeze(
    run: Run, connection: AsyncConnection, plan: Plan, since: int | None, say: Say
) -> Layout:
    packing = Packing(plan.request.form, plan.request.part_size)
    return await freeze_members(run, connection, packing, freezing(plan, since), say)


@dataclass(frozen=True, slots=True)
class Packing:
    """How members are packed: the name of a form, bytes of a part. `products_of` is the job that
    made them, None for files of publishers."""

    form: str
    part_size: int
    products_of: str | None = None


async def freeze_members(
    run: Run, connection: AsyncConnection, packing: Packing, statement: Statement, say: Say
) -> Layout:
    """Freeze the members that a statement writes, arrange them in parts, keep the package."""
    settings = run.archive.settings
    name = f"starhaul-{run.job.id[:8]}"
    row = (
        await connection.execute(
            insert(package_table)
            .values(
                job_id=run.job.id,
                name=name,
                part_size=packing.part_size,
                format=packing.form,
                digest="",
                products_of=packing.products_of,
            )
            .returning(package_table.c.id, package_table.c.frozen)
        )
    ).one()
    say("Freezing names, sizes and checksums")
    frozen = await connection.execute(
        text(statement.sql), {**statement.values, "package_id": row.id}
    )
    check_members(frozen.rowcount, settings)
    say(f"Arranging {frozen.rowcount:,} files in parts")
    frozen_at = int(row.frozen.timestamp())
    package = Package(name, run.job.id, frozen_at, packing.form, packing.part_size)
    layout = await layout_cache.build(await driver_of(connection), settings, row.id, package)
    await connection.execute(
        update(package_table).where(package_table.c.id == row.id).values(digest=layout.digest)
    )
    unknown = await keep_parts(connection, row.id, layout, {})
    hashing = Hashing(row.id, layout, unknown, run.job.owner)
    await request_hashes(connection, settings, hashing)
    return layout
