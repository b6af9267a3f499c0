"""What this host keeps below its home directory to find the bytes of packages again.

An entry of the cache is a directory that appears whole under its name, or not at all; whoever has
mapped its files keeps their bytes when it is removed (`service.bulk.pruning`).
"""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from service.bulk.pruning import NEW
from service.config import Settings
from service.errors import DiskFull


def directory_of(settings: Settings) -> Path:
    """Where this host has its cache."""
    return settings.home / "cache" / "bulk"


@contextmanager
def being_made(cache: Path) -> Iterator[Path]:
    """A new directory in the cache, which goes at the end of the block unless it was kept.

    DiskFull where there is no room for what the block writes.
    """
    cache.mkdir(parents=True, exist_ok=True)
    directory = Path(tempfile.mkdtemp(prefix=NEW, dir=cache))
    try:
        yield directory
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise DiskFull(
            "the archive has no room at the moment for the tables that make the parts of this job"
        ) from error
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def keep(directory: Path, name: str) -> None:
    """Make a directory an entry, unless another process was faster: then it has the same bytes."""
    with suppress(OSError):
        directory.rename(directory.with_name(name))


def mark_used(entry: Path) -> None:
    """Note that an entry is in use; FileNotFoundError where there is none (any more)."""
    os.utime(entry)
