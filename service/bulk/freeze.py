"""Freezing a selection: one statement under one snapshot, then arithmetic (DESIGN §7)."""

from typing import TYPE_CHECKING, cast

from sqlalchemy import insert, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from schema.tables.bulk import package as package_table
from service.bulk import layout_cache, selection
from service.bulk.bag import Package
from service.bulk.layout import Layout
from service.bulk.request import BulkRequest, bulk_request, naming_column, selecting
from service.bulk.results import results_of
from service.parameters import Parameters
from service.uws.run import Run

if TYPE_CHECKING:
    import asyncpg

# What the rows name, as datasets: `one_file` where the row named a file and not all of a dataset.
_BY_IDENTIFIER = """
    SELECT asked.name, asked.source_row, dataset.id AS dataset_id, NULL::bigint AS one_file
    FROM asked LEFT JOIN archive.dataset ON dataset.obs_publisher_did = asked.name
"""
_BY_URL = """
    SELECT asked.name, asked.source_row, holding.dataset_id, holding.id AS one_file
    FROM (SELECT *, substring(name FROM '^.*/files/([0-9]{1,18})$')::bigint AS file FROM asked
          WHERE starts_with(name, current_setting('starhaul.public_url') || '/files/')) AS asked
         LEFT JOIN archive.holding ON holding.id = asked.file
    UNION ALL
    SELECT asked.name, asked.source_row, dataset.id, NULL
    FROM (SELECT *, substring(name FROM 'links\\?ID=(.*)$') AS quoted FROM asked
          WHERE NOT starts_with(name, current_setting('starhaul.public_url') || '/files/')
             OR name IS NULL) AS asked
         LEFT JOIN archive.dataset ON dataset.holding_id IS NULL
              AND starhaul.url_quote(dataset.obs_publisher_did) = asked.quoted
"""

# MATERIALIZED: PostgreSQL would otherwise compute the safe path anew at each of its uses.
_FREEZE = """
WITH asked AS (
    SELECT name, min(row) AS source_row FROM pg_temp.selection GROUP BY name
), named AS (
    {named}
), found_files AS MATERIALIZED (
    SELECT named.name, source_row, dataset.id AS found, obs_publisher_did, present, holding.*,
           collection.name AS collection,
           starhaul.may_read(holding.readable_by) AS readable,
           collection.name || '/' || holding.path AS full_path
    FROM named
    LEFT JOIN archive.dataset ON dataset.id = named.dataset_id
         AND starhaul.may_read(dataset.readable_by)
    LEFT JOIN archive.holding ON holding.dataset_id = dataset.id
         AND (holding.id = named.one_file OR named.one_file IS NULL AND semantics = '#this')
    LEFT JOIN archive.collection ON collection.id = holding.collection_id
), files AS MATERIALIZED (
    SELECT *, CASE WHEN bulk.is_safe_path(full_path) THEN full_path
                   ELSE bulk.safe_path(full_path) END AS safe
    FROM found_files
), judged AS (
    SELECT *, CASE
        WHEN name IS NULL THEN 'the row of the query names no dataset'
        WHEN found IS NULL THEN 'the archive has no such dataset, or you may not read it'
        WHEN id IS NULL THEN 'the dataset has no file here'
        WHEN NOT readable THEN 'you may not read this file'
        WHEN NOT present OR state = 'vanished' THEN 'the file is no longer in the archive'
    END AS error,
    row_number() OVER (PARTITION BY
        CASE WHEN octet_length(safe) = length(safe) THEN lower(safe)
             ELSE lower(normalize(safe, NFKC)) END COLLATE "C" ORDER BY id) AS namesake
    FROM files
)
INSERT INTO bulk.member (package_id, seq, source_row, asked, obs_publisher_did, status, error,
    holding_id, collection_id, source_path, path, content_type, size, mtime_ns, ctime_ns, inode,
    etag, sha256, crc32)
SELECT :package_id, row_number() OVER (ORDER BY source_row, path COLLATE "C", id) - 1,
    source_row, name, obs_publisher_did,
    CASE WHEN error IS NULL THEN 'ok' WHEN id IS NULL THEN 'missing'
         WHEN NOT readable THEN 'forbidden' ELSE 'vanished' END,
    error, id, collection_id, path,
    CASE WHEN namesake > 1 THEN bulk.marked_path(safe, id::text) ELSE safe END,
    media_type, size, mtime_ns, ctime_ns, inode, etag, sha256, crc32
FROM judged
"""


async def run_bulk(run: Run) -> None:
    """Freeze what the job asked for and complete the job, in one transaction."""
    archive = run.archive
    parameters = Parameters({name: tuple(v) for name, v in run.job.parameters.items()})
    request = bulk_request(parameters)
    async with archive.database.owner.begin() as connection:
        await connection.execute(
            text("SELECT set_config('starhaul.principal', :owner, true)"),
            {"owner": run.job.owner or ""},
        )
        await connection.execute(text("SET LOCAL work_mem = '128MB'"))
        driver = await _driver(connection)
        column = await _select(run, connection, driver, request)
        layout = await _freeze(run, connection, driver, column, request.part_size)
        await run.complete(connection, results_of(layout))


async def _driver(connection: AsyncConnection) -> "asyncpg.Connection[asyncpg.Record]":
    raw = await connection.get_raw_connection()
    return cast("asyncpg.Connection[asyncpg.Record]", raw.driver_connection)


async def _select(
    run: Run,
    connection: AsyncConnection,
    driver: "asyncpg.Connection[asyncpg.Record]",
    request: BulkRequest,
) -> str:
    """Fill the temporary table; which kind of name its rows hold."""
    await connection.execute(text(selection.CREATE))
    if request.query is None:
        await selection.copy_ids(driver, request.ids)
        column = "obs_publisher_did"
    else:
        catalogue = await run.archive.catalogue.get()
        translation = await selecting(request.query, request.language, catalogue)
        await selection.copy_query(run, driver, translation)
        column = naming_column(translation)[0]
    await connection.execute(text("ANALYZE pg_temp.selection"))
    return column


async def _freeze(
    run: Run,
    connection: AsyncConnection,
    driver: "asyncpg.Connection[asyncpg.Record]",
    column: str,
    part_size: int,
) -> Layout:
    name = f"starhaul-{run.job.id[:8]}"
    row = (
        await connection.execute(
            insert(package_table)
            .values(job_id=run.job.id, name=name, part_size=part_size, digest="")
            .returning(package_table.c.id, package_table.c.frozen)
        )
    ).one()
    named = _BY_URL if column == "access_url" else _BY_IDENTIFIER
    await connection.execute(text(_FREEZE.format(named=named)), {"package_id": row.id})
    layout = await layout_cache.build(
        driver,
        layout_cache.directory_of(run.archive.settings),
        row.id,
        Package(name, run.job.id, int(row.frozen.timestamp()), "tar", part_size),
    )
    await connection.execute(
        update(package_table).where(package_table.c.id == row.id).values(digest=layout.digest)
    )
    return layout
