"""The uploads of one query: kept, opened, loaded into a transaction that only the query sees.

A temporary table for each, filled by COPY, indexed where it has a position, analyzed; then the
transaction becomes read-only and the query runs in it. Its end takes the tables away (DESIGN §10).
"""

import asyncio
import gzip
import lzma
import tempfile
import zlib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from adql.catalogue import Catalogue
from schema.catalogue import TableCatalogue, quoted
from schema.sky_index import position_indexes
from service.config import Settings
from service.errors import TooLarge, UsageError
from service.multipart import INCOMING
from service.results.rows import Connection, query_error, query_slot
from service.tables.copying import ahead, while_connected
from service.tables.opening import format_of, open_bytes
from service.tables.reading import open_table
from service.tables.table import PlacedError
from service.uploads.fetching import TOO_MUCH, fetch
from service.uploads.request import Upload
from service.uploads.table import UploadedTable, reading, uploaded_table

# What a table may unpack to in PostgreSQL, over what its file may have.
_UNPACKED = 8
_CHUNK_BYTES = 1 << 20
# A join looks up a page or two for each row of an upload. PostgreSQL 18 would leave each reading
# to another process, and wait for it (docs/decisions/0008).
READ_AT_ONCE = "SET LOCAL effective_io_concurrency = 0"


@dataclass(frozen=True)
class Uploads:
    """Opened uploads. There may be none: then everything is as without them."""

    tables: tuple[UploadedTable, ...]
    settings: Settings
    principal: str | None

    def seen_with(self, catalogue: Catalogue) -> Catalogue:
        """The archive's tables and these."""
        if not self.tables:
            return catalogue
        return TableCatalogue((*catalogue.tables(), *(t.table for t in self.tables)))

    @asynccontextmanager
    async def slot(self, pool: "asyncpg.Pool[asyncpg.Record]") -> AsyncIterator[Connection]:
        """A connection for one query that sees these tables; StarhaulError as `query_slot` has it,
        and where a table cannot be loaded."""
        async with query_slot(pool, self.principal) as connection:
            if not self.tables:
                yield connection
                return
            try:
                await self._load_all(connection)
                yield connection
            finally:
                # After a COPY that was cancelled, asyncpg takes nothing more and closes instead.
                with suppress(asyncpg.InterfaceError, asyncpg.InternalClientError):
                    await connection.execute("ROLLBACK")

    async def _load_all(self, connection: Connection) -> None:
        """Begin a transaction, make the tables in it, let nothing else be made."""
        try:
            await connection.execute("BEGIN READ WRITE")
            for table in self.tables:
                await load_table(connection, table, self.settings)
            await connection.execute(READ_AT_ONCE)
            await connection.execute("SET TRANSACTION READ ONLY")
        except (asyncpg.FeatureNotSupportedError, asyncpg.InsufficientPrivilegeError):
            # A replica; or TEMPORARY was taken from everybody.
            raise UsageError(
                "the database that queries of this archive run on takes no uploads; write the "
                "values into the query instead, and tell the archive's operator"
            ) from None
        except Exception as error:
            raise query_error(error) from error


async def load_table(connection: Connection, table: UploadedTable, settings: Settings) -> None:
    """Make and fill the table's relation; UsageError or TooLarge, naming the upload, where its rows
    cannot be loaded."""
    with _in_words(table.upload):
        await _fill(connection, table, _UNPACKED * settings.upload_bytes)


async def _fill(connection: Connection, table: UploadedTable, most_bytes: int) -> None:
    columns = ", ".join(f"{quoted(name)} {kind}" for name, kind in table.columns)
    relation = table.table.sql_name
    await connection.execute(f"CREATE TEMP TABLE {quoted(table.relation)} ({columns})")
    chunks = ahead(table.copied(Path(), most_bytes))
    copying = connection.copy_to_table(table.relation, source=chunks, format="binary")
    try:
        await while_connected(connection, copying)
    finally:
        await chunks.aclose()
    for position in table.table.positions:
        assert table.pair is not None
        ra, dec = (table.columns[index][0] for index in table.pair)
        for statement in position_indexes(relation, position, ra, dec):
            await connection.execute(statement)
    await connection.execute(f"ANALYZE {relation}")


@asynccontextmanager
async def opened_uploads(
    uploads: Sequence[Upload],
    files: Mapping[str, Path],
    settings: Settings,
    principal: str | None = None,
) -> AsyncIterator[Uploads]:
    """The uploads of a principal's query, fetched and open for the time of the block.

    `files` are the parts of the request. UsageError, naming the upload, where one is missing,
    cannot be fetched or is no table.
    """
    if not uploads:
        yield Uploads((), settings, principal)
        return
    place = settings.scratch / INCOMING
    await asyncio.to_thread(place.mkdir, parents=True, exist_ok=True)
    left = settings.upload_bytes
    with tempfile.TemporaryDirectory(dir=place) as folder, ExitStack() as stack:
        tables = []
        for number, upload in enumerate(uploads, start=1):
            with _in_words(upload):
                target = Path(folder) / str(number)
                path = await _file_of(upload, files, target, settings, left)
                plain = target.with_suffix(".plain")
                unpacked = await asyncio.to_thread(_unpacked, path, plain, left)
                left -= unpacked.stat().st_size
                tables.append(await asyncio.to_thread(_open, stack, upload, number, unpacked))
        yield Uploads(tuple(tables), settings, principal)


async def _file_of(
    upload: Upload, files: Mapping[str, Path], target: Path, settings: Settings, most_bytes: int
) -> Path:
    if upload.part is None:
        await fetch(upload.uri, target, settings, most_bytes)
        return target
    if upload.part not in files:
        parts = ", ".join(repr(name[:40]) for name in files)
        raise UsageError(
            f"the request has no file named {upload.part[:40]!r}"
            + (f"; it has {parts}" if files else "; send it as multipart/form-data")
        )
    return files[upload.part]


def _open(stack: ExitStack, upload: Upload, number: int, path: Path) -> UploadedTable:
    with reading():
        source = stack.enter_context(open_table(path))
        return uploaded_table(upload, number, source, votable=format_of(path) == "votable")


def _unpacked(path: Path, target: Path, most_bytes: int) -> Path:
    """The file without compression, itself where it has none."""
    with open_bytes(path) as packed:
        if type(packed).__module__ == "_io":
            return path
        left = most_bytes
        try:
            with target.open("wb") as plain:
                while chunk := packed.read(_CHUNK_BYTES):
                    left -= len(chunk)
                    if left < 0:
                        raise TooLarge(f"it unpacks to more than {most_bytes} bytes, {TOO_MUCH}")
                    plain.write(chunk)
        except (EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error) as error:
            raise UsageError(f"it cannot be unpacked to its end ({error})") from None
    return target


@contextmanager
def _in_words(upload: Upload) -> Iterator[None]:
    """Errors of the block with the upload's name in the place of its file's."""
    try:
        yield
    except PlacedError as error:
        raise UsageError(f"{error.place.within(upload.said)}: {error.reason}") from None
    except (UsageError, TooLarge) as error:
        raise type(error)(f"{upload.said}: {error.message}") from None
    except asyncpg.ProgramLimitExceededError:
        raise UsageError(
            f"{upload.said}: a row of it is larger than the database can hold; upload fewer columns"
        ) from None
