"""One part on the disk while it grows: written by many connections, read behind them in order."""

import os
import threading
from pathlib import Path

from starhaul_client import journal
from starhaul_client.answers import Hole
from starhaul_client.disk import cannot_write, sync_directory
from starhaul_client.errors import FetchError, Stopped
from starhaul_client.extents import Extents
from starhaul_client.journal import Journal

_ADOPTED_AT_ONCE = 1 << 20
_LOOK_S = 0.5


class PartFile:
    """NAME below `directory`: NAME.part with a journal in `state` until all of it is verified.

    `size` is in bytes; `etag` names the version of the part. What an earlier run left is kept
    as far as it is of this version, and so is the beginning that another program left.
    """

    def __init__(self, directory: Path, state: Path, name: str, size: int, etag: str) -> None:
        self.name = name
        self.size = size
        self.etag = etag
        self.path = directory / name
        self.partial = directory / f"{name}.part"
        self.journal_path = state / f"{name}.journal"
        self.was_complete = False
        self._failure: Exception | None = None
        self._holes: list[Hole] = []
        self._changed = threading.Condition()
        self._journal: Journal | None = None
        self._file = -1
        self.extents = self._open()
        self.present_at_start = self.extents.total

    def _open(self) -> Extents:
        if self.path.exists():
            found = self.path.stat().st_size
            if found == self.size:
                self.was_complete = True
                self._file = os.open(self.path, os.O_RDWR)
                extents = Extents()
                extents.add(0, self.size)
                return extents
            if found > self.size:
                raise FetchError(
                    f"{self.path} has {found} bytes, but the part of that name has {self.size}: "
                    "it is another file; move it away, or choose another directory with --into"
                )
            if not self.partial.exists():
                self.path.rename(self.partial)
                self._file = os.open(self.partial, os.O_RDWR)
                return self._adopt(found)
        self._file = os.open(self.partial, os.O_RDWR | os.O_CREAT, 0o666)
        if self.journal_path.exists():
            known = journal.read(self.journal_path, self._file, self.etag, self.size)
            if known is not None:
                extents, length = known
                self._journal = Journal(self.journal_path, length)
                return extents
        os.ftruncate(self._file, 0)
        self._journal = journal.begin(self.journal_path, self.etag, self.size)
        return Extents()

    def _adopt(self, stop: int) -> Extents:
        """Take what is there up to `stop` into a journal, as if it had come now."""
        self._journal = journal.begin(self.journal_path, self.etag, self.size)
        extents = Extents()
        for offset in range(0, stop, _ADOPTED_AT_ONCE):
            content = os.pread(self._file, min(_ADOPTED_AT_ONCE, stop - offset), offset)
            self._journal.add(offset, memoryview(content))
            extents.add(offset, offset + len(content))
        return extents

    def write(self, offset: int, content: memoryview) -> None:
        """Put bytes that came into the file; DiskFull where there is no room."""
        assert self._journal is not None
        try:
            self._journal.add(offset, content)
            done = 0
            while done < len(content):
                done += os.pwrite(self._file, content[done:], offset + done)
        except OSError as error:
            raise cannot_write(error, self.partial) from error
        with self._changed:
            self.extents.add(offset, offset + len(content))
            self._changed.notify_all()

    def read_some(self, first: int, limit: int) -> bytes:
        """The bytes from `first` on, at least one and at most `limit`; waits until one is there.

        Raises Hole where it never will be, and what `fail` was given.
        """
        with self._changed:
            while (stop := min(self.extents.reach(first), first + limit)) == first:
                for hole in self._holes:
                    if hole.first <= first < hole.stop:
                        raise hole
                if self._failure is not None:
                    raise self._failure
                self._changed.wait(_LOOK_S)
        content = os.pread(self._file, stop - first, first)
        if not content:
            raise FetchError(f"somebody made {self.partial} shorter; run the same command again")
        return content

    def missing(self) -> list[tuple[int, int]]:
        """What has to be asked for, in order."""
        with self._changed:
            return self.extents.missing(0, self.size)

    def forget(self, first: int, stop: int) -> list[tuple[int, int]]:
        """Take bytes for absent that are not what they should be; which ones were.

        Where the journal tells which pages changed on the disk, these alone; else all of them.
        """
        if not self.partial.exists():
            self.path.rename(self.partial)
        known = None
        if self.journal_path.exists():
            known = journal.read(
                self.journal_path, self._file, self.etag, self.size, within=(first, stop)
            )
        if self._journal is None:
            if known is None:
                self._adopt(self.size)
            else:
                self._journal = Journal(self.journal_path, known[1])
        changed = [] if known is None else known[0].missing(first, stop)
        changed = changed or [(first, stop)]
        with self._changed:
            for each in changed:
                self.extents.remove(*each)
        return changed

    def add_hole(self, hole: Hole) -> None:
        """Let readers know that bytes will never come."""
        with self._changed:
            self._holes.append(hole)
            self._changed.notify_all()

    def fail(self, failure: Exception) -> None:
        """Let readers know that nothing more will come."""
        with self._changed:
            self._failure = self._failure or failure
            self._changed.notify_all()

    @property
    def whole(self) -> bool:
        """Whether every byte is there."""
        with self._changed:
            return self.extents.missing(0, self.size) == []

    def finish(self) -> None:
        """Give the file its name: it is on the disk and has been verified."""
        if self.partial.exists():
            os.fsync(self._file)
            self.partial.rename(self.path)
            sync_directory(self.path.parent)
        self.close()

    def discard(self) -> None:
        """Delete the file: its members are verified where they were unpacked."""
        self.close()
        self.partial.unlink(missing_ok=True)
        self.journal_path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the descriptors; what is on the disk stays."""
        self.fail(Stopped(f"{self.name} is closed"))
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        if self._journal is not None:
            self._journal.close()
            self._journal = None
