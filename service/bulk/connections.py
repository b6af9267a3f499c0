"""How tools with many connections are told to keep below what one user may read at once.

aria2 gives up a connection that is answered with 429, and a download whose connections all were; it
tries again after 503 where it is told to wait before.
"""

from dataclasses import dataclass

_MOST_DOWNLOADS, _MOST_CONNECTIONS = 5, 16  # aria2's own
_TRIES, _WAIT_S = 60, 10


@dataclass(frozen=True, slots=True)
class Connections:
    """`downloads` at once, each over as many connections as `each` says."""

    downloads: int
    each: int

    def options(self) -> tuple[str, ...]:
        """Options of aria2 for one download."""
        return (
            f"split={self.each}",
            f"max-connection-per-server={self.each}",
            f"max-tries={_TRIES}",
            f"retry-wait={_WAIT_S}",
        )

    def command_line(self) -> str:
        """The same for all downloads of a run."""
        return " ".join([f"-j{self.downloads}", *(f"--{each}" for each in self.options())])


def connections(streams: int) -> Connections:
    """What to use of `streams`: half, so that a browser, or a connection made before the one that
    it replaces has ended, finds room."""
    use = max(streams // 2, 1)
    downloads = min(use, _MOST_DOWNLOADS)
    return Connections(downloads, min(use // downloads, _MOST_CONNECTIONS))
