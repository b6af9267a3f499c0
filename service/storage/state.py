"""The four facts of a file that ingest keeps beside its checksum (DESIGN §7)."""

import os
from typing import NamedTuple

from service.errors import Gone


class FileState(NamedTuple):
    """Size in bytes, times in nanoseconds since 1970, inode number."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int


class Damaged(Gone):
    """The file is not the one that was ingested any more; the message says in what."""


def state_of(stat: os.stat_result) -> FileState:
    """The facts as the operating system gives them."""
    return FileState(stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)


def difference(known: FileState, found: FileState) -> str | None:
    """What shows that a file is another one, None where nothing does.

    A differing ctime alone is no such thing: a rename or chmod changes it. It calls for hashing.
    """
    if found.size != known.size:
        return f"its size is {found.size} bytes, it was {known.size} when it was ingested"
    if found.mtime_ns != known.mtime_ns:
        return "it was modified after it was ingested"
    if found.inode != known.inode:
        return "it was replaced by another file after it was ingested"
    return None
