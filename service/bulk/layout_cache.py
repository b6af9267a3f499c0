"""Layouts below the home directory, made again from PostgreSQL where they are missing."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias
from weakref import WeakValueDictionary

from service.bulk.arrangement import COPIED_FILE, write_layout
from service.bulk.bag import Package
from service.bulk.cache import being_made, directory_of, keep, mark_used
from service.bulk.layout import MANIFEST, SOURCES, Layout, manifest_file, read_layout
from service.bulk.pruning import prune
from service.config import Settings

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]

_OPEN_LAYOUTS = 64
_CHUNK_BYTES = 1 << 20
_MARK_S = 60.0  # how often the use of a layout is noted

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


# The manifest of an earlier revision: a member was then what the first repair after it replaced.
_EARLIER_LINES = """
SELECT encode(sha256, 'hex') || '  data/' || path FROM (
    SELECT seq, path, sha256 FROM bulk.member
    WHERE package_id = $1 AND status = 'ok' AND NOT EXISTS (
        SELECT FROM bulk.superseded AS before
        WHERE before.package_id = $1 AND before.seq = member.seq AND before.until > $2)
    UNION ALL
    (SELECT DISTINCT ON (seq) seq, path, sha256 FROM bulk.superseded
     WHERE package_id = $1 AND until > $2 ORDER BY seq, until)
) AS lines ORDER BY seq
"""


async def build(
    connection: "Connection", settings: Settings, package_id: int, package: Package
) -> Layout:
    """Make a package's layout from its frozen members, and keep it under its digest.

    DiskFull where there is no room for it; the least recently used ones have gone before.
    """
    cache = directory_of(settings)
    with being_made(cache) as directory:
        await _copy(connection, directory, package_id, package)
        layout = await asyncio.to_thread(write_layout, directory, package)
        keep(directory, layout.digest)
        await asyncio.to_thread(prune, cache, settings.bulk_cache_bytes, layout.digest)
        return layout


async def _copy(
    connection: "Connection", directory: Path, package_id: int, package: Package
) -> None:
    """The members as numbers, lines of the manifest, and sources; the carried manifests."""
    await _keep(connection, directory / COPIED_FILE, "binary", _NUMBERS, package_id)
    await _keep(connection, directory / SOURCES, "binary", _SOURCES, package_id)
    await _keep(connection, directory / MANIFEST, "text", _LINES, package_id)
    for revision in package.earlier:
        if revision.tags and revision.number != package.revision:
            file = directory / manifest_file(revision.number, package.revision)
            await _keep(connection, file, "text", _EARLIER_LINES, package_id, revision.number)


async def _keep(
    connection: "Connection", path: Path, form: Literal["binary", "text"], sql: str, *values: int
) -> None:
    """Copy the rows of a query to a file, more at once than asyncpg by itself writes."""
    kept = bytearray()
    with path.open("wb") as file:

        async def collect(data: bytes) -> None:
            kept.extend(data)
            if len(kept) >= _CHUNK_BYTES:
                await asyncio.to_thread(file.write, bytes(kept))
                kept.clear()

        await connection.copy_from_query(sql, *values, output=collect, format=form)
        await asyncio.to_thread(file.write, kept)


@dataclass(slots=True)
class _Open:
    layout: Layout
    marked: float = 0.0  # when its use was noted, on the monotonic clock


@dataclass
class LayoutCache:
    """The layouts that this process has mapped, the least recently used going first."""

    directory: Path
    _open: OrderedDict[str, _Open] = field(default_factory=OrderedDict)
    _building: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    async def get(self, digest: str, build: Callable[[], Awaitable[Layout]]) -> Layout:
        """A layout; where this host does not have it, `build` makes it, once for all who ask."""
        layout = self._find(digest)
        if layout is None:
            lock = self._building.setdefault(digest, asyncio.Lock())
            async with lock:
                layout = self._find(digest) or await build()
        return layout

    def _find(self, digest: str) -> Layout | None:
        found = self._open.get(digest)
        try:
            if found is None:
                found = _Open(read_layout(self.directory / digest))
                self._open[digest] = found
                while len(self._open) > _OPEN_LAYOUTS:
                    self._open.popitem(last=False)
            self._open.move_to_end(digest)
            now = time.monotonic()
            if now - found.marked > _MARK_S:
                mark_used(self.directory / digest)
                found.marked = now
        except FileNotFoundError:  # pruned
            self._open.pop(digest, None)
            return None
        return found.layout
