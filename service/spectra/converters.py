"""The processes that convert spectra, as the API uses them.

A thread of the API would keep its event loop waiting: much of a conversion holds Python's lock.
They start with the first conversion, and end with the API.
"""

import asyncio
import hashlib
import multiprocessing
import os
import signal
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import asynccontextmanager
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path
from typing import BinaryIO

from service.multipart import incoming_files
from service.spectra.holdings import Held
from service.spectra.layout import NotConvertible
from service.spectra.making import Wanted
from service.storage.priority import give_way

# Conversions at one time: each holds a file's arrays and the document made of them.
_PROCESSES = 2
_ATTEMPTS = 2


@dataclass(frozen=True, slots=True)
class Document:
    """A form of a file's spectra, in a file that goes with the last reference to it."""

    file: BinaryIO
    size: int
    sha256: bytes


class Converters:
    """Processes that write documents into a directory of this host."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._pool: ProcessPoolExecutor | None = None

    async def document(self, held: Held, wanted: Wanted) -> Document:
        """The document, made by a process.

        NotConvertible, Damaged, Unavailable as `document.document`; NotConvertible also for a file
        that ends the processes that read it.
        """
        async with incoming_files(self._scratch, 0) as place:
            for _ in range(_ATTEMPTS):
                pool = self._started()
                try:
                    # Starting a process takes as long as loading astropy: not on the event loop.
                    made = await asyncio.to_thread(pool.submit, _write, held, wanted, place.folder)
                    size, sha256 = await asyncio.wrap_future(made)
                except BrokenProcessPool:  # all that it was making is lost, not this one's alone
                    self._end(pool)
                    continue
                return Document(await asyncio.to_thread(_open, place.folder), size, sha256)
        raise NotConvertible(f"the file {held.origin.path} ended the process that converted it")

    def stop(self) -> None:
        """End the processes, without waiting for what they make."""
        if self._pool is not None:
            self._end(self._pool)

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            context = multiprocessing.get_context("forkserver")
            # Loaded once, and shared by the processes that are forked from there.
            context.set_forkserver_preload(["service.spectra.document"])
            self._pool = ProcessPoolExecutor(_PROCESSES, mp_context=context, initializer=_begin)
        return self._pool

    def _end(self, pool: ProcessPoolExecutor) -> None:
        pool.shutdown(wait=False, cancel_futures=True)
        if self._pool is pool:
            self._pool = None


@asynccontextmanager
async def open_converters(scratch: Path) -> AsyncIterator[Converters]:
    """The converters of one API process."""
    converters = Converters(scratch)
    try:
        yield converters
    finally:
        converters.stop()


def _begin() -> None:
    """Give way to the API, leave Ctrl-C to it, and end as soon as it is gone."""
    give_way()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        sentinel = parent.sentinel

        def watch() -> None:
            wait([sentinel])
            os._exit(1)

        threading.Thread(target=watch, daemon=True).start()


def _write(held: Held, wanted: Wanted, folder: Path) -> tuple[int, bytes]:
    """Size and sha256 of the document, which lies in `folder` then."""
    from service.spectra.document import document  # the API itself converts nothing

    content = document(held, wanted.form, wanted.medium, wanted.unit)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "document").write_bytes(content)
    return len(content), hashlib.sha256(content).digest()


def _open(folder: Path) -> BinaryIO:
    return (folder / "document").open("rb", buffering=0)
