"""What can be done with jobs: create, run, abort, wait, delete, sweep.

One `Jobs` lives in each API process and each worker process; all it knows is in PostgreSQL.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from service.archive import Archive
from service.database import is_outage, owner_url
from service.errors import Unavailable, UsageError
from service.parameters import Parameters
from service.tasks.broker import BACKGROUND, BULK, INTERACTIVE, PREVIEW, Messenger, celery_app
from service.uws import admission, store, sweep
from service.uws.job import ACTIVE, EXECUTING, QUEUED, Job
from service.uws.listening import PhaseListener, phase_listener
from service.uws.one_store import store_key
from service.uws.room import Asked, Room

LONGEST_WAIT_S = 50.0
# pyvo names no phase and sleeps a second after each answer that is not the end: a job that begins
# gets this long to end too.
_SECOND_CHANGE_S = 0.25
_LOOK_AGAIN_S = 10.0  # a notification is never relied on alone
_log = structlog.get_logger()


@dataclass(frozen=True)
class Jobs:
    """The jobs of every room, as one process reaches them."""

    archive: Archive
    rooms: Mapping[str, Room]
    messenger: Messenger
    listener: PhaseListener

    async def create(
        self,
        room: Room,
        parameters: Parameters,
        owner: str | None,
        *,
        run: bool,
        client: str | None = None,
    ) -> str:
        """A new job of a principal or of an anonymous client, started at once where `run` is set;
        its id. UsageError by the room's check."""
        await room.check(self.archive, Asked(parameters, owner))
        kept = {
            name: values
            for name, values in parameters.as_dict().items()
            if name not in ("PHASE", "RUNID")
        }
        async with self.archive.database.owner.begin() as connection:
            job_id = await store.create(
                connection,
                room,
                kept,
                owner=owner,
                run_id=parameters.single("RUNID"),
                client=client,
            )
            await self._keep_files(room, job_id, parameters)
            if run:
                await store.queue(connection, job_id)
        if run:
            await self.admit()
        return job_id

    async def change(self, room: Room, job: Job, parameters: Parameters) -> None:
        """Replace parameters of a PENDING job by name, or add to them; UsageError in other phases,
        and by the room's check."""
        changed = {name: list(values) for name, values in job.parameters.items()}
        for name, values in parameters.as_dict().items():
            before = changed.get(name, []) if name in room.accumulating else []
            changed[name] = [*before, *values]
        merged = Parameters({name: tuple(v) for name, v in changed.items()}, parameters.files)
        await room.check(self.archive, Asked(merged, job.owner, job.id))
        async with self.archive.database.owner.begin() as connection:
            if not await store.set_parameters(connection, job.id, changed):
                raise UsageError(
                    f"job {job.id} is {job.phase}; its parameters are fixed once it was run"
                )
            await self._keep_files(room, job.id, parameters)

    async def _keep_files(self, room: Room, job_id: str, parameters: Parameters) -> None:
        if parameters.files and room.keep is not None:
            await room.keep(self.archive, job_id, parameters.files)

    async def read(self, room: Room, job_id: str, owner: str | None) -> Job:
        """A job; NotFound where there is none of this principal."""
        async with self.archive.database.owner.connect() as connection:
            return await store.read(connection, room, job_id, owner)

    async def run(self, room: Room, job: Job) -> None:
        """PHASE=RUN (UWS 1.1 §2.2.3.1); UsageError where the job has started or ended."""
        await room.check(self.archive, Asked(_parameters(job), job.owner, job.id))
        async with self.archive.database.owner.begin() as connection:
            queued = await store.queue(connection, job.id)
        if not queued:
            raise UsageError(f"job {job.id} is {job.phase}; only a PENDING job can be run")
        await self.admit()

    async def abort(self, job: Job) -> None:
        """PHASE=ABORT; a job that has ended stays as it is."""
        async with self.archive.database.owner.begin() as connection:
            await store.abort(connection, job.id)
        await self.admit()

    async def remove(self, room: Room, job_id: str) -> None:
        """Delete a job and all it keeps; Unavailable, and it stays, where its store is away."""
        async with self.archive.database.owner.begin() as connection:
            await store.remove(connection, job_id)
            await room.forget(self.archive, job_id)
        await self.admit()

    async def admit(self) -> None:
        """Give free slots to waiting jobs and call workers for them."""
        settings = self.archive.settings
        slots = {
            INTERACTIVE: settings.interactive_slots,
            PREVIEW: settings.preview_slots,
            BULK: settings.bulk_slots,
            BACKGROUND: settings.background_slots,
        }
        async with self.archive.database.owner.begin() as connection:
            admitted = await admission.admit(connection, slots)
        await self.messenger.wake(admitted)

    async def wait(
        self, room: Room, job: Job, owner: str | None, seconds: float, phase: str | None
    ) -> Job:
        """The job once its phase is another one, or after `seconds` (WAIT, UWS 1.1 §2.2.1.1).

        Negative: as long as we allow, LONGEST_WAIT_S. Answers at once where the job is not in
        `phase`, or in no phase that changes by itself. Where no phase is named, two changes in
        quick succession, QUEUED to EXECUTING to the end, are one answer.
        """
        seconds = min(seconds, LONGEST_WAIT_S) if seconds >= 0 else LONGEST_WAIT_S
        deadline = asyncio.get_running_loop().time() + seconds
        with self.listener.listening(job.id) as changed:
            awaited = phase or job.phase
            job = await self._leaving((awaited,), room, job.id, owner, deadline, changed)
            if phase is None and job.phase != awaited:
                deadline = min(deadline, asyncio.get_running_loop().time() + _SECOND_CHANGE_S)
                begun = (QUEUED, EXECUTING)
                job = await self._leaving(begun, room, job.id, owner, deadline, changed)
        return job

    async def _leaving(
        self,
        phases: Sequence[str],
        room: Room,
        job_id: str,
        owner: str | None,
        deadline: float,
        changed: asyncio.Event,
    ) -> Job:
        """The job once it is in none of `phases`, or at `deadline`, a time of the event loop."""
        while (job := await self.read(room, job_id, owner)).phase in phases:
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0 or job.phase not in ACTIVE:
                break
            step = _LOOK_AGAIN_S if self.listener.connected else 1.0
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), min(left, step))
            changed.clear()
        return job

    async def sweep(self) -> None:
        """One sweep, unless another process does it at this moment."""
        async with self.archive.database.owner.begin() as connection:
            found = await sweep.sweep(connection)
        if found is None:
            return
        calls, overdue = found
        await self.messenger.wake(calls)
        for job_id, room_name in overdue:
            try:
                await self.remove(self.rooms[room_name], job_id)
            except Unavailable as error:
                _log.warning("a job is removed later", job=job_id, reason=error.message)
        await self.admit()

    async def keep_sweeping(self) -> None:
        """Sweep now and then every INTERVAL_S until cancelled, outages survived."""
        while True:
            try:
                await self.sweep()
            except Exception as error:
                if not is_outage(error):
                    _log.exception("the sweep failed")
            await asyncio.sleep(sweep.INTERVAL_S * random.uniform(0.9, 1.1))


def _parameters(job: Job) -> Parameters:
    return Parameters({name: tuple(values) for name, values in job.parameters.items()})


@contextlib.asynccontextmanager
async def open_jobs(archive: Archive, rooms: Iterable[Room]) -> AsyncIterator[Jobs]:
    """The jobs of this process, with its listener and its share of the sweeping."""
    messenger = Messenger(celery_app(archive.settings))
    settings = archive.settings
    async with phase_listener(owner_url(settings), store_key(settings)) as listener:
        jobs = Jobs(archive, {room.name: room for room in rooms}, messenger, listener)
        sweeper = asyncio.create_task(jobs.keep_sweeping())
        try:
            yield jobs
        finally:
            sweeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sweeper
