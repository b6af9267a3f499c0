"""One task of a pairing as a job of its own, in a room that no URL leads to.

A task may be done twice, by a worker that was thought dead too: each attempt writes a pack of its
own, and the one that holds the lease at the end says in one transaction which of them counts.
"""

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from schema.tables.archive import dataset
from schema.tables.pairing import cut as cut_table
from schema.tables.pairing import outcome as outcome_table
from schema.tables.pairing import pairing as pairing_table
from schema.tables.pairing import task as task_table
from schema.tables.pairing import wanted as wanted_table
from schema.tables.uws import job as job_table
from service.cuttable.holdings import Cuttable, cuttable_files
from service.errors import StarhaulError, Unavailable
from service.multipart import INCOMING
from service.pairing.cutting import Cut, Done, cut_file
from service.pairing.packs import PackWriter
from service.principal import act_as
from service.storage.state import FileState
from service.storage.work import WorkStore, work_store
from service.tasks.broker import BULK
from service.uploads.kept import job_key
from service.uws.job import EXECUTING
from service.uws.lease import LeaseLost
from service.uws.room import Room
from service.uws.run import Run

_AWAY_S = 60.0
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Task:
    """A task with all that it cuts, by the numbers of the holdings. `packs` is where the work store
    has the packs of its job."""

    pairing_id: int
    number: int
    job_id: str
    packs: str
    cuts: Mapping[int, Sequence[Cut]]
    files: Mapping[int, Cuttable | StarhaulError]


async def run_cuts(run: Run) -> None:
    """Cut all of one task; later where a store is away."""
    task = await _read(run)
    if task is None:  # done by an earlier attempt, or deleted with its job
        async with run.archive.database.owner.begin() as connection:
            await run.complete(connection, [])
        return
    store = work_store(run.archive.settings.work_store_url)
    key = _key(task, run.lease.attempt)
    try:
        for attempt in range(1, run.lease.attempt):
            await store.remove(_key(task, attempt))
        done, state = await _pack(run, task, store, key)
        async with run.archive.database.owner.begin() as connection:
            await run.complete(connection, [])
            await _keep(connection, task, key, state, done)
            await _tell(connection, task)
    except Unavailable as error:
        _log.warning("cutting postponed", task=task.number, reason=error.message)
        await run.postpone(_AWAY_S)
    except (LeaseLost, asyncio.CancelledError):  # aborted, deleted, or somebody else's by now
        await store.remove(key)
        raise


def _key(task: _Task, attempt: int) -> str:
    return f"{task.packs}/{task.number:06d}-{attempt}"


async def _read(run: Run) -> _Task | None:
    (pairing_id,), (number,) = run.job.parameters["PAIRING"], run.job.parameters["TASK"]
    this = (cut_table.c.pairing_id == int(pairing_id), cut_table.c.task == int(number))
    async with run.archive.database.owner.connect() as connection:
        await act_as(connection, run.job.owner)
        parent = (
            await connection.execute(
                select(job_table.c.id, job_table.c.room)
                .join(pairing_table, pairing_table.c.job_id == job_table.c.id)
                .join(task_table, task_table.c.pairing_id == pairing_table.c.id)
                .where(task_table.c.pairing_id == int(pairing_id))
                .where(task_table.c.number == int(number), task_table.c.pack.is_(None))
            )
        ).one_or_none()
        if parent is None:
            return None
        rows = (await connection.execute(_CUTS.where(*this))).all()
        numbers = {row.holding_id for row in rows}
        files = await cuttable_files(run.archive, connection, numbers)
    cuts = {holding: [_cut(row) for row in group] for holding, group in _by_file(rows)}
    packs = f"{job_key(parent.room, parent.id)}/packs"
    return _Task(int(pairing_id), int(number), parent.id, packs, cuts, files)


_CUTS = (
    select(
        cut_table,
        wanted_table.c.degrees,
        func.coalesce(wanted_table.c.ra, dataset.c.s_ra).label("ra"),
        func.coalesce(wanted_table.c.dec, dataset.c.s_dec).label("dec"),
    )
    .join(
        wanted_table,
        (wanted_table.c.pairing_id == cut_table.c.pairing_id)
        & (wanted_table.c.row == cut_table.c.row),
    )
    .join(dataset, dataset.c.id == cut_table.c.dataset_id)
    .order_by(cut_table.c.holding_id, cut_table.c.row)
)


def _by_file(rows: Sequence[Row[Any]]) -> "groupby[int, Row[Any]]":
    return groupby(rows, key=lambda row: int(row.holding_id))


def _cut(row: Row[Any]) -> Cut:
    is_interval = row.low is not None and row.low < row.high
    band = (row.low, row.high) if is_interval else None
    return Cut(row.row, row.ra, row.dec, row.pixels, row.degrees, band)


async def _pack(run: Run, task: _Task, store: WorkStore, key: str) -> tuple[Done, FileState]:
    """Cut all files into a new pack of the work store; its state."""
    place = run.archive.settings.scratch / INCOMING
    place.mkdir(parents=True, exist_ok=True)
    done = Done()
    with tempfile.TemporaryDirectory(dir=place) as folder:
        path = Path(folder) / "pack"
        with PackWriter(path) as pack:
            for holding, cuts in task.cuts.items():  # between two files it may be told to stop
                await asyncio.to_thread(cut_file, task.files[holding], holding, cuts, pack, done)
        await store.take(key, path)
    state = await store.state(key)
    if state is None:
        raise Unavailable("the work store does not have what was just written to it")
    return done, state


async def _keep(
    connection: AsyncConnection, task: _Task, key: str, state: FileState, done: Done
) -> None:
    """Write what became of each cut, and that the task is done."""
    rows = [
        {
            "pairing_id": task.pairing_id,
            "row": each.row,
            "holding_id": each.holding_id,
            "status": each.status,
            "error": each.error,
            "task": task.number,
            "position": each.packed and each.packed.position,
            "size": each.packed and each.packed.size,
            "sha256": each.packed and each.packed.sha256,
            "crc32": each.packed and each.packed.crc32,
        }
        for each in done.outcomes
    ]
    await connection.execute(insert(outcome_table), rows)
    await connection.execute(
        update(task_table)
        .where(task_table.c.pairing_id == task.pairing_id, task_table.c.number == task.number)
        .values(pack=key, opened=done.opened, bytes_read=done.octets, **state._asdict())
    )


async def _tell(connection: AsyncConnection, task: _Task) -> None:
    """Let whoever watches the job see how far it is."""
    pack = task_table.c.pack.is_not(None)
    made, total = (
        await connection.execute(
            select(
                func.coalesce(func.sum(task_table.c.cuts).filter(pack), 0),
                func.sum(task_table.c.cuts),
            ).where(task_table.c.pairing_id == task.pairing_id)
        )
    ).one()
    await connection.execute(
        update(job_table)
        .where(job_table.c.id == task.job_id, job_table.c.phase == EXECUTING)
        .values(progress=f"Cutting: {made:,} of {total:,} cutouts")
    )


CUT_ROOM = Room(
    name="cut",
    path="/soda/async",
    queue=BULK,
    run=run_cuts,
    execution_duration=24 * 3600,
)
