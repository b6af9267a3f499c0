"""Bytes as a raw ASGI response: one megabyte at a time, one read ahead, checked before it goes.

FileResponse cannot do it: the length is known, but the bytes are made while they are sent, and
each file is looked at again before its last bytes leave.
"""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass, field
from urllib.parse import quote

import structlog
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from service.errors import StarhaulError
from service.problems import problem
from service.storage.buffers import AsyncBuffers, Buffers
from service.storage.byteranges import Byteranges, content_range
from service.storage.ranges import (
    Span,
    Unsatisfiable,
    Version,
    failed_precondition,
    http_date,
    not_modified,
    wanted_spans,
)
from service.storage.threads import in_threads

_log = structlog.get_logger()


async def _nothing(_error: StarhaulError) -> None:
    """Nobody keeps a record."""


def content_disposition(filename: str) -> str:
    """The header that names a file to be saved; `filename*` where it is not ASCII (RFC 6266)."""
    plain = "".join(c if " " <= c <= "~" and c not in '"\\' else "_" for c in filename)
    value = f'attachment; filename="{plain}"'
    if plain != filename:
        value += f"; filename*=UTF-8''{quote(filename, safe='')}"
    return value


@dataclass(frozen=True, slots=True)
class Content:
    """What is behind a URL: GET and HEAD with ranges and preconditions (RFC 9110 §13, §14).

    `version` and `size` fix the bytes. `buffers(span)` yields the bytes of a span, from a thread
    unless it is an asynchronous generator, and may raise StarhaulError at any point: then the
    transfer ends short of its length, or, before the first byte, with that error. `damaged` hears
    of it. `check(span)` may refuse a span before anything is read.
    """

    size: int
    version: Version
    media_type: str
    filename: str
    buffers: Callable[[Span], Buffers | AsyncBuffers]
    check: Callable[[Span], None] = lambda _span: None
    damaged: Callable[[StarhaulError], Awaitable[None]] = _nothing
    extra: dict[str, str] = field(default_factory=dict)

    def answer(self, scope: Scope) -> ASGIApp:
        """The answer to one request."""
        request = Headers(scope=scope)
        headers = self._headers()
        if failed_precondition(request, self.version):
            return Response(status_code=412, headers=headers)
        if not_modified(request, self.version):
            return Response(status_code=304, headers=headers)
        try:
            spans = wanted_spans(request, self.version, self.size)
            for span in spans or [Span(0, self.size)]:
                self.check(span)
        except StarhaulError as error:
            refusal = problem(error)
            if isinstance(error, Unsatisfiable):
                refusal.headers["Content-Range"] = f"bytes */{self.size}"
            return refusal
        transfer = self._transfer(headers, spans)
        if scope["method"] == "HEAD":
            return Response(status_code=transfer.status, headers=transfer.headers)
        return transfer

    def _transfer(self, headers: dict[str, str], spans: list[Span] | None) -> "Transfer":
        status, media_type = 206, self.media_type
        if spans is not None and len(spans) > 1:
            several = Byteranges(spans, self.size, media_type, self.version.etag)
            media_type = f"multipart/byteranges; boundary={several.boundary}"
            length, buffers = several.length, several.buffers(self._awaited)
        elif spans is not None:
            headers["Content-Range"] = content_range(spans[0], self.size)
            length, buffers = spans[0].length, self._awaited(spans[0])
        else:
            status, length, buffers = 200, self.size, self._awaited(Span(0, self.size))
        headers |= {"Content-Length": str(length), "Content-Type": media_type}
        return Transfer(buffers, length, status, headers, self.damaged)

    def _awaited(self, span: Span) -> AsyncBuffers:
        buffers = self.buffers(span)
        return in_threads(buffers) if isinstance(buffers, Generator) else buffers

    def _headers(self) -> dict[str, str]:
        return {
            "ETag": self.version.etag,
            "Last-Modified": http_date(self.version.modified),
            "Accept-Ranges": "bytes",
            "Content-Disposition": content_disposition(self.filename),
            "Cache-Control": "private, no-transform",
            **self.extra,
        }


@dataclass(frozen=True, slots=True)
class Transfer:
    """Bytes on their way, `length` of them."""

    buffers: AsyncBuffers
    length: int
    status: int
    headers: dict[str, str]
    damaged: Callable[[StarhaulError], Awaitable[None]]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the end, until the client goes, or until a file is found damaged."""
        leaving = asyncio.create_task(_client_gone(receive))
        try:
            try:
                buffer = await anext(self.buffers, None)
            except StarhaulError as error:
                await self.damaged(error)
                await problem(error)(scope, receive, send)
                return
            await send(
                {
                    "type": "http.response.start",
                    "status": self.status,
                    "headers": [(k.lower().encode(), v.encode()) for k, v in self.headers.items()],
                }
            )
            while buffer is not None and not leaving.done():
                await send({"type": "http.response.body", "body": buffer, "more_body": True})
                buffer = await anext(self.buffers, None)
            if not leaving.done():
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        except StarhaulError as error:
            # Returning without an end makes the server close the connection short of its length.
            _log.warning("a transfer was broken off", reason=error.message)
            await self.damaged(error)
        finally:
            leaving.cancel()
            await self.buffers.aclose()


async def _client_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
