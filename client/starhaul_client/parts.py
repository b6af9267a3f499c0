"""The parts of a job in their order: opened ahead, filled, verified, unpacked, looked at again."""

import os
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from starhaul_client.answers import Head, Hole
from starhaul_client.bag import TAG_MANIFEST
from starhaul_client.download import Download, OpenPart
from starhaul_client.errors import FetchError, PartFailed
from starhaul_client.index import Entry, IndexWriter, entries, is_index_of, tag_entries
from starhaul_client.job import Job, Part
from starhaul_client.package import Package
from starhaul_client.part_file import PartFile
from starhaul_client.progress import Display
from starhaul_client.repair import checked, repair
from starhaul_client.session import Session
from starhaul_client.unpack import Nowhere, Unpacked
from starhaul_client.walk import Walk

STATE = ".starhaul-fetch"
# Parts are opened ahead of the one that is verified, so that no connection is idle.
_AHEAD_BYTES = 256 << 20
_AHEAD_PARTS = 64


@dataclass(frozen=True, slots=True)
class _Opened:
    """A part that is on its way, was unpacked by an earlier run (no `open`), or cannot be had."""

    part: Part
    head: Head | None = None
    open: OpenPart | None = None
    error: PartFailed | None = None


@dataclass(frozen=True, slots=True)
class _Filled:
    """A part as a walk sees it."""

    download: Download
    open: OpenPart

    @property
    def size(self) -> int:
        """Of the part, in bytes."""
        return self.open.part.size

    def read_some(self, first: int, limit: int) -> bytes:
        """From 1 to `limit` bytes from `first` on, once they are there."""
        return self.open.file.read_some(first, limit)

    def again(self, first: int, stop: int) -> None:
        """Have wrong bytes fetched once more."""
        self.download.again(self.open, first, stop)


class Parts:
    """The parts of a job in their order, and what becomes of them."""

    def __init__(
        self,
        session: Session,
        job: Job,
        package: Package,
        directory: Path,
        unpack: bool,
        connections: int,
        display: Display,
    ) -> None:
        self.files = self.size = 0
        self._session = session
        self._job = job
        self._directory = directory
        self._unpack = unpack
        self._connections = connections
        self._display = display
        self._package = package
        self._opened: deque[_Opened] = deque()
        self._next = 0
        self._download = Download(session, connections, display.arrived)

    def places(self) -> tuple[Path, ...]:
        """Where the files are."""
        if self._unpack:
            return (self._directory / self._package.name,)
        return tuple(self._directory / part.name for part in self._job.parts)

    def run(self) -> None:
        """Download, verify and perhaps unpack every part."""
        self._display.begin(self._job.size)
        try:
            while self._next < len(self._job.parts) or self._opened:
                self._look_ahead()
                try:
                    self._part(self._opened.popleft())
                except PartFailed as error:
                    self._package.gaps.append(error)
        except FetchError as error:
            raise self._download.error or error from None
        finally:
            self._download.close()
        self._package.end()
        if not self._package.failures:
            self._clear()

    def _clear(self) -> None:
        """Once all is there: delete what was begun of parts that a repair has replaced."""
        wanted = {part.name for part in self._job.parts}
        for journal in (self._directory / STATE).glob(f"{self._package.name}-*.journal"):
            name = journal.name.removesuffix(".journal")
            if name not in wanted:
                (self._directory / f"{name}.part").unlink(missing_ok=True)
                journal.unlink()

    def _look_ahead(self) -> None:
        """Open the next part, and those behind it as far as connections may get."""
        parts = self._job.parts
        while self._next < len(parts) and len(self._opened) < _AHEAD_PARTS:
            ahead = sum(each.part.size for each in self._opened)
            if len(self._opened) > 1 and ahead > _AHEAD_BYTES:
                break
            part = parts[self._next]
            self._next += 1
            try:
                self._opened.append(self._open(part))
            except PartFailed as error:
                self._opened.append(_Opened(part, error=error))

    def _index_of(self, part: Part) -> Path:
        return self._directory / STATE / f"{part.name}.index"

    def _open(self, part: Part) -> _Opened:
        head = self._session.head(part.url)
        if head.size != part.size:
            raise PartFailed(f"{part.url} has {head.size} bytes, its job says {part.size}")
        if self._unpack and is_index_of(self._index_of(part), head.etag, head.size):
            self._display.present(part.size)
            return _Opened(part, head)
        file = PartFile(self._directory, self._directory / STATE, part.name, part.size, head.etag)
        self._display.present(file.present_at_start)
        opened = OpenPart(part, head, file)
        self._download.fill(opened)
        return _Opened(part, head, opened)

    def _part(self, opened: _Opened) -> None:
        if opened.error is not None:
            raise opened.error
        assert opened.head is not None
        if opened.open is None:
            self._check_unpacked(opened.part, opened.head)
        elif not self._walk(opened.open) and not self._walk(opened.open):
            raise PartFailed(f"{opened.part.name} is not what the archive's Repr-Digest says")

    def _walk(self, opened: OpenPart) -> bool:
        """Verify a part while it comes; False where its members are right but not the whole, and
        all of it is asked for again."""
        part, file, begin = opened.part, opened.file, self._package.wanted.position
        ground = Unpacked(self._directory) if self._unpack else Nowhere()
        walk = Walk(part.name, self._package, _Filled(self._download, opened), ground)
        index = None
        if self._unpack:
            index = IndexWriter(self._index_of(part), opened.head.etag, part.size)
        files = size = 0
        try:
            for found in walk:
                if index is not None:
                    index.add(Entry(found.sha256, found.offset, found.size, found.path))
                if found.is_payload:
                    files, size = files + 1, size + found.size
                    self._display.verified()
        except BaseException:
            if index is not None:
                index.abandon()
            raise
        digest = walk.sha256()
        if self._differs(opened, digest):
            self._download.again(opened, 0, part.size)
            self._package.wanted.position = begin
            return False
        self.files, self.size = self.files + files, self.size + size
        self._settle(file, index, failed=digest is None)
        return True

    def _differs(self, opened: OpenPart, found: str | None) -> bool:
        """Whether the archive knows another hash of the whole part, now at the latest."""
        known = opened.head.sha256 or self._session.head(opened.part.url).sha256
        return known is not None and found is not None and known != found

    def _settle(self, file: PartFile, index: IndexWriter | None, *, failed: bool) -> None:
        """Name what is complete; leave what is not as it is, for another run."""
        if index is None:
            if not failed:
                file.finish()
        elif failed:
            index.abandon()
        else:
            # What was unpacked is on the disk before the part it came from goes.
            os.sync()
            index.keep()
            if file.was_complete:
                file.finish()
            else:
                file.discard()

    def _check_unpacked(self, part: Part, head: Head) -> None:
        """Look at the files of a part again, and repair them."""
        package = self._directory / self._package.name
        ground = Unpacked(self._directory)
        superseded = self._renewed_behind(part)
        for entry, good in checked(package, entries(self._index_of(part)), self._connections):
            if entry.path in superseded:
                continue
            if not good:
                self._display.say(f"repairing {package / entry.path}")
                try:
                    repair(
                        self._session,
                        part,
                        head,
                        entry,
                        ground,
                        self._package.name,
                        self._display.arrived,
                    )
                except (Hole, PartFailed) as error:
                    self._package.lost(entry.path, error)
                    continue
            self._there(entry, package)

    def _there(self, entry: Entry, package: Path) -> None:
        """Count a member that was unpacked, and is right."""
        if entry.is_payload:
            self._package.came(entry.path)
            self.files, self.size = self.files + 1, self.size + entry.size
            self._display.verified()
        else:
            self._package.tags.seen[entry.path] = entry.sha256
        if entry.path == TAG_MANIFEST:
            self._package.tags.learn((package / entry.path).read_bytes(), {})

    def _renewed_behind(self, part: Part) -> set[str]:
        """Tag files that a later part brought again: parts of a repaired package do."""
        behind = self._job.parts[self._job.parts.index(part) + 1 :]
        indexes = [index for index in map(self._index_of, behind) if index.exists()]
        return {entry.path for index in indexes for entry in tag_entries(index)}
