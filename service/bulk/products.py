"""Packages of what other jobs made: members are spans of packs in the work store.

Their checksums were taken when they were made; nothing is read to freeze them.
"""

from datetime import UTC, datetime
from pathlib import PurePosixPath

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from schema.tables.bulk import member, package
from schema.tables.pairing import pairing
from service.archive import Archive
from service.bulk.freeze import Packing, freeze_members
from service.bulk.names import naming_steps
from service.bulk.package import PRODUCTS, check_made, products_store
from service.bulk.part_size import part_size
from service.bulk.request import FORMATS
from service.bulk.results import results_of
from service.bulk.selection import selecting_for
from service.bulk.statement import Statement
from service.errors import NotFound
from service.pairing.running import PRODUCTS_OF
from service.parameters import Parameters
from service.storage.digests import repr_digest
from service.storage.ranges import Version
from service.storage.sending import Content
from service.storage.single import file_buffers
from service.storage.state import FileState
from service.uws.run import Run

_LARGEST_SEQ = 2**31 - 1

# A table of its own, which PostgreSQL counts before it decides how to tell names apart. The number
# of the pairing is compared in each table by itself, as the counts of its rows are kept.
_MADE = """
CREATE TEMPORARY TABLE made ON COMMIT DROP AS
    SELECT row_number() OVER (ORDER BY outcome.row, outcome.holding_id) AS id, outcome.*,
        coalesce(label, wanted.dataset, wanted.ra || ' ' || wanted.dec) AS asked,
        coalesce(dataset.obs_publisher_did, wanted.dataset) AS obs_publisher_did,
        CASE WHEN outcome.size IS NOT NULL THEN cut.name END AS wanted,
        task.pack, task.size AS pack_size, mtime_ns, ctime_ns, inode, etag
    FROM pairing.outcome
    JOIN pairing.wanted ON wanted.row = outcome.row AND wanted.pairing_id = {pairing_id}
    LEFT JOIN pairing.task ON task.number = outcome.task AND task.pairing_id = {pairing_id}
    LEFT JOIN pairing.cut ON cut.task = outcome.task AND cut.holding_id = outcome.holding_id
         AND cut.row = outcome.row AND cut.pairing_id = {pairing_id}
    LEFT JOIN archive.dataset ON dataset.id = cut.dataset_id
    WHERE outcome.pairing_id = {pairing_id}
"""
_KEPT = """id, row, asked, obs_publisher_did, status, error, task, position, pack, pack_size, size,
    mtime_ns, ctime_ns, inode, etag, sha256, crc32"""
# In the order of the packs: whoever sends a part reads each of them from its beginning to its end.
_MEMBERS = """
INSERT INTO bulk.member (package_id, seq, source_row, asked, obs_publisher_did, status, error,
    collection_id, source_path, path, content_type, size, mtime_ns, ctime_ns, inode, etag, sha256,
    crc32)
SELECT :package_id, row_number() OVER (ORDER BY task, position, id) - 1, row, asked,
    obs_publisher_did, CASE WHEN size IS NULL THEN status ELSE 'ok' END, error,
    CASE WHEN size IS NOT NULL THEN CAST(:products AS integer) END,
    pack || ':' || position || ':' || pack_size, name,
    CASE WHEN size IS NOT NULL THEN 'application/fits' END, size, mtime_ns, ctime_ns, inode,
    coalesce(etag, ''), sha256, crc32
FROM named_files
"""


async def run_products(run: Run) -> None:
    """Freeze what a job made and complete this one, in one transaction."""
    parameters = Parameters({name: tuple(v) for name, v in run.job.parameters.items()})
    (made_by,) = run.job.parameters[PRODUCTS_OF]
    form = FORMATS[(parameters.single("RESPONSEFORMAT") or "tar").lower()]
    packing = Packing(form, part_size(parameters.single("PART_SIZE")), made_by)
    with_steps = ", ".join(
        f"{name} AS {'MATERIALIZED ' if name != 'named_files' else ''}({sql})"
        for name, sql in naming_steps("pg_temp.made", _KEPT)
    )
    statement = Statement(f"WITH {with_steps} {_MEMBERS}", {"products": PRODUCTS})
    async with run.progress() as say, run.archive.database.owner.begin() as connection:
        await selecting_for(connection, run.job.owner)
        found = await connection.execute(select(pairing.c.id).where(pairing.c.job_id == made_by))
        await connection.execute(text(_MADE.format(pairing_id=int(found.scalar_one()))))
        await connection.execute(text("ANALYZE pg_temp.made"))
        layout = await freeze_members(run, connection, packing, statement, say)
        await run.complete(connection, results_of(layout))


async def are_products(connection: AsyncConnection, package_id: int) -> bool:
    """Whether the members of a package are what a job made."""
    found = select(package.c.products_of).where(package.c.id == package_id)
    return await connection.scalar(found) is not None


async def product_of(archive: Archive, package_id: int, number: str) -> Content:
    """A member that a job made, by its number in the package.

    NotFound where there is none, Gone where it was removed with its job.
    """
    missing = NotFound(f"the package has no product {number[:20]}; its manifest lists them")
    if not number.isascii() or not number.isdigit() or int(number) > _LARGEST_SEQ:
        raise missing
    query = (
        select(member, package.c.products_of, package.c.frozen)
        .join(package, package.c.id == member.c.package_id)
        .where(member.c.package_id == package_id, member.c.seq == int(number))
        .where(member.c.collection_id == PRODUCTS)
    )
    async with archive.database.owner.connect() as connection:
        row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise missing
        await check_made(connection, row.products_of)
    store = products_store(archive.settings)
    state = FileState(row.size, row.mtime_ns, row.ctime_ns, row.inode, row.etag)
    return Content(
        size=row.size,
        version=Version(f'"{row.sha256.hex()}"', datetime.fromtimestamp(row.mtime_ns / 1e9, UTC)),
        media_type=row.content_type,
        filename=PurePosixPath(row.path).name,
        buffers=lambda span: file_buffers(
            lambda wanted: store.open(row.source_path, state, row.sha256, wanted), row.path, span
        ),
        extra=repr_digest(row.sha256),
    )
