"""The first rows of a query, by the reader's rights, for a page."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from adql.columns import ColumnMeta
from adql.translation import Translation
from service.results.rows import open_rows, query_slot
from service.results.wire import CopyForm

if TYPE_CHECKING:
    import asyncpg

# A page holds no more than this of cells, however wide they are.
_MOST_OCTETS = 8 << 20


@dataclass(frozen=True, slots=True)
class FirstRows:
    """Columns and rows; `more` says that the query has further ones."""

    columns: tuple[ColumnMeta, ...]
    rows: Sequence[Sequence[Any]]
    more: bool


async def first_rows(
    pool: "asyncpg.Pool[asyncpg.Record]",
    query: Translation,
    most: int,
    timeout_s: float,
    principal: str | None = None,
) -> FirstRows:
    """At most so many rows, of those that a principal may read; StarhaulError where the query fails
    or takes too long."""
    lines: list[bytes] = []
    octets = 0
    slot = partial(query_slot, principal=principal)
    async with open_rows(
        pool, query, maxrec=most, form=CopyForm.JSON, timeout_s=timeout_s, slot=slot
    ) as stream:
        async for chunk in stream.chunks():
            # COPY's text form escapes nothing in JSON but the backslash.
            lines += chunk.replace(b"\\\\", b"\\").splitlines()
            octets += len(chunk)
            if octets > _MOST_OCTETS:
                break
    rows = [json.loads(line) for line in lines[:most]]
    cut = octets > _MOST_OCTETS
    return FirstRows(tuple(column.meta for column in query.columns), rows, cut or len(lines) > most)
