"""From matches to tasks: each has whole files, so that a file is opened once.

A task is some seconds of work: small enough that a killed worker loses little, and that others get
their turn. A file that many rows want is shared by several tasks.
"""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

# Costs: a cutout, an open file, and how many bytes of pixels cost as much as a cutout.
_OPENING = 4
_OCTETS = 65_536
_SHARED = 5  # a file that is more than so many tasks is shared by them

_CUTS = """
INSERT INTO pairing.cut
    (pairing_id, task, holding_id, row, dataset_id, pixels, band, low, high, name)
WITH costs AS (
    SELECT *, 1 + octets / {octets} AS cost FROM pg_temp.matched
), files AS (
    SELECT holding_id, sum(cost) + {opening} AS cost FROM costs GROUP BY holding_id
), placed AS (
    SELECT *, cost > {shared} AS shared,
        sum(CASE WHEN cost > {shared} THEN 0 ELSE cost END)
            OVER (ORDER BY holding_id) - CASE WHEN cost > {shared} THEN 0 ELSE cost END AS before
    FROM files
), pieces AS (
    SELECT costs.*, shared, CASE WHEN shared THEN 0 ELSE floor(before / {task}) END AS place,
        CASE WHEN shared THEN holding_id ELSE 0 END AS own,
        CASE WHEN shared
             THEN floor(sum(costs.cost) OVER (PARTITION BY holding_id ORDER BY row) / {task})
             ELSE 0 END AS piece
    FROM costs JOIN placed USING (holding_id)
)
SELECT :pairing_id, dense_rank() OVER (ORDER BY own, place, piece), holding_id, row, dataset_id,
    pixels, band, low, high, name
FROM pieces
"""
_TASKS = """
INSERT INTO pairing.task (pairing_id, number, cuts)
SELECT pairing_id, task, count(*) FROM pairing.cut WHERE pairing_id = :pairing_id GROUP BY 1, 2
"""
_TOTALS = """
UPDATE pairing.pairing SET cuts = total.cuts, files = total.files, octets = total.octets
FROM (SELECT count(*) AS cuts, count(DISTINCT holding_id) AS files,
          coalesce(sum(octets), 0)::bigint AS octets FROM pg_temp.matched) AS total
WHERE id = :pairing_id
RETURNING pairing.cuts, pairing.files, pairing.octets
"""


@dataclass(frozen=True, slots=True)
class Grouped:
    """How much is to be done: `octets` of pixels, about."""

    tasks: int
    cuts: int
    files: int
    octets: int


async def group_cuts(connection: AsyncConnection, pairing_id: int, per_task: int) -> Grouped:
    """Write what each task has to cut, about so many of some pixels, out of pg_temp.matched."""
    values = {"pairing_id": pairing_id}
    costs = {"octets": _OCTETS, "opening": _OPENING}
    cuts = _CUTS.format(**costs, task=int(per_task), shared=_SHARED * int(per_task))
    await connection.execute(text(cuts), values)
    tasks = await connection.execute(text(_TASKS), values)
    row = (await connection.execute(text(_TOTALS), values)).one()
    return Grouped(tasks.rowcount, row.cuts, row.files, row.octets)
