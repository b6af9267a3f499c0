"""What is known of previews: one row of `archive.preview` each, their files in the work store.

A row without size and reason is being drawn by its job. What is kept may vanish from the store at
any time: it is drawn again.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from schema.tables.archive import preview as table
from service.config import Settings
from service.storage.work import WorkStore, work_store

_USED_EVERY = timedelta(days=1)  # a look at a preview is noted no more often


@dataclass(frozen=True, slots=True)
class Known:
    """`kept`: it can be sent. `reason`: why it cannot be drawn. Neither: it is being drawn."""

    job_id: str
    kept: bool
    reason: str | None


def folder_of(key: str) -> str:
    """Where in the work store the sizes of a preview lie."""
    return f"previews/{key[:2]}/{key}"


def file_of(key: str, size: int) -> str:
    """Where one of them lies."""
    return f"{folder_of(key)}/{size}"


def store_of_previews(settings: Settings) -> WorkStore:
    """The work store."""
    return work_store(settings.work_store_url)


async def look_up(connection: AsyncConnection, key: str) -> Known | None:
    """What is known, None where nothing is or a reason is worth another try; its use is noted."""
    now = func.clock_timestamp()
    found = await connection.execute(
        select(
            table.c.job_id,
            table.c.size,
            table.c.reason,
            table.c.retry,
            (table.c.retry < now).label("over"),
            (table.c.used < now - _USED_EVERY).label("old"),
        ).where(table.c.key == key)
    )
    row = found.one_or_none()
    if row is None:
        return None
    if row.over:
        await forget(connection, key, row.job_id)
        return None
    if row.old:
        await connection.execute(update(table).where(table.c.key == key).values(used=now))
    return Known(row.job_id, row.size is not None, row.reason)


async def claim(connection: AsyncConnection, key: str, job_id: str) -> bool:
    """Whether this job is the one that draws it: the first that says so, until it is forgotten."""
    claimed = await connection.execute(
        insert(table).values(key=key, job_id=job_id).on_conflict_do_nothing()
    )
    return claimed.rowcount == 1


async def forget(connection: AsyncConnection, key: str, job_id: str) -> None:
    """Let it be drawn anew by whoever asks next, unless another job has it by now."""
    await connection.execute(delete(table).where(table.c.key == key, table.c.job_id == job_id))


async def keep(connection: AsyncConnection, key: str, size: int) -> None:
    """It lies in the work store, `size` bytes in all."""
    await connection.execute(
        update(table)
        .where(table.c.key == key)
        .values(size=size, reason=None, retry=None, used=func.clock_timestamp())
    )


async def refuse(
    connection: AsyncConnection, key: str, reason: str, passing_s: int | None = None
) -> None:
    """It cannot be drawn; in `passing_s` seconds it may be tried again, None: never."""
    retry = None if passing_s is None else func.clock_timestamp() + timedelta(seconds=passing_s)
    await connection.execute(
        update(table)
        .where(table.c.key == key, table.c.size.is_(None))
        .values(reason=reason, retry=retry, used=func.clock_timestamp())
    )


# The most recently used come first; what no longer fits goes.
OUTDATED = text("""
SELECT key FROM (
    SELECT key, used, coalesce(sum(size) OVER (ORDER BY used DESC, key), 0) AS together
    FROM archive.preview
) AS counted
WHERE together > :octets OR used < clock_timestamp() - :days * interval '1 day'
""")


async def remove(connection: AsyncConnection, keys: list[str]) -> None:
    """Nothing is known of these any more."""
    await connection.execute(delete(table).where(table.c.key.in_(keys)))
