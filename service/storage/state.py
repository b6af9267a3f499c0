"""What ingest keeps of a file beside its checksum, to know it again (DESIGN §7)."""

import os
from typing import NamedTuple

from service.errors import Gone, Unavailable

RETRY_AFTER_S = 30


class FileState(NamedTuple):
    """Size in bytes, times in nanoseconds since 1970, inode number, ETag without its quotes.

    A file of a directory has no ETag (""); an object of a bucket has neither ctime nor inode (0).
    """

    size: int
    mtime_ns: int
    ctime_ns: int = 0
    inode: int = 0
    etag: str = ""


class Damaged(Gone):
    """The file is not the one that was ingested any more; the message says in what."""


class Changed(Damaged):
    """The file is there, and is another one."""


def away() -> Unavailable:
    """The whole store cannot be reached: no damage, it passes."""
    return Unavailable(
        "the store of these files is not available at the moment; the request can be sent again",
        retry_after=RETRY_AFTER_S,
    )


def state_of(stat: os.stat_result) -> FileState:
    """The facts as the operating system gives them."""
    return FileState(stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)


def difference(known: FileState, found: FileState) -> str | None:
    """What shows that a file of a directory is another one, None where nothing does.

    A differing ctime alone is no such thing: a rename or chmod changes it. It calls for hashing.
    """
    if found.size != known.size:
        return f"its size is {found.size} bytes, it was {known.size} when it was ingested"
    if found.mtime_ns != known.mtime_ns:
        return "it was modified after it was ingested"
    if found.inode != known.inode:
        return "it was replaced by another file after it was ingested"
    return None
