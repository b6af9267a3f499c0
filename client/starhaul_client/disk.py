"""What the disk has to say: no room, no permission; names that are safe on the disk."""

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from starhaul_client.errors import DirectoryBusy, DiskFull, FetchError

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def cannot_write(error: OSError, path: Path) -> FetchError:
    """What a user should read of a failed write to `path`."""
    if error.errno not in _NO_ROOM:
        return FetchError(f"cannot write {path}: {error.strerror}")
    place = path.parent
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    return DiskFull(
        f"no room for {path}: {error.strerror}; {free:,} bytes are free on that disk. "
        "Make room, then run the same command again: it goes on where it stopped"
    )


def sync_directory(directory: Path) -> None:
    """Make names that were given in a directory survive a power failure."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def only_one(state: Path) -> Iterator[None]:
    """Hold the directory of a download for this process; DirectoryBusy where another has it.

    The lock goes with the process, however it ends.
    """
    try:
        state.mkdir(parents=True, exist_ok=True)
        lock = (state / "lock").open("w")
    except OSError as error:
        raise cannot_write(error, state) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DirectoryBusy(
                f"another download is at work in {state.parent}; wait for it, or choose another "
                "directory with --into"
            ) from error
        yield
