"""The limits of downloads, as they are published."""

from pydantic import BaseModel, Field

from service.config import Settings


class DownloadLimits(BaseModel):
    """What reading parts and files may take. A user is the principal of a token, else a client's
    address (of IPv6 its /64 network). Beyond: 429 for a user's own limit, 503 for that of all, with
    Retry-After."""

    streams_per_user: int = Field(description="parts and files that one user reads at once")
    streams: int = Field(description="of all users")
    bytes_per_second_per_user: int | None = Field(description="null: no limit")
    bytes_per_second: int | None = Field(description="of all users; null: no limit")

    def words(self) -> str:
        """The same for people."""
        rates = (self.bytes_per_second_per_user, self.bytes_per_second)
        fast = [
            f", {rate:,} bytes a second {who}"
            for rate, who in zip(rates, _WHO, strict=True)
            if rate
        ]
        return (
            f"{self.streams_per_user:,} parts and files are sent at once to one user, "
            f"{self.streams:,} to all" + "".join(fast)
        )


_WHO = ("to one user", "to all")


def limits_of(settings: Settings) -> DownloadLimits:
    """The limits as configured."""
    return DownloadLimits(
        streams_per_user=settings.bulk_streams_per_user,
        streams=settings.bulk_streams,
        bytes_per_second_per_user=settings.bulk_bytes_per_s_per_user,
        bytes_per_second=settings.bulk_bytes_per_s,
    )
