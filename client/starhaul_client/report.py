"""What a download comes to."""

from dataclasses import dataclass
from pathlib import Path

from starhaul_client.errors import Failure, Incomplete


@dataclass(frozen=True, slots=True)
class Report:
    """A finished download. `files` and `size` (bytes) are what is on the disk and verified,
    `received` the bytes that came in this run, `seconds` what it took.

    `places` are the parts, or the one directory they were unpacked into. `absent` counts by status
    what was asked for and has no file, as `manifest` (CSV) lists it.
    """

    url: str
    directory: Path
    places: tuple[Path, ...]
    manifest: Path
    files: int
    size: int
    received: int
    seconds: float
    failures: tuple[Failure, ...]
    absent: dict[str, int]

    @property
    def complete(self) -> bool:
        """Whether every file of the package is there."""
        return not self.failures

    def check(self) -> "Report":
        """The report itself; Incomplete where something failed."""
        raise_incomplete(self.failures)
        return self


def raise_incomplete(failures: tuple[Failure, ...]) -> None:
    """Incomplete, with all that failed, where something did."""
    if failures:
        first = failures[0]
        raise Incomplete(
            f"{len(failures)} could not be had; the first: {first.path}: {first.reason}", failures
        )
