"""A work store in a bucket: results are written in parts while they are made.

The parts of a write that fails are thrown away. Those of a worker that was killed stay hidden in
the bucket until a rule of its own removes them (docs/operations.md).
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import aiofiles
import obstore
import structlog
from obstore.exceptions import BaseError

from service.errors import Unavailable
from service.storage.bucket import Bucket, state_of_object
from service.storage.s3 import S3Store
from service.storage.state import RETRY_AFTER_S, FileState
from service.storage.store import Store

# S3 takes 10,000 parts: 160 GB. Two parts are on their way while the next is made.
_PART_BYTES = 16 << 20
_PARTS_AT_ONCE = 2

_log = structlog.get_logger()


@contextmanager
def _outages_in_words() -> Iterator[None]:
    try:
        yield
    except (BaseError, OSError) as error:
        _log.error("the work store does not answer", error=str(error))
        raise Unavailable(
            "the archive's store for results and uploads is not available at the moment; the "
            "request can be sent again",
            retry_after=RETRY_AFTER_S,
        ) from error


class _Abandoned(Exception):
    """What ends an upload whose contents ended early: its parts are thrown away."""


async def _until_none(waiting: "asyncio.Queue[bytes | None]") -> AsyncIterator[bytes]:
    while (piece := await waiting.get()) is not None:
        if not piece:
            raise _Abandoned
        yield piece


async def _hand_over(
    waiting: "asyncio.Queue[bytes | None]", piece: bytes | None, upload: "asyncio.Future[None]"
) -> None:
    """Wait until the upload takes a piece; Unavailable where it has failed instead."""
    taken = asyncio.ensure_future(waiting.put(piece))
    try:
        await asyncio.wait({taken, upload}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        taken.cancel()
    if upload.done():
        with _outages_in_words():
            upload.result()


async def _abandon(waiting: "asyncio.Queue[bytes | None]", upload: "asyncio.Future[None]") -> None:
    """End an upload and wait until its parts are thrown away."""
    while not waiting.empty():
        waiting.get_nowait()
    waiting.put_nowait(b"")
    await asyncio.wait({upload})
    upload.exception()  # heard of


class BucketWork:
    """The objects below s3://bucket/prefix."""

    def __init__(self, url: str) -> None:
        self._bucket = Bucket(url)
        self.files: Store = S3Store(url)

    async def write(self, key: str, pieces: AsyncIterator[bytes]) -> int:
        """Keep all that `pieces` gives, in parts as they fill; its size."""
        size = 0
        waiting: asyncio.Queue[bytes | None] = asyncio.Queue(maxsize=1)
        upload = asyncio.ensure_future(self._put(key, _until_none(waiting)))
        try:
            async for piece in pieces:
                if piece:  # an empty one would end the upload
                    size += len(piece)
                    await _hand_over(waiting, piece, upload)
        except BaseException:
            await _abandon(waiting, upload)
            raise
        await _hand_over(waiting, None, upload)
        with _outages_in_words():
            await upload
        return size

    async def _put(self, key: str, content: AsyncIterator[bytes] | Path) -> None:
        await obstore.put_async(
            self._bucket.store,
            key,
            content,
            chunk_size=_PART_BYTES,
            max_concurrency=_PARTS_AT_ONCE,
        )

    async def take(self, key: str, file: Path) -> None:
        """Copy a file in, in the place of any before."""
        with _outages_in_words():
            await self._put(key, file)

    async def bring(self, key: str, target: Path) -> Path | None:
        """A copy at `target`; None where there is no such object."""
        with _outages_in_words():
            try:
                found = await obstore.get_async(self._bucket.store, key)
            except FileNotFoundError:
                return None
            async with aiofiles.open(target, "wb") as file:
                async for chunk in found.stream(1 << 20):
                    await file.write(chunk)
        return target

    async def state(self, key: str) -> FileState | None:
        """With what `files` opens it; None where there is none."""
        with _outages_in_words():
            try:
                return state_of_object(await obstore.head_async(self._bucket.store, key))
            except FileNotFoundError:
                return None

    async def remove(self, key: str) -> None:
        """Remove an object, and all below it."""
        with _outages_in_words():
            below = obstore.list(self._bucket.store, prefix=key)
            found = [key] + [each["path"] async for page in below for each in page]
            await obstore.delete_async(self._bucket.store, found)
