"""Layouts below the home directory, made again from PostgreSQL where they are missing."""

import asyncio
import shutil
import tempfile
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from service.bulk.arrangement import COPIED, COPY_HEADER_BYTES, write_layout
from service.bulk.bag import Package
from service.bulk.layout import MANIFEST, SOURCES, Layout, read_layout
from service.config import Settings

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

_OPEN_LAYOUTS = 64
_COPIED = "copied.bin"

_NUMBERS = """
SELECT seq, collection_id, size, mtime_ns, ctime_ns, inode, octet_length(path),
       octet_length(path) <> length(path), octet_length(source_path) + octet_length(etag),
       octet_length(etag), crc32, sha256
FROM bulk.member WHERE package_id = $1 AND status = 'ok' ORDER BY seq
"""
# A safe path has neither backslash nor control character: COPY's text format changes nothing.
_LINES = """
SELECT encode(sha256, 'hex') || '  data/' || path
FROM bulk.member WHERE package_id = $1 AND status = 'ok' ORDER BY seq
"""
_SOURCES = """
SELECT source_path || etag FROM bulk.member WHERE package_id = $1 AND status = 'ok' ORDER BY seq
"""


def directory_of(settings: Settings) -> Path:
    """Where this host keeps its layouts."""
    return settings.home / "cache" / "bulk"


async def build(
    connection: "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]",
    cache: Path,
    package_id: int,
    package: Package,
) -> Layout:
    """Make a package's layout from its frozen members, and keep it under its digest."""
    directory = await asyncio.to_thread(_new_directory, cache)
    try:
        await connection.copy_from_query(
            _NUMBERS, package_id, output=directory / _COPIED, format="binary"
        )
        await connection.copy_from_query(
            _LINES, package_id, output=directory / MANIFEST, format="text"
        )
        await connection.copy_from_query(
            _SOURCES, package_id, output=directory / SOURCES, format="binary"
        )
        layout = await asyncio.to_thread(_arrange, directory, package)
        return _keep(directory, cache / layout.digest) or layout
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _new_directory(cache: Path) -> Path:
    cache.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix="new-", dir=cache))


def _arrange(directory: Path, package: Package) -> Layout:
    copied = directory / _COPIED
    count = (copied.stat().st_size - COPY_HEADER_BYTES) // COPIED.itemsize
    rows = np.fromfile(copied, dtype=COPIED, count=count, offset=COPY_HEADER_BYTES)
    layout = write_layout(directory, rows, package)
    copied.unlink()
    return layout


def _keep(directory: Path, kept: Path) -> Layout | None:
    """Move a layout to its place; the one there where another process was faster."""
    try:
        directory.rename(kept)
    except OSError:
        return read_layout(kept)
    return None


@dataclass
class LayoutCache:
    """The layouts that this process has mapped, the least recently used going first."""

    directory: Path
    _open: OrderedDict[str, Layout] = field(default_factory=OrderedDict)

    def find(self, digest: str) -> Layout | None:
        """A layout that this host has, None where it must be built."""
        layout = self._open.get(digest)
        if layout is None:
            try:
                layout = read_layout(self.directory / digest)
            except FileNotFoundError:
                return None
            self._open[digest] = layout
            while len(self._open) > _OPEN_LAYOUTS:
                self._open.popitem(last=False)
        self._open.move_to_end(digest)
        return layout
