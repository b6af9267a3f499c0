"""Files that are part of a dataset and none themselves, and links between datasets: how they are
read and written. What they are to each other is `service.ingest.relations`."""

import hashlib
import mimetypes
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from schema.obscore import LINKS_MEDIA_TYPE
from service.errors import Unavailable
from service.ingest.incoming import FILE_COLUMNS, Batch, publisher_did
from service.ingest.read_file import Plan, Refused, media_type
from service.ingest.relations import SUFFIX, Groups, Link
from service.ingest.store import Connection, write_refused
from service.storage.bucket import AccessRefused
from service.storage.state import Changed, Damaged, FileState
from service.storage.store import OpenFile, store_of

_BUFFER_BYTES = 1 << 20
# The types of Python's own table; those of the system differ from one to the next.
_TYPES = mimetypes.MimeTypes()
_TYPES.add_type("application/x-votable+xml", ".vot")
_LINK = {"dataset": "text", "semantics": "text", "label": "text", "description": "text"}
_INCOMING = ", ".join(f"{name} {kind}" for name, kind in (FILE_COLUMNS | _LINK).items())
_HELD = ", ".join(FILE_COLUMNS)
_CREATE = f"CREATE TEMPORARY TABLE IF NOT EXISTS incoming_part ({_INCOMING})"
# A file that was a dataset until now is one no more.
_RETIRE = """
    UPDATE archive.dataset d SET present = false, updated = now()
    FROM archive.holding h JOIN incoming_part p ON p.path = h.path
    WHERE h.collection_id = $1 AND d.holding_id = h.id AND d.obs_publisher_did <> p.dataset
"""
_WRITE = f"""
    INSERT INTO archive.holding (collection_id, dataset_id, readable_by, reader, semantics, label,
        description, {_HELD})
    SELECT $1, d.id, $2, 'part', p.semantics, p.label, p.description,
        {", ".join(f"p.{name}" for name in FILE_COLUMNS)}
    FROM incoming_part p JOIN archive.dataset d ON d.obs_publisher_did = p.dataset
    ON CONFLICT (collection_id, path) DO UPDATE SET dataset_id = EXCLUDED.dataset_id,
        semantics = EXCLUDED.semantics, label = EXCLUDED.label, reader = EXCLUDED.reader,
        description = EXCLUDED.description, readable_by = EXCLUDED.readable_by, state = 'present',
        ingested = now(), {", ".join(f"{c} = EXCLUDED.{c}" for c in FILE_COLUMNS if c != "path")}
    RETURNING path
"""  # noqa: S608
_SETTLE = """
    WITH own AS (
        SELECT dataset_id, count(*) AS files, min(id) AS id, sum(size) AS size,
            min(media_type) AS media_type
        FROM archive.holding
        WHERE collection_id = $1 AND semantics = '#this' AND state = 'present'
        GROUP BY dataset_id
    ), wanted AS (
        SELECT dataset_id, CASE WHEN files = 1 THEN id END AS holding_id,
            CASE WHEN files = 1 THEN media_type ELSE $2 END AS access_format,
            (size + 999)::bigint / 1000 AS access_estsize
        FROM own
    )
    UPDATE archive.dataset d SET holding_id = wanted.holding_id, updated = now(),
        access_format = wanted.access_format, access_estsize = wanted.access_estsize
    FROM wanted WHERE d.id = wanted.dataset_id AND d.present
        AND (d.holding_id, d.access_format, d.access_estsize) IS DISTINCT FROM
            (wanted.holding_id, wanted.access_format, wanted.access_estsize)
"""
_LINKS = """
    INSERT INTO archive.relation (dataset_id, holding_id, semantics, label, description)
    SELECT d.id, h.id, l.semantics, l.label, l.description FROM incoming_link l
    JOIN archive.dataset d ON d.obs_publisher_did = l.dataset
    JOIN archive.holding h ON h.collection_id = $1 AND h.path = l.path
    ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Owner:
    """The dataset that a file is part of, by obs_publisher_did, and what it is there."""

    dataset: str
    semantics: str
    label: str | None
    description: str | None


def owner_of(link: Link, plan: Plan) -> Owner:
    """The owner that a part should have."""
    dataset = publisher_did(plan.authority, plan.name, link.dataset)
    return Owner(dataset, link.semantics, link.label, link.description)


def own(path: str, plan: Plan) -> Owner:
    """The owner that the file of a dataset has."""
    return Owner(publisher_did(plan.authority, plan.name, path), "#this", None, None)


async def known_owners(connection: Connection, collection_id: int) -> dict[str, Owner]:
    """The owners of files that are not the one file of their dataset, by path."""
    rows = await connection.fetch(
        """
        SELECT h.path, d.obs_publisher_did, h.semantics, h.label, h.description
        FROM archive.holding h JOIN archive.dataset d ON d.id = h.dataset_id
        WHERE h.collection_id = $1 AND d.holding_id IS DISTINCT FROM h.id""",
        collection_id,
    )
    return {row["path"]: Owner(*row[1:]) for row in rows}


def part_type(path: str) -> str:
    """The media type of a part, by its name."""
    if SUFFIX.search(path):
        return media_type(path)
    return _TYPES.guess_type(path, strict=False)[0] or "application/octet-stream"


def read_parts(files: list[tuple[str, FileState]], plan: Plan) -> Batch:
    """The checksums of some files; runs in a worker process.

    Unavailable where the store went away.
    """
    rows: list[tuple[Any, ...]] = []
    refused: list[Refused] = []
    store = store_of(plan.root)
    for path, listed in files:
        try:
            with store.open_listed(path, listed) as file:
                sha256, crc32 = _checksums(file)
                file.verify()
                rows.append((path, *file.state, sha256, crc32, part_type(path)))
        except OSError as error:
            refused.append(Refused(path, listed, f"cannot be opened: {error.strerror}"))
        except Changed:
            reason = "changed while it was read; the next run takes it"
            refused.append(Refused(path, listed, reason))
        except Unavailable:
            raise
        except (Damaged, AccessRefused) as error:
            refused.append(Refused(path, listed, f"cannot be read: {error.message}"))
    return Batch(rows, refused)


def _checksums(file: OpenFile) -> tuple[bytes, int]:
    """sha256 and crc32."""
    sha256, crc32, offset = hashlib.sha256(), 0, 0
    buffer = memoryview(bytearray(_BUFFER_BYTES))
    while offset < file.state.size:
        count = file.read_into(buffer[: file.state.size - offset], offset)
        if count == 0:
            break
        sha256.update(buffer[:count])
        crc32 = zlib.crc32(buffer[:count], crc32)
        offset += count
    return sha256.digest(), crc32


async def write_parts(
    connection: Connection,
    collection_id: int,
    readable_by: list[str] | None,
    rows: list[tuple[Any, ...]],
    owners: dict[str, Owner],
) -> int:
    """Write the holdings of a batch; those whose dataset is not there are refused. How many were
    written."""
    async with connection.transaction():
        await connection.execute(_CREATE)
        await connection.execute("TRUNCATE incoming_part")
        records = [
            (*row, o.dataset, o.semantics, o.label, o.description)
            for row in rows
            for o in (owners[row[0]],)
        ]
        await connection.copy_records_to_table(
            "incoming_part", records=records, columns=[*FILE_COLUMNS, *_LINK]
        )
        await connection.execute(_RETIRE, collection_id)
        written = {
            row["path"] for row in await connection.fetch(_WRITE, collection_id, readable_by)
        }
        await connection.execute(
            "DELETE FROM archive.refusal WHERE collection_id = $1 AND path = ANY($2)",
            *(collection_id, list(written)),
        )
        orphans = [
            Refused(
                row[0],
                FileState(*row[1:6]),
                f"it is part of {owners[row[0]].dataset}, which was not taken in",
            )
            for row in rows
            if row[0] not in written
        ]
        if orphans:
            await write_refused(connection, collection_id, orphans)
    return len(written)


async def settle(connection: Connection, collection_id: int) -> None:
    """A dataset of one #this is had by its file's URL, one of several by its list of links."""
    await connection.execute(_SETTLE, collection_id, LINKS_MEDIA_TYPE)


async def write_links(
    connection: Connection, collection_id: int, groups: Groups, plan: Plan
) -> None:
    """Replace the links between files and datasets of the collection."""
    async with connection.transaction():
        await connection.execute(
            "DELETE FROM archive.relation r USING archive.dataset d "
            "WHERE d.id = r.dataset_id AND d.collection_id = $1",
            collection_id,
        )
        if groups.links:
            await _copy_links(connection, groups.links, plan)
            await connection.execute(_LINKS, collection_id)


async def _copy_links(connection: Connection, links: Iterable[Link], plan: Plan) -> None:
    await connection.execute(
        "CREATE TEMPORARY TABLE incoming_link (dataset text, path text, semantics text, "
        "label text, description text) ON COMMIT DROP"
    )
    await connection.copy_records_to_table(
        "incoming_link",
        records=[
            (
                publisher_did(plan.authority, plan.name, link.dataset),
                *(link.file, link.semantics, link.label, link.description),
            )
            for link in links
        ],
    )
