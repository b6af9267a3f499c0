"""The work store (DESIGN §1): what jobs make and keep until they are deleted, each under a key.

A directory that all hosts share, or s3://bucket/prefix. What is written appears whole or not at
all.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import aiofiles

from service.storage.local import LocalStore
from service.storage.state import FileState, state_of
from service.storage.store import SCHEME, Store
from service.storage.work_bucket import BucketWork

_PARTIAL = ".partial"


class WorkStore(Protocol):
    """Keys are paths of safe names with `/`. Each method fails with Unavailable where the store is
    away."""

    files: Store

    async def write(self, key: str, pieces: AsyncIterator[bytes]) -> int:
        """Keep all that `pieces` gives; its size. Where it fails, nothing is kept."""

    async def take(self, key: str, file: Path) -> None:
        """Keep a file of this host, which may be moved or copied, in the place of any before."""

    async def bring(self, key: str, target: Path) -> Path | None:
        """Where this host has what is kept: in the store itself, or as a copy at `target`.

        None where there is none.
        """

    async def state(self, key: str) -> FileState | None:
        """With what `files` opens it; None where there is none."""

    async def remove(self, key: str) -> None:
        """Remove what is kept under a key, and all below it."""


class DirectoryWork:
    """A directory of this host, or one that all hosts share."""

    def __init__(self, root: str) -> None:
        self._root = Path(root)
        self.files: Store = LocalStore(root)

    async def write(self, key: str, pieces: AsyncIterator[bytes]) -> int:
        """Keep all that `pieces` gives; its size. Where it fails, nothing is kept."""
        path = self._root / key
        partial = path.with_name(path.name + _PARTIAL)
        await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
        size = 0
        try:
            async with aiofiles.open(partial, "wb") as file:
                async for piece in pieces:
                    size += await file.write(piece)
            await asyncio.to_thread(partial.replace, path)
        finally:
            partial.unlink(missing_ok=True)
        return size

    async def take(self, key: str, file: Path) -> None:
        """Move a file in, in the place of any before."""
        path = self._root / key
        await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
        await asyncio.to_thread(file.replace, path)

    async def bring(self, key: str, target: Path) -> Path | None:
        """Where it is kept; None where there is none."""
        path = self._root / key
        return path if await asyncio.to_thread(path.is_file) else None

    async def state(self, key: str) -> FileState | None:
        """With what `files` opens it; None where there is none."""
        try:
            return state_of(await asyncio.to_thread((self._root / key).stat))
        except FileNotFoundError:
            return None

    async def remove(self, key: str) -> None:
        """Remove what is kept under a key, what was being written there, and all below it."""
        path = self._root / key
        await asyncio.to_thread(shutil.rmtree, path, ignore_errors=True)
        for left in (path, path.with_name(path.name + _PARTIAL)):
            await asyncio.to_thread(left.unlink, missing_ok=True)


@lru_cache(maxsize=16)
def work_store(url: str) -> WorkStore:
    """The work store at `Settings.work_store_url`."""
    return BucketWork(url) if url.startswith(SCHEME) else DirectoryWork(url)
