"""The values a client sends to control a job, checked (UWS 1.1 §2.2.3)."""

from datetime import UTC, datetime, timedelta

from service.errors import UsageError
from service.parameters import Parameters
from service.uws.job import PHASES, Job
from service.uws.room import Room


def wanted_phase(parameters: Parameters) -> str | None:
    """PHASE=RUN or PHASE=ABORT, None where absent."""
    phase = parameters.single("PHASE")
    if phase is not None and phase.upper() not in ("RUN", "ABORT"):
        raise UsageError(f"PHASE={phase!r} is unknown; a job takes PHASE=RUN and PHASE=ABORT")
    return None if phase is None else phase.upper()


def wanted_wait(parameters: Parameters) -> tuple[float, str | None] | None:
    """WAIT in seconds (-1: as long as the service allows) with PHASE; None: answer at once."""
    text = parameters.single("WAIT")
    if text is None:
        return None
    try:
        seconds = int(text)
    except ValueError:
        raise UsageError(f"WAIT={text!r} is not a number of seconds") from None
    phase = parameters.single("PHASE")
    if phase is not None and phase not in PHASES:
        raise UsageError(f"PHASE={phase!r} is not a phase of UWS; use one of {', '.join(PHASES)}")
    return seconds, phase


def wanted_execution(parameters: Parameters, room: Room) -> int:
    """EXECUTIONDURATION in seconds; 0 (no limit) and more than we allow become our limit."""
    seconds = parameters.whole_number("EXECUTIONDURATION")
    if seconds is None:
        raise UsageError("give EXECUTIONDURATION, in seconds")
    return min(seconds, room.longest_execution) or room.longest_execution


def moment(text: str, name: str) -> datetime:
    """An ISO 8601 time, UTC where it names no zone."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{name}={text!r} is not a time like 2027-01-31T12:00:00Z (ISO 8601)"
        ) from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def wanted_destruction(parameters: Parameters, room: Room, job: Job) -> datetime:
    """DESTRUCTION, at most `longest_lifetime` from the job's creation."""
    text = parameters.single("DESTRUCTION")
    if text is None:
        raise UsageError("give DESTRUCTION, a time like 2027-01-31T12:00:00Z")
    return min(moment(text, "DESTRUCTION"), job.created + timedelta(seconds=room.longest_lifetime))


def list_filter(parameters: Parameters) -> tuple[tuple[str, ...], datetime | None, int | None]:
    """PHASE, AFTER and LAST of a job list."""
    phases = parameters.many("PHASE")
    for phase in phases:
        if phase not in PHASES:
            raise UsageError(f"PHASE={phase!r} is not a phase of UWS")
    after = parameters.single("AFTER")
    last = parameters.whole_number("LAST")
    if last == 0:
        raise UsageError("LAST='0' is not a number of jobs above 0")
    return phases, None if after is None else moment(after, "AFTER"), last
