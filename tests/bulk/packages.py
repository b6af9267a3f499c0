"""Small packages of real files, arranged without a database."""

import hashlib
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from service.bulk.arrangement import COPIED_FILE, write_layout
from service.bulk.bag import Package
from service.bulk.copied import COPIED
from service.bulk.layout import MANIFEST, SOURCES, Layout
from service.storage.state import FileState, state_of

ROOT_ID = 7
FROZEN = 1_780_000_000
COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)


def make_store(root: Path, files: Sequence[tuple[str, bytes]]) -> None:
    """Write files below `root`."""
    for path, content in files:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)


@dataclass(frozen=True)
class Entry:
    """A member: its path in the package, the file below the store that it is."""

    path: str
    source: str
    state: FileState
    sha256: bytes
    crc32: int
    collection: int = ROOT_ID


def entry(root: Path, source: str, path: str | None = None) -> Entry:
    """The member that a file is."""
    content = (root / source).read_bytes()
    state = state_of((root / source).stat())
    digest = hashlib.sha256(content).digest()
    return Entry(path or source, source, state, digest, zlib.crc32(content))


def arrange(
    root: Path, directory: Path, paths: Sequence[str], part_size: int, form: str = "tar"
) -> Layout:
    """The layout of a package of the files `paths` below `root`."""
    return arrange_entries(directory, [entry(root, path) for path in paths], part_size, form)


def arrange_entries(directory: Path, entries: Sequence[Entry], part_size: int, form: str) -> Layout:
    """The layout of a package, its members as COPY would describe them."""
    directory.mkdir(parents=True, exist_ok=True)
    rows = np.zeros(len(entries), dtype=COPIED)
    lines, sources = [], [COPY_HEADER]
    for seq, (row, each) in enumerate(zip(rows, entries, strict=True)):
        state, source = each.state, each.source.encode()
        row["seq"], row["collection"], row["size"] = seq, each.collection, state.size
        row["mtime_ns"], row["ctime_ns"], row["inode"] = state.mtime_ns, state.ctime_ns, state.inode
        row["path_bytes"], row["source_bytes"] = len(each.path.encode()), len(source)
        row["non_ascii"] = not each.path.isascii()
        row["crc32"] = each.crc32
        row["sha256"] = np.void(each.sha256)
        lines.append(f"{each.sha256.hex()}  data/{each.path}\n")
        sources.append(struct.pack(">hi", 1, len(source)) + source)
    (directory / MANIFEST).write_text("".join(lines))
    (directory / SOURCES).write_bytes(b"".join(sources) + b"\xff\xff")
    (directory / COPIED_FILE).write_bytes(COPY_HEADER + rows.tobytes() + b"\xff\xff")
    return write_layout(directory, Package("bag", "0" * 32, FROZEN, form, part_size))
