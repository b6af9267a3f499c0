"""The members of a part as plain values, many made at once: small files go by the thousand."""

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from service.bulk.layout import Layout, Members, PartPlan
from service.storage.ahead import Opener
from service.storage.ranges import Span
from service.storage.state import Damaged, FileState
from service.storage.store import OpenFile, Store

_DIGEST_COLUMN = 64 + 2  # before the path in a line of the manifest
_ROWS = 256  # members made at once


class Member(NamedTuple):
    """One member of a part. In the part, its header begins at `start`, its `size` bytes begin at
    `contents`, and what follows it at `end`."""

    seq: int
    start: int
    contents: int
    end: int
    size: int
    header: bytes
    store: Store
    source: str
    state: FileState
    sha256: bytes

    def open(self) -> OpenFile:
        """The publisher's file; fails as `Store.open` does."""
        return self.store.open(self.source, self.state, self.sha256)

    def read_whole(self, buffer: memoryview) -> bool:
        """As `Store.read_whole`."""
        return self.store.read_whole(self.source, self.state, buffer)


class Hashed(NamedTuple):
    """Opens the file of a member as `opener` does, and compares it with its checksum first."""

    opener: Opener
    source: str
    sha256: bytes

    def open(self) -> OpenFile:
        """The open file; Damaged where it is not the frozen one, whatever its state says."""
        file = self.opener.open()
        try:
            if file.sha256() != self.sha256:
                raise Damaged(
                    f"the file {self.source} is not the one that was ingested: its contents have "
                    "changed though neither its size nor its times show it"
                )
        except BaseException as error:
            file.__exit__(type(error), error, error.__traceback__)
            raise
        return file

    def read_whole(self, buffer: memoryview) -> bool:
        """As `Store.read_whole`, and the contents compared."""
        return self.opener.read_whole(buffer) and (hashlib.sha256(buffer).digest() == self.sha256)


def members(
    layout: Layout, plan: PartPlan, stores: Mapping[int, Store], span: Span
) -> Iterator[Member]:
    """The members that a span of a part touches, in order; `stores` are the collections' by id."""
    every = np.asarray(layout.members)[plan.first : plan.stop]  # slices of a memmap are slow
    starts = every["start"]
    # NumPy's own search would copy the column, out of all pages of the part's members.
    begin = max(bisect_right(starts, span.first) - 1, 0)
    end = bisect_left(starts, span.stop)
    for first in range(begin, end, _ROWS):
        yield from _made(layout, stores, every[first : min(first + _ROWS, end)])


def _made(layout: Layout, stores: Mapping[int, Store], rows: Members) -> Iterator[Member]:
    names = _names(layout, rows)
    sizes, mtimes = rows["size"], rows["mtime_ns"]
    contents = rows["start"] + rows["header"]
    headers = layout.form.headers(names, sizes, mtimes // 10**9, rows["crc32"])
    paths, etags = _sources(layout, rows)
    known = (sizes, mtimes, rows["ctime_ns"], rows["inode"])
    return map(
        Member,
        rows["seq"].tolist(),
        rows["start"].tolist(),
        contents.tolist(),
        (contents + layout.form.padded_sizes(sizes)).tolist(),
        sizes.tolist(),
        headers,
        [stores[collection] for collection in rows["collection"].tolist()],
        paths,
        map(FileState, *(facts.tolist() for facts in known), etags),
        rows["sha256"].tolist(),
    )


def _names(layout: Layout, rows: Members) -> list[bytes]:
    """The paths in the part."""
    prefix, manifest = f"{layout.name}/".encode(), layout.manifest
    begins = (rows["line"] + _DIGEST_COLUMN).tolist()
    ends = (rows["line"] + rows["line_bytes"] - 1).tolist()
    return [prefix + manifest[b:e] for b, e in zip(begins, ends, strict=True)]


def _sources(layout: Layout, rows: Members) -> tuple[list[str], list[str]]:
    """The paths below the collections' roots, and the ETags of objects, "" for files."""
    begins, ends = rows["source"], rows["source"] + rows["source_bytes"]
    between = ends - rows["etag_bytes"]
    cuts = list(zip(begins.tolist(), between.tolist(), ends.tolist(), strict=True))
    sources = layout.sources
    return (
        [str(sources[b:c], "utf-8") for b, c, _ in cuts],
        [str(sources[c:e], "utf-8") if c < e else "" for _, c, e in cuts],
    )
