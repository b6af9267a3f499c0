"""Hearing of phase changes: one LISTEN connection for a process, any number of waiters."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import asyncpg
import structlog

from service.uws.one_store import LOCK_CLASS

_CHANNEL = "uws_phase"
_RECONNECT_S = 1.0
_log = structlog.get_logger()


@dataclass
class PhaseListener:
    """Wakes those who wait for a job. `connected` is False while notifications may be missed."""

    connected: bool = False
    _waiting: dict[str, set[asyncio.Event]] = field(default_factory=lambda: defaultdict(set))

    @contextlib.contextmanager
    def listening(self, job_id: str) -> Iterator[asyncio.Event]:
        """An event that is set at each phase change of the job from now on."""
        event = asyncio.Event()
        self._waiting[job_id].add(event)
        try:
            yield event
        finally:
            self._waiting[job_id].discard(event)
            if not self._waiting[job_id]:
                del self._waiting[job_id]

    def heard(self, job_id: str) -> None:
        """A phase of this job changed."""
        for event in self._waiting.get(job_id, ()):
            event.set()

    def wake_all(self) -> None:
        """Have everybody look again: something may have been missed."""
        for job_id in list(self._waiting):
            self.heard(job_id)

    async def run(self, database_url: str, store_key: int) -> None:
        """Listen until cancelled, holding the lock of the work store; after an outage, again."""
        while True:
            try:
                await self._listen(database_url, store_key)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                _log.warning("listening for phases ended", error=str(error))
            self.connected = False
            self.wake_all()
            await asyncio.sleep(_RECONNECT_S)

    async def _listen(self, database_url: str, store_key: int) -> None:
        connection = await asyncpg.connect(
            database_url, timeout=10, server_settings={"application_name": "starhaul-listener"}
        )
        ended = asyncio.Event()
        connection.add_termination_listener(lambda *_: ended.set())
        try:
            await connection.execute(
                "SELECT pg_advisory_lock_shared($1, $2)", LOCK_CLASS, store_key
            )
            await connection.add_listener(_CHANNEL, lambda *args: self.heard(str(args[3])))
            self.connected = True
            self.wake_all()
            await ended.wait()
        finally:
            self.connected = False
            connection.terminate()


@contextlib.asynccontextmanager
async def phase_listener(database_url: str, store_key: int) -> AsyncIterator[PhaseListener]:
    """A listener that runs in the background until the end of the block."""
    listener = PhaseListener()
    task = asyncio.create_task(listener.run(database_url, store_key))
    try:
        yield listener
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
