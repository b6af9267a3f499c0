"""The Celery worker: a task is a job id, run on one event loop per pool process.

Nothing exists before the pool forks: no loop, no thread, no connection. Each pool process makes
its own loop in a thread and keeps it, so that it sweeps (DESIGN §1) while it waits for work.
"""

import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import Future
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from celery import bootsteps, signals
from celery.platforms import EX_FAILURE
from celery.worker import WorkController

import service.previews.drawing  # noqa: F401  here, not in each pool process when it first draws
from service.archive import Archive, CatalogueCache
from service.config import Settings
from service.database import open_database
from service.embedded.process import end_with_parent
from service.rooms import ROOMS
from service.tasks.broker import QUEUES, RUN_JOB, celery_app
from service.uws.jobs import Jobs, open_jobs
from service.uws.run import run_job


@asynccontextmanager
async def _open_worker(settings: Settings) -> AsyncIterator[Jobs]:
    async with open_database(settings, reader_size=2, owner_size=3) as database:
        archive = Archive(settings, database, CatalogueCache(database))
        async with open_jobs(archive, ROOMS) as jobs:
            yield jobs


class PoolProcess:
    """The event loop of one pool process and what is open on it."""

    def __init__(self, settings: Settings) -> None:
        self._loop = asyncio.new_event_loop()
        self._stack = AsyncExitStack()
        threading.Thread(target=self._loop.run_forever, name="jobs", daemon=True).start()
        opened = self._submit(self._stack.enter_async_context(_open_worker(settings)))
        self._jobs: Jobs = opened.result()

    def _submit(self, work: Coroutine[Any, Any, Any]) -> "Future[Any]":
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def run(self, job_id: str) -> None:
        """Run one job to its end."""
        self._submit(run_job(self._jobs, job_id)).result()

    def close(self) -> None:
        """Close the pools; the loop ends with the process."""
        self._submit(self._stack.aclose()).result(timeout=10)


class EndOnFailure(bootsteps.Step):
    """Ends the process where Celery gave up: its own shutdown waits for the pool without end.

    Seen when the broker comes back after a pool process was killed. Whoever supervises the worker
    starts it again; its pool dies with it, and the sweep calls for the jobs.
    """

    def close(self, worker: WorkController) -> None:
        """The worker is shutting down."""
        if worker.exitcode == EX_FAILURE:
            os._exit(EX_FAILURE)


def run_worker(settings: Settings, concurrency: int) -> None:
    """Work until SIGTERM, with `concurrency` pool processes, on all queues."""
    app = celery_app(settings)
    app.steps["worker"].add(EndOnFailure)
    process: list[PoolProcess] = []

    @signals.worker_process_init.connect(weak=False)
    def _begin(**_: object) -> None:
        end_with_parent(signal.SIGKILL)  # what is left of a job, the sweep gives to another worker
        process.append(PoolProcess(settings))

    @signals.worker_process_shutdown.connect(weak=False)
    def _end(**_: object) -> None:
        process.pop().close()

    @app.task(name=RUN_JOB)
    def _run_job(job_id: str) -> None:
        process[0].run(job_id)

    app.worker_main(
        [
            "worker",
            "--loglevel=INFO",
            f"--concurrency={concurrency}",
            f"--queues={','.join(QUEUES)}",
            "--without-gossip",
            "--without-mingle",
            "--without-heartbeat",
        ]
    )
