"""The rows of a query as they leave PostgreSQL: COPY into a bounded queue, cancelled at the exit.

PostgreSQL sends one message a row, and asyncpg hands over whole messages: every chunk here holds
whole rows.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypedDict

import asyncpg

from service.database import is_outage, outage
from service.errors import StarhaulError, TooMany, UsageError
from service.results.wire import CopyForm, Query, WireColumn, copy_sql, random_sync, wire_columns

Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"

_CHUNK_BYTES = 1 << 20
_CHUNKS_AHEAD = 2
_SLOT_WAIT_S = 10
_MOST_ROWS = 2**63 - 1  # the largest LIMIT


class _CopyOptions(TypedDict, total=False):
    format: Literal["binary", "text", "csv"]
    null: str
    delimiter: str


_COPY_OPTIONS: dict[CopyForm, _CopyOptions] = {
    CopyForm.BINARY: {"format": "binary"},
    CopyForm.TEXT: {"format": "text", "null": ""},
    CopyForm.CSV: {"format": "csv"},
    CopyForm.TSV: {"format": "csv", "delimiter": "\t"},
    CopyForm.JSON: {"format": "text"},
}


@dataclass(frozen=True, slots=True)
class RowStream:
    """An open query. `columns` are as they arrive, `sync` is the constant first column."""

    columns: tuple[WireColumn, ...]
    form: CopyForm
    sync: int
    first: bytes
    _queue: "asyncio.Queue[bytes | Exception | None]"

    async def chunks(self) -> AsyncIterator[bytes]:
        """Chunks of about a megabyte, the first as soon as it is there.

        StarhaulError where the query fails on the way.
        """
        chunk: bytes | Exception | None = self.first
        while chunk:
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk
            chunk = await self._queue.get()


class _Sink:
    """Collects what COPY writes and passes it on in chunks; waits while the queue is full."""

    def __init__(self, queue: "asyncio.Queue[bytes | Exception | None]") -> None:
        self._queue = queue
        self._parts: list[bytes] = []
        self._size = 0
        self._begun = False

    async def write(self, data: bytes) -> None:
        self._parts.append(data)
        self._size += len(data)
        if self._size >= _CHUNK_BYTES or not self._begun:
            self._begun = True
            await self.flush()

    async def flush(self) -> None:
        if self._parts:
            await self._queue.put(b"".join(self._parts))
            self._parts, self._size = [], 0


def row_limit(form: CopyForm, maxrec: int | None) -> int | None:
    """Rows to ask for: one more than MAXREC, which shows an overflow; CSV and TSV cannot."""
    if maxrec is None:
        return None
    return min(maxrec + form.counts_rows, _MOST_ROWS)


@asynccontextmanager
async def open_rows(
    pool: "asyncpg.Pool[asyncpg.Record]",
    query: Query,
    *,
    maxrec: int | None,
    form: CopyForm = CopyForm.BINARY,
    timeout_s: float,
) -> AsyncIterator[RowStream]:
    """Run a query up to its first row, or its end, within `timeout_s` seconds.

    Leaving the context cancels what still runs in PostgreSQL. StarhaulError where the query fails
    before its first row.
    """
    async with (
        query_slot(pool) as connection,
        rows_of(connection, query, maxrec=maxrec, form=form, timeout_s=timeout_s) as rows,
    ):
        yield rows


@asynccontextmanager
async def rows_of(
    connection: Connection,
    query: Query,
    *,
    maxrec: int | None,
    form: CopyForm,
    timeout_s: float | None,
) -> AsyncIterator[RowStream]:
    """The same on a given connection; without a limit where `timeout_s` is None."""
    sync = random_sync()
    columns = wire_columns(query.columns)
    sql = copy_sql(query, form, row_limit(form, maxrec), sync)
    queue: asyncio.Queue[bytes | Exception | None] = asyncio.Queue(_CHUNKS_AHEAD)
    copying = asyncio.create_task(_copy(connection, sql, form, queue))
    try:
        first = await _first(queue, timeout_s)
        yield RowStream(columns, form, sync, first, queue)
    finally:
        copying.cancel()
        with suppress(asyncio.CancelledError):
            await copying


async def _first(
    queue: "asyncio.Queue[bytes | Exception | None]", timeout_s: float | None
) -> bytes:
    try:
        async with asyncio.timeout(timeout_s):
            first = await queue.get()
    except TimeoutError:
        raise UsageError(
            f"the query gave no row within {timeout_s:g} s and was stopped; "
            "narrow it down (a smaller region, conditions on indexed columns)"
        ) from None
    if isinstance(first, Exception):
        raise first
    return first or b""


@asynccontextmanager
async def query_slot(pool: "asyncpg.Pool[asyncpg.Record]") -> AsyncIterator[Connection]:
    """A connection for one query; TooMany where all are busy, Unavailable without a database."""
    try:
        connection = await pool.acquire(timeout=_SLOT_WAIT_S)
    except TimeoutError:
        if pool.get_idle_size() or pool.get_size() < pool.get_max_size():
            raise outage() from None
        raise TooMany(
            "all query slots of the archive are busy; send the query again later",
            retry_after=_SLOT_WAIT_S,
        ) from None
    except Exception as error:
        raise query_error(error) from error
    try:
        yield connection
    finally:
        # A COPY cancelled between two rows may still be sending; asyncpg then closes the
        # connection instead of giving it back, and says so.
        with suppress(asyncpg.InternalClientError):
            await pool.release(connection)


async def _copy(
    connection: Connection,
    sql: str,
    form: CopyForm,
    queue: "asyncio.Queue[bytes | Exception | None]",
) -> None:
    """COPY into the queue, then None; or the error that users may see."""
    sink = _Sink(queue)
    try:
        # No arguments, ever: asyncpg would write them into the text (DESIGN §4).
        await connection.copy_from_query(sql, output=sink.write, **_COPY_OPTIONS[form])
        await sink.flush()
        await queue.put(None)
    except Exception as error:
        await queue.put(query_error(error))


def query_error(error: Exception) -> Exception:
    """What a user may read of an error of PostgreSQL's; the error itself where that is nothing."""
    if isinstance(error, StarhaulError):
        return error
    if is_outage(error):
        return outage()
    if isinstance(error, asyncpg.DataError):
        return UsageError(f"a value of the query cannot be computed: {error.args[0]}")
    if isinstance(error, asyncpg.QueryCanceledError):
        return UsageError("the query was stopped by the database: it ran for too long")
    if isinstance(error, asyncpg.InsufficientResourcesError):
        return UsageError(
            "the query needs more memory or temporary space than one query may use; "
            "narrow it down, or leave out ORDER BY, DISTINCT or GROUP BY"
        )
    return error
