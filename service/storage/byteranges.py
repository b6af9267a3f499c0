"""Several ranges of one content as multipart/byteranges (RFC 9110 §14.6)."""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from service.storage.buffers import AsyncBuffers
from service.storage.ranges import Span


def content_range(span: Span, size: int) -> str:
    """The header that says which bytes of how many an answer holds (RFC 9110 §14.4)."""
    return f"bytes {span.first}-{span.stop - 1}/{size}"


@dataclass(frozen=True, slots=True)
class Byteranges:
    """The ranges `spans` of `size` bytes of one version, which its `etag` tells."""

    spans: Sequence[Span]
    size: int
    media_type: str
    etag: str

    @property
    def boundary(self) -> str:
        """The same for the same bytes, so that HEAD says what GET does."""
        asked = " ".join(f"{span.first}-{span.stop}" for span in self.spans)
        return hashlib.sha256(f"{self.etag} {asked}".encode()).hexdigest()[:32]

    @property
    def length(self) -> int:
        """Bytes of the whole answer."""
        heads = sum(len(self._head(span)) + span.length for span in self.spans)
        return heads + len(self._end())

    async def buffers(self, of: Callable[[Span], AsyncBuffers]) -> AsyncBuffers:
        """The answer; `of` gives the bytes of a span."""
        for span in self.spans:
            async with aclosing(of(span)) as pieces:
                # What is wrong with the first range is known before the first byte.
                first = await anext(pieces)
                yield self._head(span)
                yield first
                async for piece in pieces:
                    yield piece
        yield self._end()

    def _head(self, span: Span) -> bytes:
        return (
            f"\r\n--{self.boundary}\r\nContent-Type: {self.media_type}\r\n"
            f"Content-Range: {content_range(span, self.size)}\r\n\r\n"
        ).encode()

    def _end(self) -> bytes:
        return f"\r\n--{self.boundary}--\r\n".encode()
