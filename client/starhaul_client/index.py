"""Where each member of a part that was unpacked and deleted lies in it: what a repair needs.

One line of JSON that names the part's version, then for each member the SHA-256, the offset and
size in bytes, and the path.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import IO

from starhaul_client.bag import PAYLOAD
from starhaul_client.disk import cannot_write


@dataclass(frozen=True, slots=True)
class Entry:
    """A member: `size` bytes at `offset` of its part; `path` is below the package."""

    sha256: str
    offset: int
    size: int
    path: str

    @property
    def is_payload(self) -> bool:
        """Whether it is one of the files that were asked for."""
        return self.path.startswith(PAYLOAD)


def _head(etag: str, size: int) -> str:
    return json.dumps({"format": 1, "etag": etag, "size": size}) + "\n"


class IndexWriter:
    """An index that is being written; it appears at `path` once it is whole."""

    def __init__(self, path: Path, etag: str, size: int) -> None:
        self._path = path
        self._partial = path.with_name(f"{path.name}.part")
        self._stream: IO[str] = self._partial.open("w", encoding="utf-8")
        self._stream.write(_head(etag, size))

    def add(self, entry: Entry) -> None:
        """The next member."""
        try:
            self._stream.write(f"{entry.sha256} {entry.offset} {entry.size} {entry.path}\n")
        except OSError as error:
            raise cannot_write(error, self._path) from error

    def keep(self) -> None:
        """Give it its name."""
        try:
            self._stream.close()
        except OSError as error:
            raise cannot_write(error, self._path) from error
        self._partial.replace(self._path)

    def abandon(self) -> None:
        """Delete it."""
        self._stream.close()
        self._partial.unlink(missing_ok=True)


def is_index_of(path: Path, etag: str, size: int) -> bool:
    """Whether a part of this version was unpacked."""
    try:
        with path.open(encoding="utf-8") as stream:
            return stream.readline() == _head(etag, size)
    except OSError:
        return False


def tag_entries(path: Path) -> Iterator[Entry]:
    """The tag files, which come before all others."""
    return takewhile(lambda entry: not entry.is_payload, entries(path))


def entries(path: Path) -> Iterator[Entry]:
    """The members, in the part's order."""
    with path.open(encoding="utf-8") as stream:
        stream.readline()
        for line in stream:
            sha256, offset, size, name = line.rstrip("\n").split(" ", 3)
            yield Entry(sha256, int(offset), int(size), name)
