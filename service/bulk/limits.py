"""What a bulk job may ask for: checked when it is frozen or estimated, told at /bulk/limits."""

from pydantic import BaseModel, Field

from service.bulk.cutting import MOST_PARTS
from service.bulk.part_size import DEFAULT_PART_SIZE, LARGEST_PART_SIZE, SMALLEST_PART_SIZE
from service.bulk.selection import MOST_ROWS
from service.config import Settings
from service.lane.limits import DownloadLimits, limits_of


class BulkLimits(BaseModel):
    """The limits of bulk jobs. Bytes of a job or of a part's files have none."""

    members: int = Field(description="files of one job, with those that cannot be had")
    rows: int = Field(description="of the query, of which many may name the same dataset")
    parts: int
    smallest_part_size: int = Field(description="bytes")
    default_part_size: int
    largest_part_size: int
    form_bytes: int = Field(description="ID and the other parameters; longer lists go by UPLOAD")
    upload_bytes: int
    seconds_to_estimate: float
    running_at_once: int = Field(description="jobs of all users; the others wait as QUEUED")
    downloads: DownloadLimits


def bulk_limits(settings: Settings) -> BulkLimits:
    """The limits as configured."""
    return BulkLimits(
        members=settings.bulk_members,
        rows=MOST_ROWS,
        parts=MOST_PARTS,
        smallest_part_size=SMALLEST_PART_SIZE,
        default_part_size=DEFAULT_PART_SIZE,
        largest_part_size=LARGEST_PART_SIZE,
        form_bytes=settings.max_body_bytes,
        upload_bytes=settings.upload_bytes,
        seconds_to_estimate=settings.query_timeout_s,
        running_at_once=settings.bulk_slots,
        downloads=limits_of(settings),
    )
