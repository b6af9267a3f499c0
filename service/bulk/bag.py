"""The tag files of a BagIt bag (RFC 8493) that is spread over the parts of a package.

Unpacked in one place the parts are one bag. Part 1 brings the bag's own tag files; every part
brings `part-NNNNN.sha256`, the manifest's lines for its own members, which the tag manifest lists.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from service.bulk import tar

PAYLOAD = "data/"
# What a part holds beside members, its list's lines and the manifest; generous.
OVERHEAD = 8192
TAG_LINE = 64 + 2 + len("part-00000.sha256") + 1

_BAGIT = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
MANIFEST = "manifest-sha256.txt"
TAG_MANIFEST = "tagmanifest-sha256.txt"


@dataclass(frozen=True, slots=True)
class Package:
    """What names a package: its directory, its job, and when it was frozen (seconds since 1970)."""

    name: str
    job_id: str
    frozen: int


@dataclass(frozen=True, slots=True)
class TagFile:
    """A member of a part that is made, not read from a store."""

    header: bytes
    content: bytes | memoryview


def part_list_name(number: int) -> str:
    """The list of one part's members, in the bag."""
    return f"part-{number:05d}.sha256"


def _sum_line(content: bytes | memoryview, name: str) -> str:
    return f"{hashlib.sha256(content).hexdigest()}  {name}\n"


def tag_files(
    package: Package, octets: int, files: int, manifest: memoryview, lists: Sequence[memoryview]
) -> dict[str, str]:
    """The small tag files by name; the manifest itself is too large to be one of them."""
    day = datetime.fromtimestamp(package.frozen, UTC).date().isoformat()
    info = (
        f"Bag-Software-Agent: Starhaul\nBagging-Date: {day}\n"
        f"External-Identifier: {package.job_id}\nPayload-Oxum: {octets}.{files}\n"
    )
    sums = [
        _sum_line(_BAGIT.encode(), "bagit.txt"),
        _sum_line(info.encode(), "bag-info.txt"),
        _sum_line(manifest, MANIFEST),
        *(_sum_line(lines, part_list_name(n)) for n, lines in enumerate(lists, start=1)),
    ]
    return {"bagit.txt": _BAGIT, "bag-info.txt": info, TAG_MANIFEST: "".join(sums)}


def part_files(
    name: str,
    number: int,
    tags: dict[str, str],
    manifest: memoryview,
    part_list: memoryview,
    mtime: int,
) -> list[TagFile]:
    """The tag files at the beginning of a part, in order, with their tar headers."""
    files: list[tuple[str, bytes | memoryview]] = []
    first = []
    if number == 1:
        first = [TagFile(tar.header(f"{name}/{PAYLOAD}".encode(), 0, mtime, b"5"), b"")]
        files = [(tag, text.encode()) for tag, text in tags.items() if tag != TAG_MANIFEST]
        files += [(MANIFEST, manifest), (TAG_MANIFEST, tags[TAG_MANIFEST].encode())]
    files.append((part_list_name(number), part_list))
    return first + [
        TagFile(tar.header(f"{name}/{tag}".encode(), len(content), mtime), content)
        for tag, content in files
    ]
