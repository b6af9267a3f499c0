"""Members found damaged: kept once, and refused from then on, so that no client asks in a loop."""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from schema.tables.bulk import damage as damage_table
from service.archive import Archive
from service.bulk.bag import PAYLOAD
from service.bulk.layout import Members
from service.bulk.members import Member
from service.bulk.part import DamagedMember, Part
from service.errors import Gone, StarhaulError
from service.storage.ranges import Span


async def is_damaged(connection: AsyncConnection, package_id: int) -> bool:
    """Whether anything of a package is known to be damaged."""
    found = select(damage_table.c.seq).where(damage_table.c.package_id == package_id).exists()
    return bool(await connection.scalar(select(found)))


async def refusal_of(
    connection: AsyncConnection, package_id: int, part: Part, repair: str
) -> "Refusal":
    """What is known to be damaged of a part; `repair` is the URL of the remedy."""
    own = part.layout.members["seq"][part.plan.first : part.plan.stop]
    damage: dict[int, str] = {}
    if len(own):
        found = await connection.execute(
            select(damage_table.c.seq, damage_table.c.reason)
            .where(damage_table.c.package_id == package_id)
            .where(damage_table.c.seq.between(int(own[0]), int(own[-1])))
            .order_by(damage_table.c.seq)
        )
        damage = {each.seq: each.reason for each in found}
    return Refusal(part, damage, repair)


async def record_damage(archive: Archive, package_id: int, error: StarhaulError) -> None:
    """Keep what was found, once for each member; what passes by itself is not kept."""
    if not isinstance(error, DamagedMember):
        return
    async with archive.database.owner.begin() as connection:
        await connection.execute(
            insert(damage_table)
            .values(package_id=package_id, seq=error.seq, reason=error.message)
            .on_conflict_do_nothing()
        )


def member_of(part: Part, seq: int) -> Member:
    """The member of a part with this number."""
    members = part.layout.members
    start = int(members["start"][_index(members, seq)])
    return next(part.members(Span(start, start + 1)))


def _index(members: Members, seq: int) -> int:
    """Where the member with this number is. NumPy's own search would read the whole column."""
    return bisect_left(members["seq"], seq)


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is known to be damaged of a part, by the member's number, in order, and the URL of its
    remedy."""

    part: Part
    damage: Mapping[int, str]
    repair: str

    def check(self, span: Span) -> None:
        """Gone for a span that touches a damaged member; other spans can be had."""
        layout = self.part.layout
        seqs = list(self.damage)
        rows = layout.members[[_index(layout.members, seq) for seq in seqs]]
        ends = rows["start"] + rows["header"] + layout.form.padded_sizes(rows["size"])
        (touched,) = np.nonzero((rows["start"] < span.stop) & (span.first < ends))
        if len(touched):
            seq = seqs[touched[0]]
            facts = self.facts(seq, self.damage[seq])
            raise Gone(
                f"bytes {facts['first']}-{facts['last']} of this part cannot be had any more: "
                f"{self.damage[seq]}. Other ranges still work; POST to {self.repair} makes a job "
                "in which the other parts keep their bytes",
                facts=facts,
            )

    def facts(self, seq: int, reason: str) -> dict[str, str | int]:
        """What a program is told: the file's path in the package, why, the first and last byte
        of the part that cannot be had, and the remedy."""
        layout = self.part.layout
        row = layout.members[_index(layout.members, seq)]
        line = bytes(layout.manifest[row["line"] : row["line"] + row["line_bytes"]]).decode()
        path = line.rstrip("\n").split(f"  {PAYLOAD}", 1)[1]
        member = member_of(self.part, seq)
        return {
            "file": path,
            "reason": reason,
            "first": member.start,
            "last": member.end - 1,
            "repair": self.repair,
        }
