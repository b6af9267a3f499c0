"""Running one job in a worker: take the lease, run the room's work, hold the lease meanwhile."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from adql.errors import ADQLError
from service.archive import Archive
from service.database import is_outage
from service.errors import StarhaulError
from service.uws import lease as leases
from service.uws import store
from service.uws.job import Job, Result
from service.uws.jobs import Jobs
from service.uws.lease import Lease, LeaseLost
from service.uws.room import Room

# A driver may wait for a server that is gone; the pool process must not wait with it.
_STOP_S = 20.0
_SAY_S = 1.0

Say: TypeAlias = Callable[[str], None]

_log = structlog.get_logger()


@dataclass(frozen=True)
class Run:
    """What a room's work is given. It ends with `complete`, `postpone` or `rest`, or raises."""

    archive: Archive
    job: Job
    lease: Lease
    rooms: Mapping[str, Room]

    async def complete(self, connection: AsyncConnection, results: Sequence[Result]) -> None:
        """COMPLETED, in the transaction that wrote the results; LeaseLost undoes both."""
        await leases.complete(connection, self.lease, results)

    async def postpone(self, seconds: float) -> None:
        """Give the job up for now; a sweep takes it up again after `seconds`."""
        async with self.archive.database.owner.begin() as connection:
            await leases.postpone(connection, self.lease, seconds)

    async def begin(
        self,
        connection: AsyncConnection,
        room: str,
        parameters: Sequence[Mapping[str, Sequence[str]]],
    ) -> list[str]:
        """Write jobs of a room, one for each set of parameters, which this one may rest for; their
        ids. They belong to its owner and go with it."""
        return await store.create_queued(
            connection, self.rooms[room], parameters, owner=self.job.owner, parent=self.job.id
        )

    async def rest(self, connection: AsyncConnection) -> None:
        """Wait, without a slot, until all jobs whose parent this is have ended; they are made in
        the same transaction. The room's work is then begun once more."""
        await leases.rest(connection, self.lease)

    @contextlib.asynccontextmanager
    async def progress(self) -> AsyncIterator[Say]:
        """A function that says what the job is at; whoever watches sees it within a second."""
        latest = ""

        def say(words: str) -> None:
            nonlocal latest
            latest = words

        async def keep_told() -> None:
            told = ""
            while True:
                if latest != told:
                    told = latest
                    async with self.archive.database.owner.begin() as connection:
                        await leases.tell(connection, self.lease, told)
                await asyncio.sleep(_SAY_S)

        telling = asyncio.create_task(keep_told())
        try:
            yield say
        finally:
            telling.cancel()
            # What goes wrong with telling goes wrong with the work too, which says so.
            await asyncio.gather(telling, return_exceptions=True)

    @contextlib.asynccontextmanager
    async def cancellable(self, pid: int) -> AsyncIterator[None]:
        """While the block runs, ABORT cancels what the PostgreSQL backend `pid` does; so does a
        block that fails or is cancelled."""
        await self._keep(pid)
        try:
            yield
        except BaseException:
            async with self.archive.database.owner.begin() as connection:
                await connection.execute(select(func.pg_cancel_backend(pid)))
            raise
        finally:
            with contextlib.suppress(LeaseLost):
                await self._keep(None)

    async def _keep(self, pid: int | None) -> None:
        async with self.archive.database.owner.begin() as connection:
            await leases.keep_backend(connection, self.lease, pid)


async def run_job(jobs: Jobs, job_id: str) -> None:
    """Run a job whose wake-up call came; nothing where it is done, or somebody else has it."""
    async with jobs.archive.database.owner.begin() as connection:
        lease = await leases.take(connection, job_id)
        found = await store.read_room(connection, job_id)
        if lease is None or found is None:
            return
        room, owner = jobs.rooms[found[0]], found[1]
        job = await store.read(connection, room, job_id, owner)
    log = _log.bind(job=job_id, room=room.name, attempt=lease.attempt)
    try:
        await _run_leased(Run(jobs.archive, job, lease, jobs.rooms), room)
    except LeaseLost:
        log.info("job left: aborted, deleted or taken over")
    except Exception as error:
        if is_outage(error):
            log.warning("job interrupted by an outage of the database", error=repr(error))
        else:
            await _fail(jobs.archive, lease, error)
    await jobs.admit()


async def _run_leased(run: Run, room: Room) -> None:
    """The work beside the renewing of its lease; whichever ends first ends the other."""
    work = asyncio.create_task(_timed(run, room))
    renewal = asyncio.create_task(_keep_lease(run.archive, run.lease))
    try:
        await asyncio.wait({work, renewal}, return_when=asyncio.FIRST_COMPLETED)
        lost = renewal.done()
    finally:
        for task in (work, renewal):
            task.cancel()
        _, left = await asyncio.wait({work, renewal}, timeout=_STOP_S)
    if left:
        _log.warning("a job does not stop and is left behind", job=run.job.id)
    if lost:
        raise LeaseLost(run.lease.job_id)
    work.result()


async def _timed(run: Run, room: Room) -> None:
    limit = run.job.execution_duration
    try:
        async with asyncio.timeout(limit or None) as clock:
            await room.run(run)
    except TimeoutError:
        if not clock.expired():
            raise
        async with run.archive.database.owner.begin() as connection:
            await leases.overrun(
                connection,
                run.lease,
                f"the job ran longer than its executionduration of {limit} s; "
                "set a longer one before it is run",
            )


async def _keep_lease(archive: Archive, lease: Lease) -> None:
    """Renew until the lease is lost: by the row, or because the database is away too long."""
    loop = asyncio.get_running_loop()
    renewed = loop.time()
    while loop.time() - renewed < leases.LEASE_S:
        await asyncio.sleep(leases.RENEWAL_S)
        try:
            async with asyncio.timeout(leases.LEASE_S):
                async with archive.database.owner.begin() as connection:
                    await leases.renew(connection, lease)
            renewed = loop.time()
        except LeaseLost:
            return
        except Exception as error:
            if not is_outage(error):
                raise
            _log.warning("lease not renewed", job=lease.job_id, error=repr(error))


async def _fail(archive: Archive, lease: Lease, error: Exception) -> None:
    """ERROR with what a user may read; the rest goes to the log."""
    if isinstance(error, StarhaulError):
        message = error.message
    elif isinstance(error, ADQLError):
        message = str(error)
    else:
        _log.error("job failed", job=lease.job_id, exc_info=error)
        message = (
            "something went wrong on our side; tell the archive's operator the job's id "
            f"{lease.job_id}"
        )
    with contextlib.suppress(LeaseLost):
        async with archive.database.owner.begin() as connection:
            await leases.fail(connection, lease, message)
