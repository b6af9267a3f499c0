"""The limits of bulk downloads, as they are published."""

from pydantic import BaseModel, Field

from service.config import Settings


class BulkLimits(BaseModel):
    """What bulk downloads may take. A user is the principal of a token, else a client's address
    (of IPv6 its /64 network)."""

    streams_per_user: int = Field(description="parts and files that one user reads at once")
    streams: int = Field(description="of all users")
    bytes_per_second_per_user: int | None = Field(description="null: no limit")
    bytes_per_second: int | None = Field(description="of all users; null: no limit")
    jobs_at_once: int = Field(description="jobs of all users that run; the others wait in turn")


def limits_of(settings: Settings) -> BulkLimits:
    """The limits as configured."""
    return BulkLimits(
        streams_per_user=settings.bulk_streams_per_user,
        streams=settings.bulk_streams,
        bytes_per_second_per_user=settings.bulk_bytes_per_s_per_user,
        bytes_per_second=settings.bulk_bytes_per_s,
        jobs_at_once=settings.bulk_slots,
    )
