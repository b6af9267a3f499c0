"""A successor of a job whose files were found damaged, in which all other parts keep their bytes.

A part with such a file is made again, with what the archive holds of it now or without it. Part 1
brings the tag files: where it is kept, a last part brings the renewed ones, which overwrite those
of part 1 when the parts are unpacked in order (docs/decisions/0010).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Row, Table, bindparam, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from schema.tables.bulk import member as member_table
from schema.tables.bulk import package as package_table
from schema.tables.bulk import superseded as superseded_table
from schema.tables.bulk import unchanged as unchanged_table
from service.bulk import layout_cache
from service.bulk.bag import MANIFEST, Package, Revision, Run
from service.bulk.cache import directory_of
from service.bulk.hashing import Hashing, request_hashes
from service.bulk.layout import Layout, PartPlan
from service.bulk.layout_cache import LayoutCache
from service.bulk.package import FrozenPackage, open_numbered
from service.bulk.records import keep_parts, keep_revisions, part_hashes, runs_of
from service.bulk.renewal import Renewal, renewals
from service.bulk.results import results_of
from service.bulk.selection import driver_of
from service.bulk.since import completed_package
from service.uws.run import Run as JobRun

REPAIR = "REPAIR"


async def run_repair(run: JobRun) -> None:
    """Make the successor and complete the job, in one transaction."""
    archive = run.archive
    (original,) = run.job.parameters[REPAIR]
    async with archive.database.owner.connect() as connection:
        old_id = await completed_package(connection, REPAIR, original, run.job.owner)
    cache = LayoutCache(directory_of(archive.settings))
    old = await open_numbered(archive, cache, old_id)
    renewed = await renewals(archive, old, run.job.owner)
    async with archive.database.owner.begin() as connection:
        row = await _copy(connection, run, old, renewed)
        package = _plan(old, row, {each.seq for each in renewed if each.changes_bytes})
        await keep_revisions(connection, row.id, package.earlier)
        driver = await driver_of(connection)
        layout = await layout_cache.build(driver, archive.settings, row.id, package)
        _check_kept(old.layout, layout)
        await connection.execute(
            update(package_table).where(package_table.c.id == row.id).values(digest=layout.digest)
        )
        hashes = await part_hashes(connection, old_id)
        known = {old.layout.parts[number - 1].digest: each for number, each in hashes.items()}
        unknown = await keep_parts(connection, row.id, layout, known)
        hashing = Hashing(row.id, layout, unknown, run.job.owner)
        await request_hashes(connection, archive.settings, hashing)
        await run.complete(connection, results_of(layout))


async def _copy(
    connection: AsyncConnection, run: JobRun, old: FrozenPackage, renewed: Sequence[Renewal]
) -> Row[Any]:
    """The row of the new package, its members written as they are now."""
    before = (
        await connection.execute(select(package_table).where(package_table.c.id == old.id))
    ).one()
    changed = [each for each in renewed if each.changes_bytes]
    values = {
        "job_id": run.job.id,
        "name": before.name,
        "part_size": before.part_size,
        "format": before.format,
        "revision": before.revision + bool(changed),
        "digest": "",
    }
    if not changed:
        values["frozen"] = before.frozen
    made = await connection.execute(insert(package_table).values(values).returning(package_table))
    row: Row[Any] = made.one()
    for table in (member_table, superseded_table, unchanged_table):
        await _copy_rows(connection, table, old.id, row.id)
    if renewed:
        columns = renewed[0].values
        await connection.execute(
            update(member_table)
            .where(member_table.c.package_id == row.id, member_table.c.seq == bindparam("of_seq"))
            .values({name: bindparam(f"new_{name}") for name in columns}),
            [
                {"of_seq": each.seq, **{f"new_{n}": value for n, value in each.values.items()}}
                for each in renewed
            ],
        )
    if changed:
        await connection.execute(
            insert(superseded_table),
            [
                {
                    "package_id": row.id,
                    "seq": each.seq,
                    "until": row.revision,
                    "path": each.path,
                    "sha256": each.sha256,
                }
                for each in changed
            ],
        )
    return row


async def _copy_rows(connection: AsyncConnection, table: Table, old: int, new: int) -> None:
    others = [column for column in table.c if column.name != "package_id"]
    rows = select(literal(new), *others).where(table.c.package_id == old)
    names = ["package_id", *(column.name for column in others)]
    await connection.execute(insert(table).from_select(names, rows))


def _plan(old: FrozenPackage, row: Row[Any], changed: set[int]) -> Package:
    """What each part of the successor has, and the revisions of those that are kept."""
    before = runs_of(old.layout)
    runs = [
        replace(run, revision=row.revision)
        if any(run.first <= seq < run.stop for seq in changed)
        else run
        for run in before
    ]
    kept = [
        part
        for part, run, now in zip(old.layout.parts, before, runs, strict=True)
        if run.revision == now.revision
    ]
    carriers = [n for n, part in enumerate(old.layout.parts) if _carries_tags(part)]
    if changed and runs[carriers[-1]].revision != row.revision:
        runs.append(Run(runs[-1].stop, runs[-1].stop, row.revision))
    return Package(
        name=row.name,
        job_id=row.job_id,
        frozen=int(row.frozen.timestamp()),
        form=row.format,
        part_size=row.part_size,
        revision=row.revision,
        runs=tuple(runs),
        earlier=tuple(_revisions(kept).values()),
    )


def _carries_tags(part: PartPlan) -> bool:
    return any(file.name == MANIFEST for file in part.files)


def _revisions(kept: Sequence[PartPlan]) -> Mapping[int, Revision]:
    """The revisions that made these parts, with the tag files that one of them carries."""
    revisions: dict[int, Revision] = {}
    for part in kept:
        revision = revisions.get(part.revision) or Revision(part.revision, part.frozen, {})
        if _carries_tags(part):
            texts = {file.name: file.text for file in part.files if file.text}
            revision = replace(revision, tags=texts)
        revisions[part.revision] = revision
    return revisions


def _check_kept(old: Layout, new: Layout) -> None:
    """Nothing may be promised for bytes that are others."""
    for before, now in zip(old.parts, new.parts, strict=False):
        if before.revision == now.revision and before.digest != now.digest:
            raise RuntimeError(f"a part of {new.name} that was to be kept has other bytes")
