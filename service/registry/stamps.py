"""When each record changed: kept in the database, the same for all API processes, also for those
that are gone (OAI-PMH 2.0 §2.5)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from schema.tables.registry import registry_record as kept

_LOCK = 0x5245_4749  # advisory lock of PostgreSQL: one process at a time compares


@dataclass(frozen=True, slots=True)
class Stamp:
    """When a record was made and last changed, in UTC to the second; whether it is gone."""

    created: datetime
    updated: datetime
    deleted: bool


async def stamped(engine: AsyncEngine, documents: Mapping[str, bytes]) -> dict[str, Stamp]:
    """The stamp of every record there is or was, by identifier; what differs from the last time
    is stamped with now."""
    now = datetime.now(UTC).replace(microsecond=0)
    digests = {name: hashlib.sha256(text).digest() for name, text in documents.items()}
    async with engine.begin() as connection:
        await connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        rows = (await connection.execute(select(kept))).all()
        known = {row.identifier: row for row in rows}
        changed = [
            {"identifier": name, "digest": digest, "created": now, "updated": now, "deleted": False}
            for name, digest in digests.items()
            if name not in known or known[name].digest != digest or known[name].deleted
        ]
        if changed:
            statement = insert(kept).values(changed)
            taken = {name: statement.excluded[name] for name in ("digest", "updated", "deleted")}
            await connection.execute(
                statement.on_conflict_do_update(index_elements=[kept.c.identifier], set_=taken)
            )
        gone = [name for name, row in known.items() if name not in digests and not row.deleted]
        if gone:
            await connection.execute(
                update(kept).where(kept.c.identifier.in_(gone)).values(deleted=True, updated=now)
            )
        rows = (await connection.execute(select(kept))).all()
    return {row.identifier: Stamp(row.created, row.updated, row.deleted) for row in rows}
