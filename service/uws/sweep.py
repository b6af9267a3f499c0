"""The sweep: what a killed worker, an emptied broker or time left behind (DESIGN §1)."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.uws.lease import ATTEMPTS

INTERVAL_S = 10
_SWEEP_LOCK = 0x53_57_45_50

_GIVE_UP = text("""
UPDATE uws.job SET phase = 'ERROR', ended = clock_timestamp(), error_type = 'transient',
    lease_expires = NULL, backend_pid = NULL,
    error_message = 'the job was tried ' || attempt || ' times and its worker ended each time '
        || 'without a result; it may need more memory or time than this archive gives'
WHERE phase = 'EXECUTING' AND lease_expires < clock_timestamp() AND attempt >= :attempts
""")

# A message that nobody took may be lost, or wait behind busy workers: it is sent again after 10,
# 20, 40 ... seconds, at most every five minutes. A job whose worker died is called for likewise.
_CALL_AGAIN = text("""
UPDATE uws.job SET dispatched = clock_timestamp(), dispatches = dispatches + 1
WHERE dispatched < clock_timestamp() - least(10 * 2 ^ (dispatches - 1), 300) * interval '1 second'
  AND (phase = 'QUEUED'
       OR (phase = 'EXECUTING' AND lease_expires < clock_timestamp() AND attempt < :attempts))
RETURNING id, queue
""")

# A job that rests has no worker that could look at its clock.
_OVERRUN = text("""
WITH overdue AS (
    SELECT id, execution_duration FROM uws.job
    WHERE phase = 'EXECUTING' AND dispatched IS NULL AND execution_duration > 0
      AND started < clock_timestamp() - execution_duration * interval '1 second'
)
UPDATE uws.job SET phase = 'ABORTED', ended = clock_timestamp(), lease_expires = NULL,
    error_type = 'fatal', error_message = 'the job ran longer than its executionduration of '
        || overdue.execution_duration || ' s; set a longer one before it is run'
FROM overdue
WHERE overdue.id IN (job.id, job.parent)
  AND phase IN ('PENDING', 'QUEUED', 'EXECUTING', 'HELD')
""")

_RELEASE = text("""
UPDATE uws.job SET phase = 'QUEUED', queued = clock_timestamp(), lease_expires = NULL
WHERE phase = 'HELD' AND lease_expires < clock_timestamp()
""")

_OVERDUE = text("SELECT id, room FROM uws.job WHERE destruction < clock_timestamp() LIMIT 100")


async def sweep(
    connection: AsyncConnection,
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]] | None:
    """Find what needs a call and what is to be destroyed.

    (job id, queue) to call after the commit, and (job id, room) past their destruction time; None
    where another process sweeps at this moment.
    """
    mine = await connection.scalar(
        text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": _SWEEP_LOCK}
    )
    if not mine:
        return None
    await connection.execute(_GIVE_UP, {"attempts": ATTEMPTS})
    await connection.execute(_OVERRUN)
    await connection.execute(_RELEASE)
    lost = await connection.execute(_CALL_AGAIN, {"attempts": ATTEMPTS})
    calls = [(row.id, row.queue) for row in lost]
    overdue = [(row.id, row.room) for row in await connection.execute(_OVERDUE)]
    return calls, overdue
