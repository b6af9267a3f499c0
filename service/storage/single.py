"""One file as the answer to a request."""

from collections.abc import Callable
from datetime import UTC, datetime

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from service.storage.buffers import BUFFER_BYTES, Buffers
from service.storage.ranges import Span, Version
from service.storage.sending import Content
from service.storage.state import Damaged, FileState
from service.storage.store import OpenFile


def version_of(state: FileState) -> Version:
    """What identifies the bytes of a file whose checksum nobody has taken."""
    etag = state.etag or f"{state.mtime_ns:x}-{state.size:x}"
    return Version(f'"{etag}"', datetime.fromtimestamp(state.mtime_ns / 1e9, UTC))


def file_buffers(opened: Callable[[Span], OpenFile], path: str, span: Span) -> Buffers:
    """The bytes of a span of the file that `opened` opens; `path` names it in errors.

    Fails as `Store.open` and `OpenFile.read_into` do, at the latest before the last bytes leave.
    """
    with opened(span) as file:
        first = span.first
        while first < span.stop:
            buffer = bytearray(min(BUFFER_BYTES, span.stop - first))
            read = file.read_into(buffer, first)
            if read == 0:
                raise Damaged(f"the file {path} is shorter than it was")
            del buffer[read:]
            first += read
            if first == span.stop:
                file.verify()
            yield buffer


class ContentResponse(Response):
    """The answer to whoever asks for `content`."""

    def __init__(self, content: Content) -> None:
        super().__init__()
        self._content = content

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self._content.answer(scope)(scope, receive, send)
