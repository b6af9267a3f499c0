"""The lists of a package (BagIt, RFC 8493) against which everything that arrives is held."""

import mmap
from pathlib import Path

PAYLOAD = "data/"
MANIFEST = "manifest-sha256.txt"
TAG_MANIFEST = "tagmanifest-sha256.txt"
_DIGITS = 64


class Wanted:
    """The files that a job's manifest lists and that are yet to come, in the order of the parts.

    `sums` holds lines as manifest-sha256.txt has them. It stays on the disk: packages of millions
    of files are expected. `position` is how far in it what came reaches.
    """

    def __init__(self, sums: Path) -> None:
        self.position = 0
        self._stop = sums.stat().st_size
        self._lines: mmap.mmap | bytes = b""
        if self._stop:
            with sums.open("rb") as stream:
                self._lines = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)

    def digest_of(self, path: str) -> str | None:
        """The hexadecimal SHA-256 of a file that is yet to come; None where none has the path."""
        line = self._line(path)
        if line is None:
            return None
        return self._lines[line[0] : line[0] + _DIGITS].decode("ascii")

    def pass_to(self, path: str) -> list[str]:
        """Go behind the line of a file that came; the paths before it, which did not come."""
        line = self._line(path)
        if line is None:
            return []
        passed = self._paths(self.position, line[0])
        self.position = line[1]
        return passed

    def rest(self) -> list[str]:
        """The paths behind the last one that came."""
        return self._paths(self.position, self._stop)

    def _line(self, path: str) -> tuple[int, int] | None:
        """Where the line of a path begins, and before where it ends."""
        name = b"  " + path.encode("utf-8", "surrogateescape") + b"\n"
        found = self._lines.find(name, self.position)
        if found < self.position + _DIGITS:
            return None
        return found - _DIGITS, found + len(name)

    def _paths(self, first: int, stop: int) -> list[str]:
        lines = self._lines[first:stop].decode().splitlines()
        return [line[_DIGITS + 2 :] for line in lines]


class TagSums:
    """What is known of the tag files of a package: hexadecimal SHA-256 by name.

    `manifest` is that of manifest-sha256.txt as the job's manifest has it. The list of tag files
    that names this one is the package's; a part of a repaired package may bring an earlier list.
    """

    def __init__(self, manifest: str) -> None:
        self.known: dict[str, str] = {}
        self.seen: dict[str, str] = {}
        self._manifest = manifest

    def learn(self, tag_manifest: bytes, before: dict[str, str]) -> str | None:
        """Take a list of the tag files; `before` are those that its part has before it.

        The name of one that is not what the list says, None where all are.
        """
        lines = tag_manifest.decode("utf-8", "replace").splitlines()
        sums = {line[_DIGITS + 2 :]: line[:_DIGITS] for line in lines}
        for name, digest in before.items():
            if sums.get(name) != digest:
                return name
        if sums.get(MANIFEST) == self._manifest:
            self.known = sums
        return None

    def wrong(self) -> list[str]:
        """The tag files that the package lists and that did not come as it lists them."""
        if not self.known:
            return [TAG_MANIFEST]
        return [name for name, digest in self.known.items() if self.seen.get(name) != digest]
