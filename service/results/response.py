"""A result as an HTTP response: nothing is sent before the query is known to be good."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass

import asyncpg
import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from service.results.descriptors import Service
from service.results.format import Format
from service.results.rows import RowStream, Slot, open_rows
from service.results.stream import encoded
from service.results.wire import Query

# A client that takes less than this for as long holds a database connection for nothing.
_SLOWEST_BYTES_PER_S = 64_000
_PATIENCE_S = 60

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Result:
    """A query and how its answer is wanted. `infos` are INFO elements: name, value, text.

    `spool_folder` is for what a slow client has not taken yet, and for formats that need all rows
    before their first byte. `slot` gives the connection, as `open_rows` has it; `services` and
    `truncated` are as `encoded` has them.
    """

    query: Query
    form: Format
    maxrec: int | None
    timeout_s: float
    infos: Sequence[tuple[str, str, str]] = ()
    spool_folder: str | None = None
    slot: Slot | None = None
    services: Sequence[Service] = ()
    truncated: str | None = None


class ResultResponse(Response):
    """Runs the query, streams its rows, and stops it in PostgreSQL when the client goes away.

    An error before the first byte is answered by `on_error`; one after it by the format's own
    ending, or by breaking off the connection.
    """

    def __init__(
        self,
        pool: "asyncpg.Pool[asyncpg.Record]",
        result: Result,
        *,
        gzip: bool,
        on_error: Callable[[Exception], Response],
    ) -> None:
        super().__init__(
            headers=result_headers(result.form, gzip=gzip), media_type=result.form.media_type
        )
        del self.headers["content-length"]
        self._pool = pool
        self._result = result
        self._gzip = gzip
        self._on_error = on_error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; give up as soon as the client is gone."""
        answering = asyncio.create_task(self._answer(scope, receive, send))
        leaving = asyncio.create_task(_client_gone(receive))
        try:
            await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            answering.cancel()
            leaving.cancel()
            await asyncio.gather(answering, leaving, return_exceptions=True)
        if not answering.cancelled():
            answering.result()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False
        try:
            async with self._rows() as rows, aclosing(self._encoded(rows)) as pieces:
                if rows.is_whole:
                    await self._send_at_once(b"".join([piece async for piece in pieces]), send)
                    return
                async for piece in pieces:
                    if not started:
                        await self._start(send)
                        started = True
                    async with asyncio.timeout(_PATIENCE_S + len(piece) / _SLOWEST_BYTES_PER_S):
                        await send({"type": "http.response.body", "body": piece, "more_body": True})
        except Exception as error:
            if not started:
                await self._on_error(error)(scope, receive, send)
            else:
                # Returning without an end makes the server close the connection.
                _log.warning("a result was broken off", error=repr(error))
            return
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _start(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})

    async def _send_at_once(self, document: bytes, send: Send) -> None:
        """A small result: two writes instead of four, and its length."""
        self.headers["content-length"] = str(len(document))
        await self._start(send)
        await send({"type": "http.response.body", "body": document, "more_body": False})

    def _rows(self) -> AbstractAsyncContextManager[RowStream]:
        result = self._result
        return open_rows(
            self._pool,
            result.query,
            maxrec=result.maxrec,
            form=result.form.form,
            timeout_s=result.timeout_s,
            backlog_folder=result.spool_folder,
            slot=result.slot,
        )

    def _encoded(self, rows: RowStream) -> AsyncGenerator[bytes, None]:
        result = self._result
        return encoded(
            rows,
            result.form,
            infos=result.infos,
            maxrec=result.maxrec,
            gzip=self._gzip,
            spool_folder=result.spool_folder,
            services=result.services,
            truncated=result.truncated,
        )


def result_headers(form: Format, *, gzip: bool) -> dict[str, str]:
    """The headers of a streamed result."""
    headers = {
        "Content-Disposition": f'inline; filename="result.{form.extension}"',
        "Vary": "Accept-Encoding",
        "Cache-Control": "no-store",
    }
    if gzip:
        headers["Content-Encoding"] = "gzip"
    return headers


async def _client_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
