"""The limits of queries: as TAPRegExt 1.0 declares them, by mode as its draft 1.1 does, as JSON."""

from lxml import etree
from pydantic import BaseModel, Field
from vo_models.tapregext.models import TimeLimits

from service.config import Settings
from service.tap.jobs import TAP_ROOM


def retention_period() -> TimeLimits:
    """Seconds from a job's creation to its destruction (TAPRegExt 1.0 §2.5)."""
    return TimeLimits(default=TAP_ROOM.lifetime, hard=TAP_ROOM.longest_lifetime)


def execution_duration() -> TimeLimits:
    """Seconds that a job may run, which is the only mode that TAPRegExt 1.0 has a word for."""
    return TimeLimits(default=TAP_ROOM.execution_duration, hard=TAP_ROOM.longest_execution)


def with_modes(document: bytes, settings: Settings) -> bytes:
    """A capabilities document with the limit of /tap/sync beside that of /tap/async.

    By the working draft of TAPRegExt 1.1, §2.4 `forMode`.
    """
    root = etree.fromstring(document)
    (jobs,) = root.iter("executionDuration")
    sync = etree.Element("executionDuration", forMode="sync")
    etree.SubElement(sync, "hard").text = str(int(settings.query_timeout_s))
    jobs.addnext(sync)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


class SyncLimits(BaseModel):
    """What a query at /tap/sync may take."""

    seconds_to_first_row: float


class AsyncLimits(BaseModel):
    """What a job at /tap/async may take: durations in seconds, as it begins and at most."""

    execution_duration: int
    longest_execution_duration: int
    lifetime: int = Field(description="from creation to destruction")
    longest_lifetime: int
    running_at_once: int = Field(description="jobs of all users; the others wait as QUEUED")


class UploadLimits(BaseModel):
    """What the uploads of one query may take together."""

    bytes: int
    seconds_to_fetch: float = Field(description="of an upload by URL")


class Limits(BaseModel):
    """The limits of this archive's queries. MAXREC has none; nor has a result, but by MAXREC."""

    rows_without_maxrec: int | None = Field(description="null: all")
    form_bytes: int = Field(description="parameters in the body of a request, without its files")
    sync: SyncLimits
    asynchronous: AsyncLimits = Field(serialization_alias="async")
    upload: UploadLimits


def query_limits(settings: Settings) -> Limits:
    """The limits as configured."""
    return Limits(
        rows_without_maxrec=settings.default_maxrec,
        form_bytes=settings.max_body_bytes,
        sync=SyncLimits(seconds_to_first_row=settings.query_timeout_s),
        asynchronous=AsyncLimits(
            execution_duration=TAP_ROOM.execution_duration,
            longest_execution_duration=TAP_ROOM.longest_execution,
            lifetime=TAP_ROOM.lifetime,
            longest_lifetime=TAP_ROOM.longest_lifetime,
            running_at_once=settings.interactive_slots,
        ),
        upload=UploadLimits(
            bytes=settings.upload_bytes, seconds_to_fetch=settings.upload_fetch_timeout_s
        ),
    )
