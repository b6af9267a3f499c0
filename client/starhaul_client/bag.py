"""The lists of a package (BagIt, RFC 8493) against which everything that arrives is held."""

import re
from dataclasses import dataclass, field

PAYLOAD = "data/"
MANIFEST = "manifest-sha256.txt"
TAG_MANIFEST = "tagmanifest-sha256.txt"
_PART_LIST = re.compile(r"part-\d{5,}\.sha256")
_DIGITS = 64


def is_part_list(name: str) -> bool:
    """Whether a tag file lists the members of a part."""
    return _PART_LIST.fullmatch(name) is not None


def sums_of(content: bytes) -> dict[str, str]:
    """A list of a few files: hexadecimal SHA-256 by name."""
    lines = content.decode("utf-8", "replace").splitlines()
    return {line[_DIGITS + 2 :]: line[:_DIGITS] for line in lines}


class PartList:
    """`part-NNNNN.sha256`: the members of a part in their order, one line each.

    It stays one piece of bytes: parts of hundreds of thousands of members are common.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._position = 0

    def digest_of(self, path: str) -> str | None:
        """The hexadecimal SHA-256 of a member that is yet to come; None where none has the path."""
        begin, stop = self._line(path)
        return None if begin is None else self._content[begin:stop][:_DIGITS].decode("ascii")

    def pass_to(self, path: str) -> list[str]:
        """Go behind the line of a member that came; the paths before it, which did not come."""
        begin, stop = self._line(path)
        passed = self._paths(self._position, stop if begin is None else begin)
        self._position = stop
        return passed

    def rest(self) -> list[str]:
        """The paths behind the last one that came."""
        return self._paths(self._position, len(self._content))

    def _line(self, path: str) -> tuple[int | None, int]:
        name = b"  " + path.encode("utf-8", "surrogateescape") + b"\n"
        found = self._content.find(name, self._position)
        if found < self._position + _DIGITS:
            return None, self._position
        return found - _DIGITS, found + len(name)

    def _paths(self, first: int, stop: int) -> list[str]:
        lines = self._content[first:stop].decode("utf-8", "replace").splitlines()
        return [line[_DIGITS + 2 :] for line in lines]


@dataclass
class TagSums:
    """What is known of the tag files of a package: hexadecimal SHA-256 by name.

    `manifest` is that of manifest-sha256.txt, made from what the archive says of the job; part 1
    brings the others, in a list that names this one.
    """

    manifest: str
    known: dict[str, str] = field(default_factory=dict)

    def learn(self, tag_manifest: bytes, seen: dict[str, str]) -> str | None:
        """Take the list of the tag files; `seen` are those before it. The name of one that is not
        what the list says, None where all are."""
        sums = sums_of(tag_manifest)
        if sums.get(MANIFEST) != self.manifest:
            return MANIFEST
        for name, digest in seen.items():
            if sums.get(name) != digest:
                return name
        self.known = sums
        return None
