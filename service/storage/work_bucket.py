"""A work store in a bucket: results are written in parts while they are made.

The parts of a write that fails are thrown away. Those of a worker that was killed stay hidden in
the bucket until a rule of its own removes them (docs/operations.md).
"""

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


class BucketWork:
    """The objects below s3://bucket/prefix."""

    def __init__(self, url: str) -> None:
        self._bucket = Bucket(url)
        self.files: Store = S3Store(url)

    async def write(self, key: str, pieces: AsyncIterator[bytes]) -> int:
        """Keep all that `pieces` gives, in parts as they fill; its size."""
        size = 0
        failure: Exception | None = None

        async def counted() -> AsyncIterator[bytes]:
            nonlocal size, failure
            try:
                async for piece in pieces:
                    size += len(piece)
                    yield piece
            except Exception as error:
                failure = error
                raise

        with _outages_in_words():
            try:
                await self._put(key, counted())
            except Exception:
                if failure is None:
                    raise
        if failure is not None:
            raise failure  # it is not the store's
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
