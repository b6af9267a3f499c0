"""What PostgreSQL keeps of a package beside its members: its parts, their hashes, its past."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from schema.tables.bulk import part as part_table
from schema.tables.bulk import revision as revision_table
from service.bulk.bag import Package, Revision, Run
from service.bulk.layout import Layout, PartPlan
from service.errors import Gone


@dataclass(frozen=True, slots=True)
class PartHashes:
    """The SHA-256 of a part and of each `piece_bytes` of it, one after the other."""

    sha256: bytes
    piece_bytes: int
    pieces: bytes

    def of_pieces(self) -> tuple[bytes, ...]:
        """The hashes of the pieces, in order."""
        return tuple(self.pieces[n : n + 32] for n in range(0, len(self.pieces), 32))


def runs_of(layout: Layout) -> list[Run]:
    """The members of each part by their numbers; together they leave no number out."""
    seqs = layout.members["seq"]
    after = int(seqs[-1]) + 1 if len(seqs) else 0

    def seq(index: int) -> int:
        return int(seqs[index]) if index < len(seqs) else after

    return [Run(seq(part.first), seq(part.stop), part.revision) for part in layout.parts]


async def keep_parts(
    connection: AsyncConnection,
    package_id: int,
    layout: Layout,
    known: Mapping[str, PartHashes],
) -> list[int]:
    """Write the parts of a package, with the hashes that are `known` by the parts' digests.

    The numbers of the parts whose hashes are not.
    """
    parts = zip(runs_of(layout), layout.parts, strict=True)
    rows = [
        _row(package_id, number, run, plan, known.get(plan.digest))
        for number, (run, plan) in enumerate(parts, start=1)
    ]
    await connection.execute(insert(part_table), rows)
    return [row["number"] for row in rows if row["sha256"] is None]


def _row(
    package_id: int, number: int, run: Run, plan: PartPlan, hashes: PartHashes | None
) -> dict[str, Any]:
    return {
        "package_id": package_id,
        "number": number,
        "revision": run.revision,
        "first_seq": run.first,
        "stop_seq": run.stop,
        "size": plan.size,
        "digest": plan.digest,
        "sha256": hashes and hashes.sha256,
        "piece_bytes": hashes and hashes.piece_bytes,
        "pieces": hashes and hashes.pieces,
    }


async def part_hashes(
    connection: AsyncConnection, package_id: int, numbers: range | None = None
) -> dict[int, PartHashes]:
    """The hashes of a package's parts, or of those with `numbers` that follow each other, by
    number, as far as they are known, with their pieces."""
    columns = part_table.c
    query = select(columns.number, columns.sha256, columns.piece_bytes, columns.pieces).where(
        columns.package_id == package_id, columns.sha256.is_not(None)
    )
    if numbers is not None:
        query = query.where(columns.number >= numbers.start, columns.number < numbers.stop)
    found = await connection.execute(query)
    return {row.number: PartHashes(row.sha256, row.piece_bytes, row.pieces) for row in found}


async def part_sums(
    connection: AsyncConnection, package_id: int, number: int | None = None
) -> dict[int, bytes]:
    """The SHA-256 of a package's parts, or of the one with a `number`, as far as they are known.

    Without the hashes of pieces, 8 kB a part, which Metalink alone needs.
    """
    columns = part_table.c
    query = select(columns.number, columns.sha256).where(
        columns.package_id == package_id, columns.sha256.is_not(None)
    )
    if number is not None:
        query = query.where(columns.number == number)
    return {row.number: row.sha256 for row in await connection.execute(query)}


def _part(package_id: int, number: int) -> ColumnElement[bool]:
    return (part_table.c.package_id == package_id) & (part_table.c.number == number)


async def hashes_of_same(
    connection: AsyncConnection, package_id: int, number: int
) -> PartHashes | None:
    """The hashes of a part, where they are known of it or of one with the same bytes."""
    digest = select(part_table.c.digest).where(_part(package_id, number)).scalar_subquery()
    columns = part_table.c
    query = select(columns.sha256, columns.piece_bytes, columns.pieces).where(
        columns.digest == digest, columns.sha256.is_not(None)
    )
    row = (await connection.execute(query.limit(1))).one_or_none()
    return None if row is None else PartHashes(row.sha256, row.piece_bytes, row.pieces)


async def keep_hashes(
    connection: AsyncConnection, package_id: int, number: int, hashes: PartHashes
) -> None:
    """Write what was found of a part."""
    await connection.execute(
        update(part_table)
        .where(_part(package_id, number))
        .values(sha256=hashes.sha256, piece_bytes=hashes.piece_bytes, pieces=hashes.pieces)
    )


async def specification(connection: AsyncConnection, row: Row[Any]) -> Package:
    """The package of a row of bulk.package, as it was arranged when it was frozen.

    Gone where a version of this software froze it that kept no parts.
    """
    parts = await connection.execute(
        select(part_table).where(part_table.c.package_id == row.id).order_by(part_table.c.number)
    )
    runs = tuple(Run(part.first_seq, part.stop_seq, part.revision) for part in parts)
    if not runs:
        raise frozen_before()
    earlier = await connection.execute(
        select(revision_table)
        .where(revision_table.c.package_id == row.id)
        .order_by(revision_table.c.number)
    )
    return Package(
        name=row.name,
        job_id=row.job_id,
        frozen=int(row.frozen.timestamp()),
        form=row.format,
        part_size=row.part_size,
        revision=row.revision,
        runs=runs,
        earlier=tuple(
            Revision(each.number, int(each.frozen.timestamp()), each.tags) for each in earlier
        ),
    )


def frozen_before() -> Gone:
    """The parts of a job cannot be made again as they were."""
    return Gone(
        "this job was frozen by an earlier version of the archive's software, which made its parts "
        "otherwise; send its parameters again to get a new one"
    )


async def keep_revisions(
    connection: AsyncConnection, package_id: int, earlier: Sequence[Revision]
) -> None:
    """Write the revisions before the package's own."""
    if earlier:
        rows = [
            {
                "package_id": package_id,
                "number": each.number,
                "frozen": datetime.fromtimestamp(each.frozen, UTC),
                "tags": dict(each.tags),
            }
            for each in earlier
        ]
        await connection.execute(insert(revision_table), rows)
