"""The tag files of a BagIt bag (RFC 8493) that is spread over the parts of a package.

Unpacked in one place, in order, the parts are one bag. Part 1 brings the bag's own tag files; every
part brings `part-NNNNN.sha256`, the manifest's lines for its own members, which the tag manifest
lists. A repaired package has a part with renewed tag files behind all others, unless part 1 was
made again itself (docs/decisions/0010).
"""

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from service.bulk.lines import Lines

PAYLOAD = "data/"
# What a part holds beside members, its list's lines and the manifest; generous.
OVERHEAD = 8192
TAG_LINE = 64 + 2 + len("part-00000.sha256") + 1

_BAGIT = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
_DECLARATION, _INFO = "bagit.txt", "bag-info.txt"
MANIFEST = "manifest-sha256.txt"
TAG_MANIFEST = "tagmanifest-sha256.txt"


@dataclass(frozen=True, slots=True)
class Revision:
    """When a revision of a package was frozen, in seconds since 1970, and its small tag files.

    A package begins with revision 0; each repair that changes a part makes the next one. `tags` of
    an earlier revision are empty where no part carries them any more.
    """

    number: int
    frozen: int
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Run:
    """The members of a part, from `first` to before `stop`, and the revision that made it."""

    first: int
    stop: int
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Package:
    """What fixes the bytes of a package beside its members.

    `name` is its directory, `frozen` in seconds since 1970, `form` tar or zip, `part_size` the
    target size of a part in bytes. `runs` says what each part has; None: cut by `part_size`.
    `earlier` are the revisions before this one that made a part.
    """

    name: str
    job_id: str
    frozen: int
    form: str
    part_size: int
    revision: int = 0
    runs: tuple[Run, ...] | None = None
    earlier: tuple[Revision, ...] = ()


@dataclass(frozen=True, slots=True)
class TagFile:
    """A member of a part that is made, not read from a store.

    Its contents are `text`, or, where that is None, the bytes `first` to `stop` of the manifest of
    `revision`. A name that ends with a slash is a directory's.
    """

    name: str
    size: int
    crc32: int
    text: str | None
    revision: int = 0
    first: int = 0
    stop: int = 0


def part_list_name(number: int) -> str:
    """The list of one part's members, in the bag."""
    return f"part-{number:05d}.sha256"


def _sum_line(content: str, name: str) -> str:
    return f"{hashlib.sha256(content.encode()).hexdigest()}  {name}\n"


def tag_files(
    package: Package,
    octets: int,
    files: int,
    manifest: Lines,
    lists: Sequence[Lines],
) -> dict[str, str]:
    """The small tag files by name; the manifest itself is too large to be one of them.

    `lists` has the lines of each part's members.
    """
    day = datetime.fromtimestamp(package.frozen, UTC).date().isoformat()
    info = (
        f"Bag-Software-Agent: Starhaul\nBagging-Date: {day}\n"
        f"External-Identifier: {package.job_id}\nPayload-Oxum: {octets}.{files}\n"
    )
    sums = [
        _sum_line(_BAGIT, _DECLARATION),
        _sum_line(info, _INFO),
        f"{manifest.sha256()}  {MANIFEST}\n",
        *(f"{lines.sha256()}  {part_list_name(n)}\n" for n, lines in enumerate(lists, start=1)),
    ]
    return {_DECLARATION: _BAGIT, _INFO: info, TAG_MANIFEST: "".join(sums)}


def _text_file(name: str, text: str) -> TagFile:
    content = text.encode()
    return TagFile(name, len(content), zlib.crc32(content), text)


def part_files(
    number: int,
    revision: Revision,
    manifests: Mapping[int, Lines],
    lines: tuple[int, Lines],
) -> list[TagFile]:
    """The tag files at the beginning of a part that `revision` made, in order.

    `manifests` are those of each revision; `lines` are the part's own, of the manifest of the
    revision with that number.
    """

    def of_manifest(name: str, revision: int, lines: Lines) -> TagFile:
        return TagFile(name, len(lines), lines.crc32(), None, revision, lines.first, lines.stop)

    files = []
    if number == 1:
        files.append(_text_file(PAYLOAD, ""))
    if number == 1 or not len(lines[1]):
        tags = revision.tags
        files += [_text_file(name, tags[name]) for name in (_DECLARATION, _INFO)]
        files.append(of_manifest(MANIFEST, revision.number, manifests[revision.number]))
        files.append(_text_file(TAG_MANIFEST, tags[TAG_MANIFEST]))
    files.append(of_manifest(part_list_name(number), *lines))
    return files
