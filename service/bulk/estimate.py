"""What a job would be, told before it is made: the same statement into temporary tables."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, Field
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.archive import Archive
from service.bulk import bag
from service.bulk.copied import COPY_HEADER_BYTES
from service.bulk.cutting import Integers, cut
from service.bulk.form import Form, form_of
from service.bulk.plan import Plan, planned
from service.bulk.request import BulkRequest
from service.bulk.selection import check_members, driver_of, select_rows, selecting_for
from service.bulk.since import package_since
from service.bulk.statement import estimating
from service.errors import UsageError
from service.html.numbers import count, size
from service.lane.limits import DownloadLimits, limits_of
from service.uploads.session import Uploads

if TYPE_CHECKING:
    import asyncpg

_ABSENT = ("missing", "forbidden", "vanished")
_MEMBERS = "CREATE TEMPORARY TABLE member (LIKE bulk.member) ON COMMIT DROP"
_STATUS = "SELECT status, count(*), coalesce(sum(size), 0)::bigint FROM pg_temp.member GROUP BY 1"
_COSTS = """
SELECT octet_length(path), octet_length(path) <> length(path), size
FROM pg_temp.member WHERE status = 'ok' ORDER BY seq
"""
# A row of the binary COPY of these: a count of fields, then length and value of each.
_COPIED = np.dtype(
    [
        *(("fields", ">i2"), ("path_length", ">i4"), ("path_bytes", ">i4")),
        *(("non_ascii_length", ">i4"), ("non_ascii", "?"), ("size_length", ">i4")),
        ("size", ">i8"),
    ]
)
_FOLDER_BYTES = len(f"starhaul-01234567/{bag.PAYLOAD}")
_LINE_BYTES = 64 + 2 + len(bag.PAYLOAD) + 1  # beside the path: digest, two blanks, newline
_CHUNK_BYTES = 1 << 20


class Estimate(BaseModel):
    """A job as it would be frozen now. Times are those of the bytes alone."""

    files: int = Field(description="that would be packed")
    bytes: int = Field(description="of these files")
    parts: int
    missing: int = Field(description="datasets that are not here, or have no such file")
    forbidden: int = Field(description="files that you may not read")
    vanished: int = Field(description="files that are no longer in the archive")
    seconds_at_10_mbit_s: float
    seconds_at_100_mbit_s: float
    text: str = Field(description="the same for people")
    downloads: DownloadLimits


async def estimate(
    archive: Archive, request: BulkRequest, files: Mapping[str, Path], owner: str | None
) -> Estimate:
    """Estimate a job. UsageError as the job would end with, and where it takes too long."""
    limit = archive.settings.query_timeout_s
    try:
        async with (
            asyncio.timeout(limit) as clock,
            planned(archive, request, files, owner) as (plan, uploads),
            archive.database.owner.connect() as connection,
        ):
            await selecting_for(connection, owner)
            return await _estimate(archive, connection, plan, uploads, owner)
    except TimeoutError:
        if not clock.expired():
            raise
        raise UsageError(
            f"the estimate was not ready within {limit:g} s; narrow the query down, or send the "
            "job itself, which may take longer"
        ) from None


async def _estimate(
    archive: Archive,
    connection: AsyncConnection,
    plan: Plan,
    uploads: Uploads,
    owner: str | None,
) -> Estimate:
    request, since = plan.request, None
    if request.since is not None:
        since = await package_since(connection, request.since, owner)

    @contextlib.asynccontextmanager
    async def cancellable(pid: int) -> AsyncIterator[None]:
        try:
            yield
        except BaseException:
            async with archive.database.owner.begin() as other:
                await other.execute(select(func.pg_cancel_backend(pid)))
            raise

    await select_rows(archive, connection, plan, uploads, cancellable)
    await connection.execute(text(_MEMBERS))
    statement = estimating(plan, since)
    made = await connection.execute(text(statement.sql), {**statement.values, "package_id": 0})
    check_members(made.rowcount, archive.settings)
    counts: dict[str, int] = dict.fromkeys(("ok", *_ABSENT), 0)
    octets = 0
    for status, rows, size_of_all in await connection.execute(text(_STATUS)):
        counts[status] = rows
        octets += size_of_all if status == "ok" else 0
    parts = await _parts(await driver_of(connection), form_of(request.form), request.part_size)
    return _told(counts, octets, parts, limits_of(archive.settings))


def _told(
    counts: Mapping[str, int], octets: int, parts: int, downloads: DownloadLimits
) -> Estimate:
    return Estimate(
        files=counts["ok"],
        bytes=octets,
        parts=parts,
        missing=counts["missing"],
        forbidden=counts["forbidden"],
        vanished=counts["vanished"],
        seconds_at_10_mbit_s=round(octets * 8 / 10e6, 1),
        seconds_at_100_mbit_s=round(octets * 8 / 100e6, 1),
        text=_words(counts, octets, parts),
        downloads=downloads,
    )


def _words(counts: Mapping[str, int], octets: int, parts: int) -> str:
    absent = [f"{count(counts[status])} {status}; " for status in _ABSENT if counts[status]]
    files = f"{count(counts['ok'])} {'file' if counts['ok'] == 1 else 'files'}"
    in_parts = f"{count(parts)} {'part' if parts == 1 else 'parts'}"
    slow, fast = _duration(octets * 8 / 10e6), _duration(octets * 8 / 100e6)
    return (
        f"{files}, {size(octets)}, in {in_parts}; {''.join(absent)}"
        f"{slow} at 10 Mbit/s, {fast} at 100 Mbit/s"
    )


def _duration(seconds: float) -> str:
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(seconds, 1):.0f} s"


async def _parts(driver: "asyncpg.Connection[asyncpg.Record]", form: Form, part_size: int) -> int:
    """How many parts the members of pg_temp.member make; UsageError where they are too many."""
    costs: list[Integers] = []
    line_bytes = 0
    copied = bytearray()

    def take() -> None:
        nonlocal line_bytes
        begin = 0 if costs else COPY_HEADER_BYTES
        end = begin + (len(copied) - begin) // _COPIED.itemsize * _COPIED.itemsize
        rows = np.frombuffer(copied[begin:end], dtype=_COPIED)
        costs.append(_costs(rows, form))
        line_bytes += int(rows["path_bytes"].sum()) + len(rows) * _LINE_BYTES
        del copied[:end]

    async def collect(data: bytes) -> None:
        copied.extend(data)
        if len(copied) >= _CHUNK_BYTES:
            take()

    await driver.copy_from_query(_COSTS, output=collect, format="binary")
    take()
    return len(await asyncio.to_thread(cut, np.concatenate(costs), line_bytes, part_size))


def _costs(rows: npt.NDArray[np.void], form: Form) -> Integers:
    """What each member takes of a part, in bytes, with its line in the list of the part."""
    paths = rows["path_bytes"].astype(np.int64)
    names = paths + _FOLDER_BYTES
    sizes = rows["size"].astype(np.int64)
    headers = form.header_lengths(names, rows["non_ascii"], sizes)
    records = form.record_lengths(names, sizes, np.full(len(rows), 2**62))
    return headers + form.padded_sizes(sizes) + records + paths + _LINE_BYTES
