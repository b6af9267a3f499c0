"""Members as files on the disk: written under another name until they are verified."""

import hashlib
import os
from pathlib import Path, PurePosixPath

from starhaul_client.containers import Member
from starhaul_client.disk import cannot_write


class Nowhere:
    """Members stay in their part."""

    def directory(self, path: PurePosixPath) -> None:
        """Nothing."""

    def land(self, path: PurePosixPath, member: Member, sha256: str | None) -> "_Nothing":
        """Nothing."""
        return _NOTHING


class _Nothing:
    def add(self, piece: bytes) -> None:
        """Nothing."""

    def keep(self) -> None:
        """Nothing."""

    def abandon(self) -> None:
        """Nothing."""


_NOTHING = _Nothing()


class Unpacked:
    """Members become files below `directory`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._made: set[Path] = set()

    def directory(self, path: PurePosixPath) -> None:
        """Make a directory."""
        self._make(self._directory / path)

    def land(
        self, path: PurePosixPath, member: Member, sha256: str | None
    ) -> "_Nothing | FileLanding":
        """A file that is written; nothing where an earlier run left it as it should be."""
        file = self._directory / path
        self._make(file.parent)
        if sha256 is not None and file_sha256(file, member.size) == sha256:
            return _NOTHING
        return FileLanding(file, member.mtime)

    def _make(self, directory: Path) -> None:
        if directory not in self._made:
            try:
                directory.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise cannot_write(error, directory) from error
            self._made.add(directory)


def file_sha256(file: Path, size: int) -> str | None:
    """The hexadecimal SHA-256 of a file; None where there is none of so many bytes."""
    try:
        with file.open("rb", buffering=0) as stream:
            if os.fstat(stream.fileno()).st_size != size:
                return None
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return None


class FileLanding:
    """A file that gets its name and date once all of it is there and right."""

    def __init__(self, file: Path, mtime: int) -> None:
        self._file = file
        self._mtime_ns = mtime * 10**9
        self._partial = file.with_name(f"{file.name}.part")
        try:
            self._stream = self._partial.open("wb", buffering=0)
        except OSError as error:
            raise cannot_write(error, file) from error

    def add(self, piece: bytes) -> None:
        """Write on; DiskFull where there is no room."""
        rest = memoryview(piece)
        try:
            while rest:
                rest = rest[self._stream.write(rest) :]
        except OSError as error:
            raise cannot_write(error, self._file) from error

    def keep(self) -> None:
        """Give it its name."""
        self._stream.close()
        os.utime(self._partial, ns=(self._mtime_ns, self._mtime_ns))
        self._partial.replace(self._file)

    def abandon(self) -> None:
        """Delete what was written."""
        self._stream.close()
        self._partial.unlink(missing_ok=True)
