"""From rows to the bytes of a result: encoded one chunk ahead of what is being sent."""

import asyncio
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass

import structlog

from service.errors import StarhaulError
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
    compressor: "zlib._Compress | None" = None
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

    def finish(self, error: str | None = None) -> bytes:
        """The rest of the document."""
        before = b"" if self.begun else self.encoder.begin(None)
        overflow = self.maxrec if self.overflow else None
        after = self.encoder.end(Outcome(overflow=overflow, error=error))
        if self.compressor is None:
            return before + after
        return self._compressed(before + after) + self.compressor.flush()

    def _compressed(self, octets: bytes) -> bytes:
        if self.compressor is None or not octets:
            return octets
        return self.compressor.compress(octets) + self.compressor.flush(zlib.Z_SYNC_FLUSH)


async def encoded(
    rows: RowStream,
    form: Format,
    *,
    infos: Sequence[tuple[str, str, str]] = (),
    maxrec: int | None = None,
    gzip: bool = False,
    whole_or_nothing: bool = False,
) -> AsyncGenerator[bytes, None]:
    """The document in pieces of about a megabyte.

    A failure after the first piece ends a VOTable with its INFO; for other formats RuntimeError is
    raised, and the document must be broken off. A failure before it, and any failure where the
    document is `whole_or_nothing`, is raised as it is.
    """
    encoding = _Encoding(
        encoder=form.encoder(Head(rows.columns, infos)),
        reader=ChunkReader(rows.columns, rows.form, rows.sync),
        maxrec=maxrec if rows.form.counts_rows else None,
        compressor=zlib.compressobj(_GZIP_LEVEL, wbits=_GZIP_WINDOW) if gzip else None,
    )
    chunks = rows.chunks()
    ahead = asyncio.create_task(_next(chunks, encoding))
    try:
        while (piece := await ahead) is not None:
            ahead = asyncio.create_task(_next(chunks, encoding))
            if piece:
                yield piece
        yield encoding.finish()
    except StarhaulError as error:
        if whole_or_nothing or not encoding.begun:
            raise
        yield encoding.finish(error.message)
    except Exception as error:
        if whole_or_nothing or not encoding.begun:
            raise
        _log.error("a result failed", exc_info=error)
        yield encoding.finish("the result could not be completed; the rows above are not all")
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
