"""The rows of a query as they leave PostgreSQL: COPY into a backlog, cancelled at the exit.

PostgreSQL sends one message a row, and asyncpg hands over whole messages: every chunk here holds
whole rows.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import (
    AbstractAsyncContextManager,
    asynccontextmanager,
    nullcontext,
    suppress,
)
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypedDict

import asyncpg

from service.database import is_outage, outage
from service.errors import StarhaulError, TooMany, Unavailable, UsageError
from service.results.backlog import Backlog
from service.results.wire import CopyForm, Query, WireColumn, copy_sql, random_sync, wire_columns

Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
Slot: TypeAlias = Callable[
    ["asyncpg.Pool[asyncpg.Record]"], AbstractAsyncContextManager[Connection]
]

_CHUNK_BYTES = 1 << 20
_SLOT_WAIT_S = 10
_ACT_AS = "SELECT set_config('starhaul.principal', $1, false)"
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
    _backlog: Backlog

    @property
    def is_whole(self) -> bool:
        """Whether nothing follows the first chunk, as far as is known now."""
        return self._backlog.is_over

    async def chunks(self) -> AsyncIterator[bytes]:
        """Chunks of about a megabyte, the first as soon as it is there.

        StarhaulError where the query fails on the way.
        """
        chunk: bytes | None = self.first
        while chunk:
            yield chunk
            chunk = await self._backlog.get()


class _Sink:
    """Collects what COPY writes and passes it on in chunks."""

    def __init__(self, backlog: Backlog) -> None:
        self._backlog = backlog
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
            await self._backlog.put(b"".join(self._parts))
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
    backlog_folder: str | None = None,
    slot: Slot | None = None,
) -> AsyncIterator[RowStream]:
    """Run a query up to its first row, or its end, within `timeout_s` seconds.

    `slot` gives a connection of the pool, prepared for this query; `query_slot` by default.

    Leaving the context cancels what still runs in PostgreSQL; the connection goes back to the pool
    as soon as PostgreSQL has sent all rows. StarhaulError where the query fails before its first
    row.
    """
    backlog = Backlog(backlog_folder)
    taken = (slot or query_slot)(pool)
    async with _copied(taken, query, maxrec, form, timeout_s, backlog) as rows:
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
    backlog = Backlog()
    async with _copied(nullcontext(connection), query, maxrec, form, timeout_s, backlog) as rows:
        yield rows


@asynccontextmanager
async def _copied(
    slot: AbstractAsyncContextManager[Connection],
    query: Query,
    maxrec: int | None,
    form: CopyForm,
    timeout_s: float | None,
    backlog: Backlog,
) -> AsyncIterator[RowStream]:
    sync = random_sync()
    columns = wire_columns(query.columns)
    sql = copy_sql(query, form, row_limit(form, maxrec), sync)
    copying = asyncio.create_task(_copy(slot, sql, form, backlog))
    try:
        first = await _first(backlog, timeout_s)
        yield RowStream(columns, form, sync, first, backlog)
    finally:
        if not backlog.is_over:
            copying.cancel()
        with suppress(asyncio.CancelledError):
            await copying


async def _first(backlog: Backlog, timeout_s: float | None) -> bytes:
    try:
        async with asyncio.timeout(timeout_s):
            return await backlog.get() or b""
    except TimeoutError:
        raise UsageError(
            f"the query gave no row within {timeout_s:g} s and was stopped; "
            "narrow it down (a smaller region, conditions on indexed columns)"
        ) from None


@asynccontextmanager
async def query_slot(
    pool: "asyncpg.Pool[asyncpg.Record]", principal: str | None = None
) -> AsyncIterator[Connection]:
    """A connection for one query of a principal, None: of anybody; TooMany where all are busy,
    Unavailable without a database."""
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
        if principal is not None:
            # Until the connection is given back: asyncpg then resets all settings.
            await connection.execute(_ACT_AS, principal)
        yield connection
    finally:
        # A COPY cancelled between two rows may still be sending; asyncpg then closes the
        # connection instead of giving it back, and says so.
        with suppress(asyncpg.InternalClientError):
            await pool.release(connection)


async def _copy(
    slot: AbstractAsyncContextManager[Connection], sql: str, form: CopyForm, backlog: Backlog
) -> None:
    """COPY into the backlog, ended with the error that users may see, if there is one."""
    sink = _Sink(backlog)
    try:
        async with slot as connection:
            # No arguments, ever: asyncpg would write them into the text (DESIGN §4).
            await connection.copy_from_query(sql, output=sink.write, **_COPY_OPTIONS[form])
            await sink.flush()
            await backlog.end()
    except Exception as error:
        await backlog.end(query_error(error))


# What generated queries can still meet when they run (docs/decisions/0006).
_IN_WORDS: dict[type[asyncpg.PostgresError], str] = {
    asyncpg.NumericValueOutOfRangeError: (
        "a number of the query becomes too large or too small: + - * / of double precision numbers "
        "hold magnitudes from 5e-324 to 1.8e308; leave such rows out with WHERE"
    ),
    asyncpg.CardinalityViolationError: (
        "a subquery that stands for one value gives several rows; write TOP 1, MIN or MAX in it, "
        "or compare with IN (SELECT ...)"
    ),
    asyncpg.ProgramLimitExceededError: (
        "the query is larger than the database can take: it has too many columns, terms or levels; "
        "split it"
    ),
    asyncpg.InsufficientResourcesError: (
        "the query needs more memory or temporary space than one query may use; "
        "narrow it down, or leave out ORDER BY, DISTINCT or GROUP BY"
    ),
}


def query_error(error: Exception) -> Exception:
    """What a user may read of an error of PostgreSQL's; the error itself where that is nothing."""
    if isinstance(error, StarhaulError):
        return error
    if is_outage(error):
        return outage()
    if isinstance(error, asyncpg.UndefinedTableError | asyncpg.UndefinedColumnError):
        return Unavailable(
            "a table of the query was published anew or taken away a moment ago; send the query "
            "again",
            retry_after=_SLOT_WAIT_S,
        )
    for kind, message in _IN_WORDS.items():
        if isinstance(error, kind):
            return UsageError(message)
    if isinstance(error, asyncpg.DataError):
        return UsageError(f"a value of the query cannot be computed: {error.args[0]}")
    if isinstance(error, asyncpg.QueryCanceledError):
        return UsageError("the query was stopped by the database: it ran for too long")
    return error
