"""A job and its results as plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

PENDING, QUEUED, EXECUTING = "PENDING", "QUEUED", "EXECUTING"
COMPLETED, ERROR, ABORTED = "COMPLETED", "ERROR", "ABORTED"
HELD = "HELD"
PHASES = (
    *(PENDING, QUEUED, EXECUTING, COMPLETED, ERROR, ABORTED, HELD),
    *("UNKNOWN", "SUSPENDED", "ARCHIVED"),
)
# A GET with WAIT blocks in these and answers at once in the others (UWS 1.1 §2.2.1.1).
ACTIVE = (PENDING, QUEUED, EXECUTING)
FINISHED = (COMPLETED, ERROR, ABORTED)


@dataclass(frozen=True, slots=True)
class Result:
    """One result: `href` is relative to the job's URL, `size` in bytes where it is known."""

    id: str
    href: str
    media_type: str | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A job as its row says, times in UTC, durations in seconds. `progress` is what it was last
    at."""

    id: str
    room: str
    queue: str
    owner: str | None
    run_id: str | None
    phase: str
    parameters: Mapping[str, Sequence[str]]
    created: datetime
    started: datetime | None
    ended: datetime | None
    execution_duration: int
    destruction: datetime
    attempt: int
    error_type: str | None
    error_message: str | None
    progress: str | None = None
    results: tuple[Result, ...] = ()
