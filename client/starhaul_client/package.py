"""A package while its parts come: what is yet to come, what failed, and why."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from starhaul_client.answers import Hole
from starhaul_client.bag import TagSums, Wanted
from starhaul_client.errors import Failure, PartFailed

OTHER_BYTES = "the archive sends other bytes than its manifest lists"
_ABSENT = PartFailed("it did not come with its part")


@dataclass
class Package:
    """`name` is its directory. `gaps` are the reasons why files are missing before the next one
    that comes, in order."""

    name: str
    wanted: Wanted
    tags: TagSums
    failures: list[Failure] = field(default_factory=list)
    gaps: list[Exception] = field(default_factory=list)

    def came(self, path: str) -> None:
        """A file came; those that the manifest has before it did not."""
        self._miss(self.wanted.pass_to(path))

    def lost(self, path: str, reason: Exception) -> None:
        """A file could not be had."""
        self.came(path)
        self._fail(path, reason)

    def end(self) -> None:
        """All parts have come, so nothing else will."""
        self._miss(self.wanted.rest())
        if not self.failures:
            for name in self.tags.wrong():
                self._fail(name, PartFailed("it is not what the package lists"))

    def _miss(self, paths: Sequence[str]) -> None:
        reasons = self.gaps or [_ABSENT]
        if len(reasons) != len(paths):
            reasons = reasons[-1:] * len(paths)
        for path, reason in zip(paths, reasons, strict=True):
            self._fail(path, reason)
        self.gaps.clear()

    def _fail(self, path: str, reason: Exception) -> None:
        repair = reason.repair if isinstance(reason, Hole) else None
        self.failures.append(Failure(f"{self.name}/{path}", str(reason), repair))
