"""What can go wrong, in a vocabulary that stays: every error here is a FetchError."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Failure:
    """A file, or a whole part, that could not be had. A POST to `repair` makes a job without it."""

    path: str
    reason: str
    repair: str | None = None


class FetchError(Exception):
    """A download that cannot go on. The message names the thing, the place and the remedy."""


class NoSuchJob(FetchError):
    """The URL leads to no bulk job that has parts: wrong, expired, failed, or never started."""


class AccessDenied(FetchError):
    """The archive wants other credentials (401, 403)."""


class Unreachable(FetchError):
    """Nothing has arrived for a long time, or what answers is not the archive."""


class DiskFull(FetchError):
    """There is no room for more bytes; what is there stays, and the next run goes on."""


class DirectoryBusy(FetchError):
    """Another download is at work in the same directory."""


class Stopped(FetchError):
    """The download was told to stop; the next run goes on."""


class PartFailed(FetchError):
    """A part as a whole cannot be had or read; the other parts can."""


class Incomplete(FetchError):
    """Everything was tried, and some files could not be had; `failures` lists them."""

    def __init__(self, message: str, failures: tuple[Failure, ...]) -> None:
        super().__init__(message)
        self.failures = failures
