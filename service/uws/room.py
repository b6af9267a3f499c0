"""What a protocol tells the jobs' room about its kind of job."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from service.archive import Archive
from service.parameters import Parameters
from service.uws.job import Job

if TYPE_CHECKING:
    from service.uws.run import Run


async def _nothing_kept(_archive: Archive, _job_id: str) -> None:
    """The job kept nothing outside of the database."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a job is asked for before it runs, and by whom. `job_id` is None where the job is still
    to be made; what it kept of earlier requests is found by it."""

    parameters: Parameters
    owner: str | None
    job_id: str | None = None


async def _anything(_archive: Archive, _asked: Asked) -> None:
    """Any parameters make a job."""


def plain_error(job: Job) -> Response:
    """The error of a job as text."""
    return PlainTextResponse((job.error_message or "") + "\n")


@dataclass(frozen=True)
class Room:
    """One kind of job: its URL below PUBLIC_URL, its queue, its limits and what runs it.

    `run` works in a Celery worker and ends with `run.complete(...)`. `check` refuses what is asked
    when the job is created, changed or started (UsageError). `forget` removes what the job keeps
    outside of the database. `keep` moves the files of a request to where the job has them; without
    it, requests with files are refused. The values of `accumulating` parameters are added to those
    a job has, the others' replaced. `error` renders /error (UWS 1.1 §2.2.2.5). `page` answers a
    browser's GET of the job, `start_page` one of the list. Durations in seconds; a client's wish
    is cut to `longest_*`.
    """

    name: str
    path: str
    queue: str
    run: "Callable[[Run], Awaitable[None]]"
    check: Callable[[Archive, Asked], Awaitable[None]] = _anything
    keep: Callable[[Archive, str, Mapping[str, Path]], Awaitable[None]] | None = None
    accumulating: tuple[str, ...] = ()
    forget: Callable[[Archive, str], Awaitable[None]] = _nothing_kept
    error: Callable[[Job], Response] = plain_error
    page: Callable[[Request, Job], Awaitable[Response]] | None = None
    start_page: Callable[[Request, Parameters], Response] | None = None
    execution_duration: int = 3600
    longest_execution: int = 24 * 3600
    lifetime: int = 7 * 24 * 3600
    longest_lifetime: int = 90 * 24 * 3600

    def job_url(self, base_url: str, job_id: str) -> str:
        """The absolute URL of a job."""
        return f"{base_url}{self.path}/{job_id}"
