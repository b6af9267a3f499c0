"""The job of a pairing: from the table to the package. It begins three times.

First it matches all rows and makes the tasks, and rests while they run; then it has the products
packed by a job at /bulk, and rests; then it is done. Each time ends in one transaction: what a
killed worker had begun is begun anew, what was committed is not done twice.
"""

from typing import Any

from sqlalchemy import Row, delete, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from schema.tables.pairing import pairing as pairing_table
from schema.tables.uws import job as job_table
from service.errors import StarhaulError, UsageError
from service.pairing.columns import columns_of
from service.pairing.grouping import Grouped, group_cuts
from service.pairing.loading import load_wanted
from service.pairing.matching import match_rows
from service.pairing.request import PACKAGING, PairingRequest, pairing_request
from service.pairing.sizes import LARGEST_PIXELS
from service.pairing.statuses import RESULTS
from service.pairing.tasks import CUT_ROOM
from service.parameters import Parameters
from service.principal import act_as
from service.uploads.kept import kept_files
from service.uploads.session import Uploads, opened_uploads
from service.uws.job import COMPLETED, Result
from service.uws.run import Run, Say

# The room that packs what was made, and the parameter that names whose products they are.
PACKING_ROOM, PRODUCTS_OF = "bulk", "PRODUCTS_OF"
PACKAGE = "package"

# Memory for the sorts of one job; how values become names, whatever the server is set to.
_SETTINGS = """
SELECT set_config('work_mem', '128MB', true), set_config('jit', 'off', true),
    set_config('DateStyle', 'ISO', true), set_config('TimeZone', 'UTC', true),
    set_config('extra_float_digits', '1', true)
"""
# Whatever ended a task, none of its rows is without a word.
_LOST = """
INSERT INTO pairing.outcome (pairing_id, row, holding_id, task, status, error)
SELECT pairing_id, row, holding_id, task, 'error',
    'the worker that cut it ended each time before it was done; send the row again, and tell the '
    'archive''s operator if it fails again'
FROM pairing.cut JOIN pairing.task USING (pairing_id)
WHERE pairing_id = :pairing_id AND task.number = cut.task AND task.pack IS NULL
"""
_PRODUCTS = """
SELECT EXISTS (SELECT FROM pairing.outcome WHERE pairing_id = :pairing_id AND size IS NOT NULL)
"""


async def run_pairing(run: Run) -> None:
    """Do what is next."""
    async with run.archive.database.owner.connect() as connection:
        found = await connection.execute(
            select(pairing_table).where(pairing_table.c.job_id == run.job.id)
        )
        row = found.one_or_none()
    if row is None:
        await _begin(run)
    elif row.bulk_job is None:
        await _hand_over(run, row.id)
    else:
        await _finish(run, row)


async def _begin(run: Run) -> None:
    """Match all rows and make the tasks; rest until they are done."""
    archive, job = run.archive, run.job
    request = pairing_request(_parameters(run))
    uploads = (request.upload,)
    async with (
        kept_files(archive.settings, job.room, job.id, uploads) as files,
        opened_uploads(uploads, files, archive.settings, job.owner) as opened,
        run.progress() as say,
        archive.database.owner.begin() as connection,
    ):
        pid = await connection.scalar(text("SELECT pg_backend_pid()"))
        async with run.cancellable(int(pid or 0)):
            grouped, pairing_id = await _plan(run, connection, request, opened, say)
        tasks = [
            {"PAIRING": [str(pairing_id)], "TASK": [str(number)]}
            for number in range(1, grouped.tasks + 1)
        ]
        say(
            f"Cutting: {grouped.cuts:,} cutouts of {grouped.files:,} files, about "
            f"{grouped.octets / 1e6:,.0f} MB of pixels"
        )
        await run.begin(connection, CUT_ROOM.name, tasks)
        await run.rest(connection)


async def _plan(
    run: Run, connection: AsyncConnection, request: PairingRequest, opened: Uploads, say: Say
) -> tuple[Grouped, int]:
    await act_as(connection, run.job.owner)
    await connection.execute(text(_SETTINGS))
    made = insert(pairing_table).values(job_id=run.job.id).returning(pairing_table.c.id)
    pairing_id = (await connection.execute(made)).scalar_one()
    (table,) = opened.tables
    say("Reading the table")
    columns = columns_of(table, sized=request.size is not None)
    settings = run.archive.settings
    rows = await load_wanted(connection, pairing_id, request, table, columns, settings)
    await match_rows(connection, pairing_id, request, rows, say, LARGEST_PIXELS)
    say("Forming tasks of whole files")
    grouped = await group_cuts(connection, pairing_id, settings.cutouts_per_task)
    if grouped.cuts + rows > settings.bulk_members:
        raise UsageError(
            f"{rows:,} rows have {grouped.cuts:,} cutouts; a package has {settings.bulk_members:,} "
            "files and rows without one at most: use MATCH=per-band or best, name bands or "
            "collections, or send several tables"
        )
    return grouped, pairing_id


def _parameters(run: Run) -> Parameters:
    return Parameters({name: tuple(given) for name, given in run.job.parameters.items()})


async def _hand_over(run: Run, pairing_id: int) -> None:
    """Have the products packed; rest until they are. Where there are none, that is the end."""
    async with run.archive.database.owner.begin() as connection:
        await connection.execute(text(_LOST), {"pairing_id": pairing_id})
        await connection.execute(text("ANALYZE pairing.cut, pairing.task, pairing.outcome"))
        if not await connection.scalar(text(_PRODUCTS), {"pairing_id": pairing_id}):
            await _complete(run, connection, [])
            return
        asked = {PRODUCTS_OF: [run.job.id]} | {
            theirs: list(run.job.parameters[ours])
            for ours, theirs in PACKAGING.items()
            if ours in run.job.parameters
        }
        (bulk_job,) = await run.begin(connection, PACKING_ROOM, [asked])
        await connection.execute(
            update(pairing_table).where(pairing_table.c.id == pairing_id).values(bulk_job=bulk_job)
        )
        await run.rest(connection)


async def _finish(run: Run, pairing: Row[Any]) -> None:
    """Complete the job once its package is there; StarhaulError where it could not be made."""
    async with run.archive.database.owner.begin() as connection:
        packed = await connection.execute(
            update(job_table)
            .where(job_table.c.id == pairing.bulk_job)
            .values(parent=None)  # from now on the package is a job by itself
            .returning(job_table.c.phase, job_table.c.error_message)
        )
        row = packed.one_or_none()
        if row is None or row.phase != COMPLETED:
            reason = (row and row.error_message) or "its job was aborted or deleted"
            raise StarhaulError(f"the cutouts were made and could not be packed: {reason}")
        await _complete(run, connection, [Result(PACKAGE, f"results/{PACKAGE}", "text/xml")])


async def _complete(run: Run, connection: AsyncConnection, results: list[Result]) -> None:
    await connection.execute(delete(job_table).where(job_table.c.parent == run.job.id))
    await run.complete(connection, [*results, *RESULTS])
