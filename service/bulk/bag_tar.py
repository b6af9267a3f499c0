"""`bag.tar`: the tag files of a package with fetch.txt, a bag to be filled by other tools.

Unpacked it is a bag whose payload is yet to be fetched (RFC 8493 §2.2.3). It lies beside the layout
in the cache, made at its first use.
"""

import asyncio
import hashlib
import io
import os
import tarfile
import tempfile
from contextlib import ExitStack
from pathlib import Path

from service.archive import Archive
from service.bulk import bag, layout_cache
from service.bulk.manifest import LinesQuery
from service.bulk.package import FrozenPackage

_FETCH = "fetch.txt"


async def bag_tar(archive: Archive, package: FrozenPackage) -> Path:
    """The file, made where this host does not have it. Its addresses begin with PUBLIC_URL."""
    folder = layout_cache.directory_of(archive.settings) / package.digest
    base = hashlib.sha256(archive.settings.base_url.encode()).hexdigest()[:16]
    path = folder / f"bag-{base}.tar"
    if not path.exists():
        with tempfile.TemporaryDirectory(prefix="bag-", dir=folder) as work:
            fetch = Path(work) / _FETCH
            async with archive.database.owner_copy.acquire() as connection:
                await connection.copy_from_query(
                    LinesQuery(package.id, "fetch").literal_sql(), output=fetch, format="text"
                )
            made = Path(work) / path.name
            await asyncio.to_thread(_write, made, package, folder / bag.MANIFEST, fetch)
            made.replace(path)
    return path


def _write(path: Path, package: FrozenPackage, manifest: Path, fetch: Path) -> None:
    """The same bytes for the same package and addresses."""
    layout = package.layout
    with ExitStack() as stack:
        fetched = stack.enter_context(fetch.open("rb"))
        listed = stack.enter_context(manifest.open("rb"))
        sums = [
            line
            for line in layout.tags[bag.TAG_MANIFEST].splitlines()
            if not line.endswith(".sha256")
        ]
        sums.append(f"{hashlib.file_digest(fetched, 'sha256').hexdigest()}  {_FETCH}")
        fetched.seek(0)
        texts = layout.tags | {bag.TAG_MANIFEST: "\n".join([*sorted(sums), ""])}
        package_tar = stack.enter_context(tarfile.open(path, "w", format=tarfile.PAX_FORMAT))

        def add(name: str, content: io.BufferedIOBase, size: int) -> None:
            member = tarfile.TarInfo(f"{layout.name}/{name}")
            member.size, member.mtime, member.mode = size, layout.frozen, 0o644
            package_tar.addfile(member, content)

        payload = tarfile.TarInfo(f"{layout.name}/{bag.PAYLOAD}")
        payload.type, payload.mtime, payload.mode = tarfile.DIRTYPE, layout.frozen, 0o755
        package_tar.addfile(payload)
        for name, text in texts.items():
            add(name, io.BytesIO(text.encode()), len(text.encode()))
        add(bag.MANIFEST, listed, len(layout.manifest))
        add(_FETCH, fetched, os.fstat(fetched.fileno()).st_size)
