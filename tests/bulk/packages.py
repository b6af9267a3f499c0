"""Small packages of real files, arranged without a database."""

import hashlib
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from service.bulk.arrangement import COPIED, write_layout
from service.bulk.bag import Package
from service.bulk.layout import MANIFEST, SOURCES, Layout
from service.storage.state import state_of

ROOT_ID = 7
FROZEN = 1_780_000_000
_COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)


def make_store(root: Path, files: Sequence[tuple[str, bytes]]) -> None:
    """Write files below `root`."""
    for path, content in files:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)


def arrange(
    root: Path, directory: Path, paths: Sequence[str], part_size: int, form: str = "tar"
) -> Layout:
    """The layout of a package of the files `paths` below `root`, as COPY would describe them."""
    directory.mkdir(parents=True, exist_ok=True)
    rows = np.zeros(len(paths), dtype=COPIED)
    lines, sources = [], [_COPY_HEADER]
    for seq, (row, path) in enumerate(zip(rows, paths, strict=True)):
        content = (root / path).read_bytes()
        state = state_of((root / path).stat())
        digest = hashlib.sha256(content)
        name = path.encode()
        row["seq"], row["collection"], row["size"] = seq, ROOT_ID, state.size
        row["mtime_ns"], row["ctime_ns"], row["inode"] = state.mtime_ns, state.ctime_ns, state.inode
        row["path_bytes"] = row["source_bytes"] = len(name)
        row["non_ascii"] = not path.isascii()
        row["crc32"] = zlib.crc32(content)
        row["sha256"] = np.void(digest.digest())
        lines.append(f"{digest.hexdigest()}  data/{path}\n")
        sources.append(struct.pack(">hi", 1, len(name)) + name)
    (directory / MANIFEST).write_text("".join(lines))
    (directory / SOURCES).write_bytes(b"".join(sources) + b"\xff\xff")
    return write_layout(directory, rows, Package("bag", "0" * 32, FROZEN, form, part_size))
