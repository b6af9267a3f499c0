"""Keeping the cache of layouts below its size: those unused for longest go first.

Whoever has mapped a layout keeps its bytes; whoever asks for it later has it built again.
"""

import shutil
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

NEW, OLD = "new-", "old-"  # what directories are called that are being made, or removed
_ABANDONED_S = 3600.0


@dataclass(frozen=True, slots=True)
class _Kept:
    used: float
    octets: int
    path: Path


def prune(cache: Path, limit: int, spared: str) -> None:
    """Remove layouts until the others take at most `limit` bytes; never the one named `spared`.

    Any number of processes may do it at once. What killed ones left behind goes too.
    """
    now = time.time()
    kept = []
    for path in cache.iterdir():
        with suppress(FileNotFoundError):  # another process was faster
            used = path.stat().st_mtime
            if not path.name.startswith((NEW, OLD)):
                kept.append(_Kept(used, _octets(path), path))
            elif now - used > _ABANDONED_S:
                shutil.rmtree(path, ignore_errors=True)
    total = sum(each.octets for each in kept)
    for each in sorted(kept, key=lambda each: each.used):
        if total <= limit:
            return
        if each.path.name != spared:
            total -= each.octets
            _remove(each.path)


def _octets(path: Path) -> int:
    return sum(file.stat().st_size for file in path.iterdir() if file.is_file())


def _remove(path: Path) -> None:
    """At once for those who look for it, so that nobody reads half of it."""
    away = Path(tempfile.mkdtemp(prefix=OLD, dir=path.parent))
    with suppress(FileNotFoundError):
        path.rename(away / path.name)
    shutil.rmtree(away, ignore_errors=True)
