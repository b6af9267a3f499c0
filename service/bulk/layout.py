"""Where each byte of each part comes from: arithmetic over frozen members, kept in arrays.

The arrays are a cache below the home directory, memory-mapped; they are made again from
PostgreSQL by `layout_cache` and are the same each time, as is the digest that names them.
"""

import hashlib
import json
import mmap
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from service.bulk import bag, tar

# Raise it whenever the bytes of a part change for the same members: it is part of the digest.
_VERSION = "starhaul-layout-1"

MEMBER = np.dtype(
    [
        ("seq", "<i4"),
        ("collection", "<i4"),
        ("start", "<i8"),  # of its header, in its part
        ("header", "<i8"),  # bytes of its header
        ("size", "<i8"),
        ("mtime_ns", "<i8"),
        ("ctime_ns", "<i8"),
        ("inode", "<i8"),
        ("line", "<i8"),  # of the manifest: where it begins, and its bytes with the newline
        ("line_bytes", "<i4"),
        ("source_bytes", "<i4"),
        ("etag_bytes", "<i2"),
        ("source", "<i8"),  # of sources.bin: where its path, followed by its ETag, begins
        ("sha256", "V32"),
    ]
)
# A row of the binary COPY of `layout_cache`: a count of fields, then length and value of each.
COPIED = np.dtype(
    [("fields", ">i2")]
    + [
        field
        for name, kind in (
            ("seq", ">i4"),
            ("collection", ">i4"),
            ("size", ">i8"),
            ("mtime_ns", ">i8"),
            ("ctime_ns", ">i8"),
            ("inode", ">i8"),
            ("path_bytes", ">i4"),
            ("non_ascii", "?"),
            ("source_bytes", ">i4"),
            ("etag_bytes", ">i4"),
            ("sha256", "V32"),
        )
        for field in ((f"{name}_length", ">i4"), (name, kind))
    ]
)
COPY_HEADER_BYTES = 19  # signature, flags, length of the header's extension
_COPIED_NAMES = (
    *("seq", "collection", "size", "mtime_ns", "ctime_ns", "inode"),
    *("source_bytes", "etag_bytes"),
)
_LINE_EXTRA = 64 + 2 + len(bag.PAYLOAD) + 1  # digest, two blanks, data/, newline

MEMBERS, MANIFEST, SOURCES, SUMMARY = (
    "members.npy",
    "manifest-sha256.txt",
    "sources.bin",
    "summary.json",
)

Members = npt.NDArray[np.void]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PartPlan:
    """One part: its members from `first` to before `stop`, where they begin, its size in bytes."""

    first: int
    stop: int
    prologue: int
    size: int


@dataclass(frozen=True)
class Layout:
    """A package as its cache has it. `tags` are the small tag files by name."""

    name: str
    digest: str
    frozen: int
    parts: tuple[PartPlan, ...]
    tags: dict[str, str]
    members: Members
    manifest: memoryview
    sources: memoryview

    def part_list(self, part: PartPlan) -> memoryview:
        """The lines of the manifest for a part's own members."""
        return self.manifest[self._line(part.first) : self._line(part.stop)]

    def _line(self, index: int) -> int:
        if index == len(self.members):
            return len(self.manifest)
        return int(self.members["line"][index])


def _lines_of(name: str) -> str:
    return f"{name}/{bag.PAYLOAD}"


def plan_parts(costs: Integers, part_size: int, first_extra: int) -> list[tuple[int, int]]:
    """Cut members into runs of at most `part_size` bytes, each of at least one member.

    `costs` are bytes a member takes; `first_extra` is what the first part holds beside members.
    """
    ends = np.concatenate([[0], np.cumsum(costs)])
    runs: list[tuple[int, int]] = []
    first, budget = 0, part_size - first_extra
    while first < len(costs):
        stop = int(np.searchsorted(ends, ends[first] + budget, side="right")) - 1
        stop = max(stop, first + 1)
        runs.append((first, stop))
        first, budget = stop, part_size
    return runs or [(0, 0)]


def arrange(copied: npt.NDArray[np.void], name: str) -> Members:
    """The members' array but for `start`, from the rows as COPY gave them."""
    members = np.zeros(len(copied), dtype=MEMBER)
    for field in (*_COPIED_NAMES, "sha256"):
        members[field] = copied[field]
    path_bytes = copied["path_bytes"].astype(np.int64)
    names = path_bytes + len(_lines_of(name).encode())
    members["header"] = tar.header_lengths(
        names, copied["non_ascii"], copied["size"].astype(np.int64)
    )
    members["line_bytes"] = path_bytes + _LINE_EXTRA
    members["line"] = _begins(members["line_bytes"].astype(np.int64))
    # A row of a binary COPY with one text: fields (2), length (4), the text.
    sources = _begins(members["source_bytes"].astype(np.int64) + 6)
    members["source"] = COPY_HEADER_BYTES + sources + 6
    return members


def _begins(lengths: Integers) -> Integers:
    return np.cumsum(lengths) - lengths


def write_layout(
    directory: Path, copied: npt.NDArray[np.void], package: bag.Package, part_size: int
) -> Layout:
    """Arrange a package whose manifest and sources lie in `directory`, and write the rest there."""
    members = arrange(copied, package.name)
    manifest = _mapped(directory / MANIFEST)
    entries = members["header"] + -(-members["size"] // tar.BLOCK) * tar.BLOCK
    costs = entries + members["line_bytes"]
    largest_count = 2 + int(costs.sum() // max(part_size - bag.OVERHEAD, 1)) * 2
    extra = bag.OVERHEAD + len(manifest) + largest_count * bag.TAG_LINE
    runs = plan_parts(costs, part_size - bag.OVERHEAD, extra)
    lines = np.append(members["line"], len(manifest))
    lists = [manifest[int(lines[first]) : int(lines[stop])] for first, stop in runs]
    tags = bag.tag_files(package, int(members["size"].sum()), len(members), manifest, lists)
    parts = []
    for number, (first, stop) in enumerate(runs, start=1):
        files = bag.part_files(
            package.name, number, tags, manifest, lists[number - 1], package.frozen
        )
        prologue = sum(len(file.header) + tar.padded(len(file.content)) for file in files)
        members["start"][first:stop] = prologue + _begins(entries[first:stop])
        end = prologue + int(entries[first:stop].sum())
        parts.append(PartPlan(first, stop, prologue, end + len(tar.END)))
    digest = _digest(package, part_size, manifest)
    np.save(directory / MEMBERS, members)
    summary = {
        "name": package.name,
        "digest": digest,
        "frozen": package.frozen,
        "parts": [asdict(part) for part in parts],
        "tags": tags,
    }
    (directory / SUMMARY).write_text(json.dumps(summary))
    return read_layout(directory)


def _digest(package: bag.Package, part_size: int, manifest: memoryview) -> str:
    """Everything that fixes the bytes of all parts, in one sha256."""
    fixed = [_VERSION, package.name, str(part_size), str(package.frozen), package.job_id]
    digest = hashlib.sha256("\0".join(fixed).encode() + b"\0")
    digest.update(manifest)
    return digest.hexdigest()


def read_layout(directory: Path) -> Layout:
    """Map a layout; FileNotFoundError where the cache does not have it."""
    summary = json.loads((directory / SUMMARY).read_text())
    return Layout(
        name=summary["name"],
        digest=summary["digest"],
        frozen=summary["frozen"],
        parts=tuple(PartPlan(**part) for part in summary["parts"]),
        tags=summary["tags"],
        members=np.load(directory / MEMBERS, mmap_mode="r"),
        manifest=_mapped(directory / MANIFEST),
        sources=_mapped(directory / SOURCES),
    )


def _mapped(path: Path) -> memoryview:
    with path.open("rb") as file:
        if path.stat().st_size == 0:
            return memoryview(b"")
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
