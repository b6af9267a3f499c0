"""What the archive has now of the files that were found damaged in a package."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text

from service.archive import Archive
from service.bulk.package import FrozenPackage
from service.bulk.selection import selecting_for
from service.storage.state import Damaged, FileState
from service.storage.store import store_of

_FOUND = text("""
SELECT member.seq, member.path AS name, member.size AS old_size, member.mtime_ns AS old_mtime,
    member.sha256 AS old_sha256,
    (member.size, member.mtime_ns, member.ctime_ns, member.inode, member.etag, member.sha256)
        IS NOT DISTINCT FROM (holding.size, holding.mtime_ns, holding.ctime_ns, holding.inode,
                              holding.etag, holding.sha256) AS same,
    coalesce(dataset.present AND holding.state = 'present', false) AS present,
    coalesce(starhaul.may_read(holding.readable_by) AND starhaul.may_read(dataset.readable_by),
             true) AS readable,
    collection.root, holding.collection_id, holding.path AS source_path,
    holding.media_type AS content_type, holding.size, holding.mtime_ns, holding.ctime_ns,
    holding.inode, holding.etag, holding.sha256, holding.crc32
FROM bulk.damage JOIN bulk.member USING (package_id, seq)
    LEFT JOIN archive.holding ON holding.id = member.holding_id
    LEFT JOIN archive.dataset ON dataset.id = holding.dataset_id
    LEFT JOIN archive.collection ON collection.id = holding.collection_id
WHERE package_id = :package_id AND member.status = 'ok' ORDER BY seq
""")
_RENEWED = (
    *("collection_id", "source_path", "content_type", "size", "mtime_ns", "ctime_ns", "inode"),
    *("etag", "sha256", "crc32"),
)


@dataclass(frozen=True, slots=True)
class Renewal:
    """What becomes of the member `seq`: `values` of its row, by column.

    `path` and `sha256` are what the manifest said of it. `changes_bytes`: its part is another one.
    """

    seq: int
    path: str
    sha256: bytes
    values: Mapping[str, Any]
    changes_bytes: bool


async def renewals(archive: Archive, package: FrozenPackage, owner: str | None) -> list[Renewal]:
    """The damaged members that are not again as they were; Unavailable where a store is away."""
    async with archive.database.owner.connect() as connection:
        await selecting_for(connection, owner)
        rows = (await connection.execute(_FOUND, {"package_id": package.id})).all()
    found = [await asyncio.to_thread(_renewal, row) for row in rows]
    return [each for each in found if each is not None]


def _renewal(row: Row[Any]) -> Renewal | None:
    values = {name: getattr(row, name) for name in _RENEWED}
    if not row.readable:
        return _gone(row, "forbidden", "you may not read this file any more")
    if not row.present:
        return _gone(row, "vanished", "the file is no longer in the archive")
    if row.same:
        reason = _examined(row)
        return None if reason is None else _gone(row, "damaged", reason)
    state = (row.size, row.mtime_ns // 10**9, row.sha256)
    before = (row.old_size, row.old_mtime // 10**9, row.old_sha256)
    values |= {"status": "ok", "error": None}
    return Renewal(row.seq, row.name, row.old_sha256, values, state != before)


def _gone(row: Row[Any], status: str, reason: str) -> Renewal:
    values = dict.fromkeys(_RENEWED) | {"status": status, "error": reason}
    return Renewal(row.seq, row.name, row.old_sha256, values, changes_bytes=True)


def _examined(row: Row[Any]) -> str | None:
    """What is wrong with a file that ingest has not renewed; None where it is right again."""
    state = FileState(row.size, row.mtime_ns, row.ctime_ns, row.inode, row.etag)
    try:
        with store_of(row.root).open(row.source_path, state, row.sha256) as file:
            if file.sha256() == row.sha256:
                return None
    except Damaged as error:
        return error.message
    return f"the contents of the file {row.source_path} have changed since it was ingested"
