"""`bag.tar`: the tag files of a package with fetch.txt, a bag to be filled by other tools.

Unpacked it is a bag whose payload is yet to be fetched (RFC 8493 §2.2.3). It is an entry of the
cache, made at its first use.
"""

import asyncio
import hashlib
import io
import os
import tarfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from service.archive import Archive
from service.bulk import bag
from service.bulk.cache import being_made, directory_of, keep, mark_used
from service.bulk.layout import Layout, mapped
from service.bulk.manifest import LinesQuery
from service.bulk.package import FrozenPackage
from service.bulk.pruning import prune
from service.storage.buffers import BUFFER_BYTES, Buffers
from service.storage.ranges import Span, Version

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_FETCH = "fetch.txt"
_FILE = "bag.tar"


@dataclass(frozen=True, slots=True)
class BagTar:
    """The file, mapped into memory: its bytes stay though the cache is pruned."""

    octets: memoryview
    version: Version

    def buffers(self, span: Span) -> Buffers:
        """The bytes of a span."""
        for first in range(span.first, span.stop, BUFFER_BYTES):
            yield bytearray(self.octets[first : min(first + BUFFER_BYTES, span.stop)])


async def bag_tar(archive: Archive, package: FrozenPackage) -> BagTar:
    """The file, made where this host does not have it. Its addresses begin with PUBLIC_URL."""
    cache = directory_of(archive.settings)
    base = hashlib.sha256(archive.settings.base_url.encode()).hexdigest()[:16]
    name = f"bag-{package.digest}-{base}"
    octets = _find(cache / name)
    if octets is None:
        with being_made(cache) as directory:
            async with archive.database.owner_copy.acquire() as connection:
                await connection.copy_from_query(
                    LinesQuery(package.id, "fetch").literal_sql(),
                    output=directory / _FETCH,
                    format="text",
                )
            await asyncio.to_thread(_write, directory, package.layout)
            octets = mapped(directory / _FILE)
            keep(directory, name)
        await asyncio.to_thread(prune, cache, archive.settings.bulk_cache_bytes, name)
    return BagTar(octets, Version(f'"{package.digest[:32]}-{base}"', package.frozen))


def _find(entry: Path) -> memoryview | None:
    try:
        mark_used(entry)
        return mapped(entry / _FILE)
    except FileNotFoundError:
        return None


class _Reader(io.RawIOBase):
    """Bytes in memory as a file, without a copy."""

    def __init__(self, octets: memoryview) -> None:
        super().__init__()
        self._rest = octets

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer)
        count = min(len(view), len(self._rest))
        view[:count], self._rest = self._rest[:count], self._rest[count:]
        return count


def _write(directory: Path, layout: Layout) -> None:
    """The same bytes for the same package and addresses; fetch.txt, which lies there, goes."""
    with ExitStack() as stack:
        fetched = stack.enter_context((directory / _FETCH).open("rb"))
        sums = [
            line
            for line in layout.tags[bag.TAG_MANIFEST].splitlines()
            if not line.endswith(".sha256")
        ]
        sums.append(f"{hashlib.file_digest(fetched, 'sha256').hexdigest()}  {_FETCH}")
        fetched.seek(0)
        texts = layout.tags | {bag.TAG_MANIFEST: "\n".join([*sorted(sums), ""])}
        package_tar = stack.enter_context(
            tarfile.open(directory / _FILE, "w", format=tarfile.PAX_FORMAT)
        )

        def add(name: str, content: io.IOBase, size: int) -> None:
            member = tarfile.TarInfo(f"{layout.name}/{name}")
            member.size, member.mtime, member.mode = size, layout.frozen, 0o644
            package_tar.addfile(member, content)

        payload = tarfile.TarInfo(f"{layout.name}/{bag.PAYLOAD}")
        payload.type, payload.mtime, payload.mode = tarfile.DIRTYPE, layout.frozen, 0o755
        package_tar.addfile(payload)
        for name, text in texts.items():
            add(name, io.BytesIO(text.encode()), len(text.encode()))
        add(bag.MANIFEST, _Reader(layout.manifest), len(layout.manifest))
        add(_FETCH, fetched, os.fstat(fetched.fileno()).st_size)
    (directory / _FETCH).unlink()
