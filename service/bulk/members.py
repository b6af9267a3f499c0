"""The members of a part as plain values, many made at once: small files go by the thousand."""

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from service.bulk.layout import Layout, Members, PartPlan
from service.storage.ahead import Opener
from service.storage.laying import Integers, Pieces, lay
from service.storage.ranges import Span
from service.storage.state import Damaged, FileState
from service.storage.store import OpenFile, Store

_DIGEST_COLUMN = 64 + 2  # before the path in a line of the manifest
_ROWS = 512  # members made at once
_STATE = ("size", "mtime_ns", "ctime_ns", "inode")


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


@dataclass(frozen=True)
class Batch:
    """Members that follow each other in a part; `stores` are the collections' by id."""

    layout: Layout
    stores: Mapping[int, Store]
    rows: Members
    headers: Pieces

    def __len__(self) -> int:
        return len(self.rows)

    def start(self, index: int) -> int:
        """Where the header of one begins in the part."""
        return int(self.rows["start"][index])

    def octets(self, index: int) -> int:
        """What one takes, with its header."""
        first, stop = self.headers.spans[index].tolist()
        return int(stop - first + self._padded[index])

    @property
    def end(self) -> int:
        """Where what follows them begins in the part."""
        last = self.rows[-1]
        return int(last["start"] + last["header"]) + self.layout.form.padded(int(last["size"]))

    def member(self, index: int) -> Member:
        """One of them."""
        row = self.rows[index]
        start, size, mtime_ns = int(row["start"]), int(row["size"]), int(row["mtime_ns"])
        contents = start + int(row["header"])
        first = int(row["source"])
        stop = first + int(row["source_bytes"])
        between = stop - int(row["etag_bytes"])
        etag = str(self.layout.sources[between:stop], "utf-8")  # "" for files
        return Member(
            seq=int(row["seq"]),
            start=start,
            contents=contents,
            end=contents + self.layout.form.padded(size),
            size=size,
            header=self.headers.piece(index),
            store=self.stores[int(row["collection"])],
            source=str(self.layout.sources[first:between], "utf-8"),
            state=FileState(size, mtime_ns, int(row["ctime_ns"]), int(row["inode"]), etag),
            sha256=bytes(row["sha256"]),
        )

    def lay(self, first: int, stop: int, room: memoryview) -> tuple[int, int]:
        """Lay members from `first` to before `stop` into a buffer, as `service.storage.laying.Lay`
        has it, or those of the first one's collection; its store is a directory."""
        stop = min(stop, self._run_ends[bisect_right(self._run_ends, first)])
        return lay(
            self.stores[int(self.rows["collection"][first])].root,
            self.headers.between(first, stop),
            self._paths.between(first, stop),
            self._states[first:stop],
            self._padded[first:stop],
            room,
        )

    @cached_property
    def _run_ends(self) -> list[int]:
        """Where those end that follow each other and are of one collection."""
        collections = self.rows["collection"]
        changes = np.flatnonzero(collections[1:] != collections[:-1]) + 1
        return [*changes.tolist(), len(self)]

    @cached_property
    def _paths(self) -> Pieces:
        """Below the roots of their collections."""
        first = self.rows["source"]
        lengths = self.rows["source_bytes"] - self.rows["etag_bytes"]
        return Pieces(self.layout.sources, np.column_stack((first, first + lengths)))

    @cached_property
    def _states(self) -> Integers:
        return np.column_stack([self.rows[fact] for fact in _STATE])

    @cached_property
    def _padded(self) -> Integers:
        return np.ascontiguousarray(self.layout.form.padded_sizes(self.rows["size"]))


def batches(
    layout: Layout, plan: PartPlan, stores: Mapping[int, Store], span: Span
) -> Iterator[Batch]:
    """The members that a span of a part touches, in order; `stores` are the collections' by id."""
    every = np.asarray(layout.members)[plan.first : plan.stop]  # slices of a memmap are slow
    starts = every["start"]
    # NumPy's own search would copy the column, out of all pages of the part's members.
    begin = max(bisect_right(starts, span.first) - 1, 0)
    end = bisect_left(starts, span.stop)
    for first in range(begin, end, _ROWS):
        rows = every[first : min(first + _ROWS, end)]
        headers = layout.form.headers(
            _names(layout, rows), rows["size"], rows["mtime_ns"] // 10**9, rows["crc32"]
        )
        stops = np.cumsum(rows["header"])
        spans = np.column_stack((stops - rows["header"], stops))
        yield Batch(layout, stores, rows, Pieces(headers, spans))


def _names(layout: Layout, rows: Members) -> list[bytes]:
    """The paths in the part."""
    prefix, lines = f"{layout.name}/".encode(), rows["line"]
    ends = lines + rows["line_bytes"] - 1
    first, stop = int(lines[0]), int(ends[-1])
    near = bytes(layout.manifest[first:stop])  # of a mapping each slice would cost as much
    begins = (lines + (_DIGEST_COLUMN - first)).tolist()
    return [prefix + near[b:e] for b, e in zip(begins, (ends - first).tolist(), strict=True)]
