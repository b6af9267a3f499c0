"""Where each byte of each part comes from, as arrays that are mapped into memory.

The arrays are a cache below the home directory; `layout_cache` makes them again from PostgreSQL,
by `arrangement`, the same each time, as is the digest that names them.
"""

import json
import mmap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from service.bulk import bag
from service.bulk.form import FORMS, Form

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
        ("record", "<i8"),  # of its line in the directory, in its part
        ("crc32", "<u4"),
        ("sha256", "V32"),
    ]
)
MEMBERS, MANIFEST, SOURCES, SUMMARY = (
    "members.npy",
    bag.MANIFEST,
    "sources.bin",
    "summary.json",
)

Members = npt.NDArray[np.void]


@dataclass(frozen=True, slots=True)
class PartPlan:
    """One part: its tag files, then its members from `first` to before `stop`, then the directory.

    The members begin at byte `prologue`, the directory at byte `directory` and its end at byte
    `end`; `size` is all of it. `digest` stands for all of its bytes. `revision` is the repair that
    made it, 0 for none, at the time `frozen`, in seconds since 1970.
    """

    first: int
    stop: int
    revision: int
    frozen: int
    digest: str
    files: tuple[bag.TagFile, ...]
    prologue: int
    directory: int
    end: int
    size: int


@dataclass(frozen=True)
class Layout:
    """A package as its cache has it. `tags` are the small tag files by name.

    `manifests` has the manifest of each revision that a part carries, `manifest` is the one of now,
    which was frozen at `frozen`, in seconds since 1970.
    """

    name: str
    form: Form
    digest: str
    revision: int
    frozen: int
    parts: tuple[PartPlan, ...]
    tags: dict[str, str]
    members: Members
    manifests: Mapping[int, memoryview]
    sources: memoryview

    @property
    def manifest(self) -> memoryview:
        """The lines `sha256  data/path` of all members."""
        return self.manifests[self.revision]

    def content(self, file: bag.TagFile) -> bytes | memoryview:
        """The contents of a tag file."""
        if file.text is not None:
            return file.text.encode()
        return self.manifests[file.revision][file.first : file.stop]


def manifest_file(revision: int, current: int) -> str:
    """Where a layout keeps the manifest of a revision."""
    return MANIFEST if revision == current else f"manifest-{revision}.txt"


def write_summary(directory: Path, summary: Mapping[str, object]) -> None:
    """Keep what is neither array nor text: the fields of a Layout, its parts by `asdict`."""
    (directory / SUMMARY).write_text(json.dumps(summary))


def _plan(part: dict[str, Any]) -> PartPlan:
    files = tuple(bag.TagFile(**file) for file in part.pop("files"))
    return PartPlan(files=files, **part)


def read_layout(directory: Path) -> Layout:
    """Map a layout; FileNotFoundError where the cache does not have it."""
    summary = json.loads((directory / SUMMARY).read_text())
    current = summary["revision"]
    return Layout(
        name=summary["name"],
        form=FORMS[summary["form"]],
        digest=summary["digest"],
        revision=current,
        frozen=summary["frozen"],
        parts=tuple(_plan(part) for part in summary["parts"]),
        tags=summary["tags"],
        members=np.load(directory / MEMBERS, mmap_mode="r"),
        manifests={n: mapped(directory / manifest_file(n, current)) for n in summary["manifests"]},
        sources=mapped(directory / SOURCES),
    )


def mapped(path: Path) -> memoryview:
    """The bytes of a file, mapped into memory."""
    with path.open("rb") as file:
        if path.stat().st_size == 0:
            return memoryview(b"")
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
