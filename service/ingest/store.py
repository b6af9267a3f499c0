"""What ingest writes: collections, datasets, holdings, spectra, refusals. One COPY a batch.

Each function is one transaction or part of one; a run that is killed leaves whole batches.
"""

import json
from typing import Any, TypeAlias

import asyncpg

from service.errors import UsageError
from service.ingest.collection import Collection
from service.ingest.incoming import INCOMING, SQL
from service.ingest.read_file import Refused
from service.ingest.readers import RULES
from service.storage.state import FileState

_LOCK = 0x53_48_49_4E  # the class of our advisory locks; the other half names the collection
# A change of these reads no file again.
_NOT_READING = ("title", "description", "licence", "data_source")

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


async def claim_authority(connection: Connection, authority: str, rename: bool) -> None:
    """Keep the authority at the first ingest; refuse another one later, unless it is a rename."""
    await connection.execute(
        "INSERT INTO archive.setting (key, value) VALUES ('authority', to_jsonb($1::text)) "
        "ON CONFLICT (key) DO NOTHING",
        authority,
    )
    kept = await connection.fetchval(
        "SELECT value #>> '{}' FROM archive.setting WHERE key = 'authority'"
    )
    if kept == authority:
        return
    if not rename:
        raise UsageError(
            f"the identifiers of this archive begin with {kept}, and the authority is now set to "
            f"{authority}; set STARHAUL_AUTHORITY={kept}, or rename all datasets with --rename "
            "(links and citations to the old identifiers break)"
        )
    async with connection.transaction():
        await connection.execute(
            "UPDATE archive.dataset SET obs_publisher_did = $2 || substr(obs_publisher_did, "
            "length($1) + 1), publisher_id = CASE WHEN publisher_id = $1 THEN $2 ELSE publisher_id "
            "END WHERE starts_with(obs_publisher_did, $1 || '?')",
            kept,
            authority,
        )
        await connection.execute(
            "UPDATE archive.setting SET value = to_jsonb($1::text) WHERE key = 'authority'",
            authority,
        )


async def open_collection(connection: Connection, collection: Collection, root: str) -> int:
    """The collection's id. Notes when what is said of its files last changed.

    Files taken in before that moment are read again, also after a run that was killed. Raises
    UsageError while another run works on the same collection.
    """
    if not await connection.fetchval(
        "SELECT pg_try_advisory_lock($1, hashtext($2))", _LOCK, collection.name
    ):
        raise UsageError(
            f"another ingest of the collection {collection.name} is running; wait until it ends"
        )
    toml = collection.model_dump(mode="json")
    reading = {key: value for key, value in toml.items() if key not in _NOT_READING}
    config = json.dumps({"toml": toml, "reading": reading | {"rules": RULES, "root": root}})
    row = await connection.fetchrow(
        """
        INSERT INTO archive.collection (name, root, title, description, readable_by, config,
                                        ingested)
        VALUES ($1, $2, $3, $4, $5, $6::jsonb, now())
        ON CONFLICT (name) DO UPDATE SET root = EXCLUDED.root, title = EXCLUDED.title,
            description = EXCLUDED.description, readable_by = EXCLUDED.readable_by,
            config = EXCLUDED.config,
            ingested = CASE
                WHEN archive.collection.config -> 'reading' = EXCLUDED.config -> 'reading'
                THEN archive.collection.ingested ELSE now() END
        RETURNING id""",
        collection.name,
        root,
        collection.title,
        collection.description,
        collection.readable_by,
        config,
    )
    assert row is not None  # RETURNING of one row
    return int(row["id"])


async def known_files(connection: Connection, collection_id: int) -> dict[str, FileState]:
    """The files whose dataset is up to date, with the state they had."""
    rows = await connection.fetch(
        """
        SELECT h.path, h.size, h.mtime_ns, h.ctime_ns, h.inode, h.etag FROM archive.holding h
        JOIN archive.collection c ON c.id = h.collection_id
        WHERE h.collection_id = $1 AND h.state = 'present' AND h.ingested >= c.ingested
        UNION ALL
        SELECT r.path, r.size, r.mtime_ns, r.ctime_ns, r.inode, r.etag FROM archive.refusal r
        JOIN archive.collection c ON c.id = r.collection_id
        WHERE r.collection_id = $1 AND r.refused >= c.ingested""",
        collection_id,
    )
    return {row["path"]: FileState(*row[1:]) for row in rows}


async def refused_files(connection: Connection, collection_id: int) -> dict[str, str]:
    """The refused files of a collection, with the reason."""
    rows = await connection.fetch(
        "SELECT path, reason FROM archive.refusal WHERE collection_id = $1 ORDER BY path",
        collection_id,
    )
    return {row["path"]: row["reason"] for row in rows}


async def present_paths(connection: Connection, collection_id: int) -> set[str]:
    """All paths of which the archive serves something, or that it refused."""
    rows = await connection.fetch(
        "SELECT path FROM archive.holding WHERE collection_id = $1 AND state = 'present' "
        "UNION SELECT path FROM archive.refusal WHERE collection_id = $1",
        collection_id,
    )
    return {row["path"] for row in rows}


async def prepare(connection: Connection) -> None:
    """Make the table that batches are copied into."""
    await connection.execute(SQL["create"])


async def write_rows(
    connection: Connection,
    collection_id: int,
    readable_by: list[str] | None,
    rows: list[tuple[Any, ...]],
) -> None:
    """Write datasets and holdings of a batch, in one transaction."""
    async with connection.transaction():
        await connection.execute("TRUNCATE incoming")
        await connection.copy_records_to_table("incoming", records=rows, columns=list(INCOMING))
        await connection.execute(SQL["dataset"], collection_id, readable_by)
        await connection.execute(SQL["holding"], collection_id, readable_by)
        await connection.execute(SQL["no_spectrum"])
        await connection.execute(SQL["spectrum"])
        await connection.execute(SQL["no_refusal"], collection_id)


async def write_refused(connection: Connection, collection_id: int, items: list[Refused]) -> None:
    """Note refusals; what such a path held before is no longer there to be served."""
    async with connection.transaction():
        await connection.executemany(
            """
            INSERT INTO archive.refusal
                (collection_id, path, reason, size, mtime_ns, ctime_ns, inode, etag)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            ON CONFLICT (collection_id, path) DO UPDATE SET reason = EXCLUDED.reason,
                size = EXCLUDED.size, mtime_ns = EXCLUDED.mtime_ns, ctime_ns = EXCLUDED.ctime_ns,
                inode = EXCLUDED.inode, etag = EXCLUDED.etag, refused = now()""",
            [(collection_id, item.path, item.reason, *item.stat) for item in items],
        )
        await _withdraw(connection, collection_id, [item.path for item in items])


async def mark_vanished(connection: Connection, collection_id: int, paths: list[str]) -> int:
    """Mark files that are gone, and drop their refusals; the number of datasets withdrawn."""
    async with connection.transaction():
        await connection.execute(
            "DELETE FROM archive.refusal WHERE collection_id = $1 AND path = ANY($2)",
            collection_id,
            paths,
        )
        return await _withdraw(connection, collection_id, paths)


async def _withdraw(connection: Connection, collection_id: int, paths: list[str]) -> int:
    gone = await connection.fetch(
        "UPDATE archive.holding SET state = 'vanished' "
        "WHERE collection_id = $1 AND path = ANY($2) AND state = 'present' RETURNING dataset_id",
        collection_id,
        paths,
    )
    status = await connection.execute(
        """
        UPDATE archive.dataset d SET present = false, updated = now()
        WHERE d.id = ANY($1) AND d.present AND NOT EXISTS (
            SELECT FROM archive.holding h
            WHERE h.dataset_id = d.id AND h.semantics = '#this' AND h.state = 'present')""",
        [row["dataset_id"] for row in gone],
    )
    return int(status.split()[-1])
