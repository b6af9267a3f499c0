"""Unpacked files looked at again: those that changed are fetched anew, and no others."""

import hashlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

from starhaul_client.answers import Head
from starhaul_client.containers import Member
from starhaul_client.errors import PartFailed
from starhaul_client.index import Entry
from starhaul_client.job import Part
from starhaul_client.names import checked_path
from starhaul_client.package import OTHER_BYTES
from starhaul_client.session import Session
from starhaul_client.unpack import Unpacked, file_sha256

_AT_ONCE = 256


def checked(
    directory: Path, entries: Iterator[Entry], threads: int
) -> Iterator[tuple[Entry, bool]]:
    """Each entry of a package in `directory`, with whether its file is what it should be."""

    def look(entry: Entry) -> bool:
        return file_sha256(directory / entry.path, entry.size) == entry.sha256

    with ThreadPoolExecutor(threads) as pool:
        while group := list(islice(entries, _AT_ONCE)):
            yield from zip(group, pool.map(look, group), strict=True)


def repair(
    session: Session,
    part: Part,
    head: Head,
    entry: Entry,
    ground: Unpacked,
    package: str,
    received: Callable[[int], None],
) -> None:
    """Fetch one member again by its place in the part; Hole or PartFailed where it cannot be."""
    name = f"{package}/{entry.path}"
    stop = entry.offset + entry.size
    member = Member(name, entry.offset, entry.size, stop, int(time.time()), is_directory=False)
    path = checked_path(name, package)

    def ask() -> bool:
        landing, digest = ground.land(path, member, None), hashlib.sha256()
        try:
            if entry.size:
                with session.span(part.url, head, entry.offset, stop) as pieces:
                    for piece in pieces:
                        digest.update(piece)
                        landing.add(piece)
                        session.patience.progress()
                        received(len(piece))
        except BaseException:
            landing.abandon()
            raise
        if digest.hexdigest() == entry.sha256:
            landing.keep()
            return True
        landing.abandon()
        return False

    if not session.until_answered(ask):
        raise PartFailed(OTHER_BYTES)
