"""Admission: who of the waiting jobs gets a free slot, in one statement (DESIGN §1)."""

from collections.abc import Mapping

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_ADMISSION_LOCK = 0x53_55_57_53  # counting slots and taking them is one step for all processes

# Of the free slots each user gets the next one in turn: whoever has fewest jobs running or
# admitted comes first, then whoever waits longest. A user is an owner, or an anonymous client.
_ADMIT = text("""
WITH running AS (
    SELECT owner, client, count(*) AS n FROM uws.job
    WHERE queue = :queue AND phase IN ('QUEUED', 'EXECUTING') AND dispatched IS NOT NULL
    GROUP BY owner, client
), waiting AS (
    SELECT id, queued,
           coalesce(n, 0) + row_number() OVER (
               PARTITION BY job.owner, job.client ORDER BY queued, id) AS turn
    FROM uws.job LEFT JOIN running ON running.owner IS NOT DISTINCT FROM job.owner
         AND running.client IS NOT DISTINCT FROM job.client
    WHERE queue = :queue AND phase = 'QUEUED' AND dispatched IS NULL
), admitted AS (
    SELECT job.id FROM uws.job JOIN waiting USING (id)
    WHERE job.phase = 'QUEUED' AND job.dispatched IS NULL
    ORDER BY turn, waiting.queued, job.id
    LIMIT (SELECT greatest(:slots - coalesce(sum(n), 0), 0) FROM running)
    FOR UPDATE OF job SKIP LOCKED
)
UPDATE uws.job SET dispatched = clock_timestamp(), dispatches = 1
FROM admitted WHERE job.id = admitted.id
RETURNING job.id
""")


# A job that rests is called once everything that it waits for has ended, whatever slots are free:
# what is left to do is little, and what it waited for has just freed some.
_RESUME = text("""
UPDATE uws.job AS parent
SET dispatched = clock_timestamp(), dispatches = 1, lease_expires = clock_timestamp()
WHERE phase = 'EXECUTING' AND dispatched IS NULL AND NOT EXISTS (
    SELECT FROM uws.job AS child
    WHERE child.parent = parent.id AND child.phase IN ('PENDING', 'QUEUED', 'EXECUTING', 'HELD'))
RETURNING id, queue
""")


async def admit(connection: AsyncConnection, slots: Mapping[str, int]) -> list[tuple[str, str]]:
    """Give every free slot of every queue to a waiting job, and let jobs that rested go on; the
    (job id, queue) to be called.

    The calls go out after the caller's commit.
    """
    await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _ADMISSION_LOCK})
    resumed = await connection.execute(_RESUME)
    admitted: list[tuple[str, str]] = [(row.id, row.queue) for row in resumed]
    for queue, count in slots.items():
        rows = await connection.execute(_ADMIT, {"queue": queue, "slots": count})
        admitted += [(row.id, queue) for row in rows]
    return admitted
