"""The Celery application on Redis, the same for those who send and those who work.

PostgreSQL holds the jobs; a message only says which one to look at. Losing a message costs time
(the sweep sends another), getting it twice costs one look at the job's lease.
"""

import asyncio
from dataclasses import dataclass

import structlog
from celery import Celery
from kombu.exceptions import OperationalError

from service.config import Settings
from service.errors import StarhaulError

INTERACTIVE, PREVIEW, BULK, BACKGROUND = "interactive", "preview", "bulk", "background"
QUEUES = (INTERACTIVE, PREVIEW, BULK, BACKGROUND)
RUN_JOB = "starhaul.run_job"

# A task that runs longer than this is handed out a second time by Redis; the lease refuses it.
_VISIBILITY_S = 7 * 24 * 3600
_SOCKET_TIMEOUT_S = 10

_log = structlog.get_logger()


def celery_app(settings: Settings) -> Celery:
    """The Celery application; StarhaulError where no broker is configured."""
    if settings.redis_url is None:
        raise StarhaulError(
            "no broker: set STARHAUL_REDIS_URL, or use `starhaul up`, which brings its own"
        )
    app = Celery("starhaul", broker=settings.redis_url, set_as_current=False)
    app.conf.update(
        task_ignore_result=True,
        task_acks_late=True,  # with the prefetch of 1: no message waits behind a long job
        worker_prefetch_multiplier=1,
        # The jobs go on while the broker is away; their leases say who has them.
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_hijack_root_logger=False,
        worker_enable_remote_control=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "visibility_timeout": _VISIBILITY_S,
            "socket_timeout": _SOCKET_TIMEOUT_S,
            "socket_connect_timeout": 3,
            "socket_keepalive": True,
            "health_check_interval": 25,
        },
    )
    return app


@dataclass(frozen=True)
class Messenger:
    """Sends wake-up calls. A broker that is away is no error: the sweep sends them again."""

    app: Celery

    async def wake(self, dispatched: list[tuple[str, str]]) -> None:
        """Send one message for each (job id, queue), in a thread: kombu blocks."""
        if dispatched:
            await asyncio.to_thread(self._send, dispatched)

    def _send(self, dispatched: list[tuple[str, str]]) -> None:
        for job_id, queue in dispatched:
            try:
                self.app.send_task(
                    RUN_JOB, args=(job_id,), queue=queue, retry=False, ignore_result=True
                )
            except (OperationalError, OSError) as error:
                _log.warning("broker away; the sweep will call again", job=job_id, error=str(error))
                return
