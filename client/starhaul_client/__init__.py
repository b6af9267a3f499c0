"""Download bulk jobs of a Starhaul archive: resuming, verifying, without the archive's software.

`fetch` puts a job on the disk, `stream` gives its files one after the other.
"""

from starhaul_client.errors import (
    AccessDenied,
    DirectoryBusy,
    DiskFull,
    Failure,
    FetchError,
    Incomplete,
    NoSuchJob,
    Unreachable,
)
from starhaul_client.fetching import fetch
from starhaul_client.report import Report
from starhaul_client.streaming import Dataset, stream

__all__ = [
    "AccessDenied",
    "Dataset",
    "DirectoryBusy",
    "DiskFull",
    "Failure",
    "FetchError",
    "Incomplete",
    "NoSuchJob",
    "Report",
    "Unreachable",
    "fetch",
    "stream",
]
