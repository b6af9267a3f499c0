"""The files below a root that a collection takes, with what tells whether they change."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from service.storage.s3 import S3Store
from service.storage.state import FileState, state_of
from service.storage.store import store_of


@dataclass(slots=True)
class Listing:
    """Paths relative to the root with `/`; directories and names that could not be used."""

    files: dict[str, FileState] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)

    def hidden(self, path: str) -> bool:
        """Whether a path lies below a directory that could not be read."""
        return any(
            directory == "." or path.startswith(f"{directory}/") for directory in self.unreadable
        )


@lru_cache(maxsize=256)
def _pattern(glob: str) -> re.Pattern[str]:
    """A glob as a regular expression: `*` and `?` within a name, `**` across directories.

    A glob without `/` holds for names in any directory.
    """
    text = glob if "/" in glob else f"**/{glob}"
    out = ""
    i = 0
    while i < len(text):
        if text.startswith("**/", i):
            out, i = out + "(?:.*/)?", i + 3
        elif text.startswith("**", i):
            out, i = out + ".*", i + 2
        elif text[i] == "*":
            out, i = out + "[^/]*", i + 1
        elif text[i] == "?":
            out, i = out + "[^/]", i + 1
        else:
            out, i = out + re.escape(text[i]), i + 1
    return re.compile(out, re.IGNORECASE | re.DOTALL)


def matches(path: str, globs: Iterable[str]) -> bool:
    """Whether a relative path is taken by one of the globs."""
    return any(_pattern(glob).fullmatch(path) for glob in globs)


def list_root(root: str, include: list[str], exclude: list[str]) -> Listing:
    """Every file below a collection's root, a directory or s3://bucket/prefix, that the globs take.

    UsageError or Unavailable where a bucket cannot be listed.
    """
    store = store_of(root)
    if isinstance(store, S3Store):
        return _list_objects(store, include, exclude)
    return list_files(Path(root), include, exclude)


def _list_objects(store: S3Store, include: list[str], exclude: list[str]) -> Listing:
    """A glob in `exclude` that takes a directory's name takes all below it, as on a disk."""
    listing = Listing()
    for path, state in store.objects():
        parts = path.split("/")
        names = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
        if matches(path, include) and not any(matches(name, exclude) for name in names):
            listing.files[path] = state
    return listing


def list_files(root: Path, include: list[str], exclude: list[str]) -> Listing:
    """Every file below the root that the globs take. Links are followed, each directory once."""
    listing = Listing()
    seen: set[tuple[int, int]] = set()
    todo = [""]
    while todo:
        directory = todo.pop()
        here = root / directory if directory else root
        try:
            status = here.stat()
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(here) as entries:
                for entry in sorted(entries, key=lambda entry: entry.name):
                    path = f"{directory}/{entry.name}" if directory else entry.name
                    _take(entry, path, include, exclude, listing, todo)
        except OSError as error:
            listing.unreadable[directory or "."] = error.strerror or type(error).__name__
    return listing


def _take(
    entry: "os.DirEntry[str]",
    path: str,
    include: list[str],
    exclude: list[str],
    listing: Listing,
    todo: list[str],
) -> None:
    try:
        if entry.is_dir():
            if not matches(path, exclude):
                todo.append(path)
            return
        if not matches(path, include) or matches(path, exclude):
            return
        try:
            path.encode("utf-8")
        except UnicodeEncodeError:
            readable = os.fsencode(path).decode("utf-8", "backslashreplace")
            listing.unreadable[readable] = "its name is not UTF-8; rename it"
            return
        if entry.is_file():
            listing.files[path] = state_of(entry.stat())
    except OSError as error:
        listing.unreadable[path] = error.strerror or type(error).__name__
