"""From rows to the bytes of a result: encoded one chunk ahead of what is being sent."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import structlog
from isal import isal_zlib

from service.errors import StarhaulError
from service.results.descriptors import Service
from service.results.format import ChunkReader, Encoder, Format, Head, Outcome
from service.results.rows import RowStream

# Smaller chunks are encoded at once: changing threads costs more.
_IN_THREAD_BYTES = 16_384
_GZIP_LEVEL = 1
_GZIP_WINDOW = 31  # 15 bits of window and a gzip header

_log = structlog.get_logger()


@dataclass
class _Encoding:
    """The state of one stream: what was begun, how many rows are still allowed."""

    encoder: Encoder
    reader: ChunkReader
    maxrec: int | None
    truncated: str | None = None
    compressor: "isal_zlib.Compress | None" = None
    begun: bool = False
    rows: int = 0
    overflow: bool = False

    def chunk(self, raw: bytes) -> bytes:
        """The next chunk encoded, cut after MAXREC rows."""
        rows = self.reader.read(raw)
        if self.maxrec is not None and self.rows + rows.rows > self.maxrec:
            rows = rows.head(self.maxrec - self.rows)
            self.overflow = True
        self.rows += rows.rows
        before = b"" if self.begun else self.encoder.begin(rows)
        self.begun = True
        return self._compressed(before + self.encoder.rows(rows))

    def finish(self, error: str | None = None) -> Iterator[bytes]:
        """The rest of the document."""
        before = b"" if self.begun else self.encoder.begin(None)
        self.begun = True
        cut = f"cut after {self.maxrec} rows (MAXREC)" if self.overflow else self.truncated
        for piece in self.encoder.end(Outcome(overflow=cut, error=error)):
            yield self._compressed(before + piece)
            before = b""
        yield self._compressed(before) + (self.compressor.flush() if self.compressor else b"")

    def _compressed(self, octets: bytes) -> bytes:
        if self.compressor is None or not octets:
            return octets
        return self.compressor.compress(octets) + self.compressor.flush(isal_zlib.Z_SYNC_FLUSH)


async def encoded(
    rows: RowStream,
    form: Format,
    *,
    infos: Sequence[tuple[str, str, str]] = (),
    maxrec: int | None = None,
    gzip: bool = False,
    whole_or_nothing: bool = False,
    spool_folder: str | None = None,
    services: Sequence[Service] = (),
    truncated: str | None = None,
) -> AsyncGenerator[bytes, None]:
    """The document in pieces of about a megabyte.

    A failure after the first piece ends a VOTable with its INFO; for other formats RuntimeError is
    raised, and the document must be broken off. A failure before it, and any failure where the
    document is `whole_or_nothing`, is raised as it is. Formats that need all rows before their
    first byte put them into `spool_folder`. `truncated` says what the query left out, which is told
    as an overflow.
    """
    encoding = _Encoding(
        encoder=form.encoder(Head(rows.columns, infos, spool_folder, services)),
        reader=ChunkReader(rows.columns, rows.form, rows.sync),
        maxrec=maxrec if rows.form.counts_rows else None,
        truncated=truncated,
        compressor=isal_zlib.compressobj(_GZIP_LEVEL, wbits=_GZIP_WINDOW) if gzip else None,
    )
    chunks = rows.chunks()
    ahead = asyncio.create_task(_next(chunks, encoding))
    sent = False
    try:
        while (piece := await ahead) is not None:
            ahead = asyncio.create_task(_next(chunks, encoding))
            if piece:
                yield piece
                sent = True
        async for piece in _rest(encoding.finish(), in_thread=form.spools):
            if piece:
                yield piece
                sent = True
    except StarhaulError as error:
        if whole_or_nothing or not sent:
            raise
        for piece in encoding.finish(error.message):
            yield piece
    except Exception as error:
        if whole_or_nothing or not sent:
            raise
        _log.error("a result failed", exc_info=error)
        for piece in encoding.finish(
            "the result could not be completed; the rows above are not all"
        ):
            yield piece
    finally:
        ahead.cancel()


async def _rest(pieces: Iterator[bytes], *, in_thread: bool) -> AsyncIterator[bytes]:
    """What a format writes after the last row: little, or all of it where it spools."""
    if not in_thread:
        for piece in pieces:
            yield piece
        return
    following = partial(next, pieces, None)
    ahead = asyncio.create_task(asyncio.to_thread(following))
    try:
        while (found := await ahead) is not None:
            ahead = asyncio.create_task(asyncio.to_thread(following))
            yield found
    finally:
        ahead.cancel()


async def _next(chunks: AsyncIterator[bytes], encoding: _Encoding) -> bytes | None:
    """The next chunk, read and encoded; None at the end."""
    try:
        raw = await anext(chunks)
    except StopAsyncIteration:
        return None
    if encoding.overflow:
        return b""
    if len(raw) < _IN_THREAD_BYTES:
        return encoding.chunk(raw)
    return await asyncio.to_thread(encoding.chunk, raw)
