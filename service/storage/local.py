"""Publishers' files in a directory, opened only as the file that ingest saw.

A path is relative to the collection's root and never leaves it by its text. Symbolic links are
followed, as ingest followed them: archives are often trees of links. A link that is turned to
another file after ingest is refused, because size, mtime and inode are compared at each opening.
"""

import errno
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from service.storage.ranges import Span
from service.storage.state import Changed, Damaged, FileState, away, difference, state_of

# Of the network, or of this process: the file may be as it was.
_PASSING = {
    *(errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.ESTALE, errno.ETIMEDOUT),
    *(errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENOTCONN, errno.ECONNREFUSED),
    *(errno.ECONNRESET, errno.ENODEV, errno.ENXIO),
}


class UnsafePath(ValueError):
    """A stored path that would leave its root."""


def path_below(root: str, path: str) -> str:
    """The path of a file below `root`; UnsafePath for an absolute one or one with `..`."""
    if not path or path[0] == "/" or "\0" in path or (".." in path and ".." in path.split("/")):
        raise UnsafePath(path)
    return f"{root}/{path}"


class LocalFile:
    """An open file whose state was the known one when it was opened."""

    __slots__ = ("_fd", "name", "state")

    def __init__(self, fd: int, state: FileState, name: str) -> None:
        self._fd = fd
        self.state = state
        self.name = name

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._fd)

    def read_into(self, buffer: bytearray | memoryview, offset: int) -> int:
        """Fill `buffer` from `offset` on; the number of bytes read, less only at the file's end.

        Damaged where the file cannot be read.
        """
        try:
            return os.preadv(self._fd, [buffer], offset)
        except OSError as error:
            if error.errno in _PASSING:
                raise away() from error
            raise Damaged(f"the file {self.name} cannot be read: {error.strerror}") from error

    def verify(self) -> None:
        """Damaged where the file has changed since it was opened."""
        if state_of(os.fstat(self._fd)) != self.state:
            raise Changed(f"the file {self.name} was changed while it was being read")

    def sha256(self) -> bytes:
        """The checksum of the whole file as it is now."""
        with os.fdopen(os.dup(self._fd), "rb", buffering=0) as stream:
            stream.seek(0)  # the place is shared: a second call begins where the first began
            return hashlib.file_digest(stream, "sha256").digest()


@dataclass(frozen=True, slots=True)
class LocalStore:
    """The files below a directory."""

    root: str
    distant: ClassVar[bool] = False

    def open(
        self, path: str, known: FileState, sha256: bytes, wanted: Span | None = None
    ) -> LocalFile:
        """Open the file that was ingested as `path`; which bytes are `wanted` is all one here.

        Damaged where it vanished, cannot be read, or is another one by size, mtime or inode, or,
        where its ctime alone differs, by its checksum. Unavailable where the whole root is away,
        and where what failed may pass.
        """
        full = path_below(self.root, path)
        try:
            fd = os.open(full, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError as error:
            if self._is_away():
                raise away() from error
            raise Damaged(f"the file {path} has vanished from the archive's store") from error
        except OSError as error:
            if error.errno in _PASSING:
                raise away() from error
            raise Damaged(f"the file {path} cannot be opened: {error.strerror}") from error
        opened = state_of(os.fstat(fd))
        file = LocalFile(fd, opened, path)
        if opened != known:
            try:
                _examine(file, known, opened, sha256)
            except BaseException:
                os.close(fd)
                raise
        return file

    def _is_away(self) -> bool:
        """Whether the root is not there, or has nothing in it: a disk that is not mounted."""
        try:
            with os.scandir(self.root) as entries:
                return next(entries, None) is None
        except OSError:
            return True

    def read_whole(self, path: str, known: FileState, buffer: memoryview) -> bool:
        """Fill `buffer` with a file as it was ingested, all of it.

        False where it is not the known one, or cannot be read: `open` says why. Compared after it
        was read, once: no write before that leaves or brings back the known ctime. Most of the
        time of small files goes here.
        """
        try:
            fd = os.open(path_below(self.root, path), os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError:
            return False
        try:
            return os.preadv(fd, [buffer], 0) == known.size and _is_known(os.fstat(fd), known)
        except OSError:
            return False
        finally:
            os.close(fd)

    def open_listed(self, path: str, listed: FileState) -> LocalFile:
        """Open a file as it is now; OSError where it cannot be opened."""
        fd = os.open(path_below(self.root, path), os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        return LocalFile(fd, state_of(os.fstat(fd)), path)

    def whole(self, path: str) -> bytes | None:
        """A small file that may be any; None where there is none that can be read."""
        try:
            return Path(path_below(self.root, path)).read_bytes()
        except OSError:
            return None


def _is_known(stat: os.stat_result, known: FileState) -> bool:
    return (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, "") == known


def _examine(file: LocalFile, known: FileState, opened: FileState, sha256: bytes) -> None:
    reason = difference(known, opened)
    if reason is None and file.sha256() != sha256:
        reason = "its contents were changed after it was ingested"
    if reason is not None:
        raise Changed(f"the file {file.name} is not the one that was ingested: {reason}")
