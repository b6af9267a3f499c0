"""Reading files in processes of its own: a damaged file may end one, never the run."""

import asyncio
import multiprocessing
import multiprocessing.connection
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeAlias

from service.ingest.incoming import Batch
from service.ingest.read_file import Plan, Refused
from service.storage.state import FileState

_BATCH_FILES = 200
_BATCH_BYTES = 64 * 2**20

Files: TypeAlias = list[tuple[str, FileState]]
# What a worker process does with some files.
Read: TypeAlias = Callable[[Files, Plan], Batch]


def _batches(files: Files) -> Iterator[Files]:
    batch: Files = []
    size = 0
    for item in files:
        batch.append(item)
        size += item[1].size
        if len(batch) >= _BATCH_FILES or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _end_with_parent() -> None:
    """End this worker process as soon as the run that started it is gone, also by kill -9."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        sentinel = parent.sentinel

        def watch() -> None:
            multiprocessing.connection.wait([sentinel])
            os._exit(1)

        threading.Thread(target=watch, daemon=True).start()


def _pool(workers: int) -> ProcessPoolExecutor:
    """Reading happens in processes of its own, however few files there are.

    wcslib can crash on a damaged header; that must not end the run. The fork server imports the
    readers once for all workers.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["service.ingest.parts"])
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_end_with_parent)


async def outcomes(files: Files, plan: Plan, workers: int, read: Read) -> AsyncIterator[Batch]:
    """What became of the files, batch by batch as they are done.

    A file that ends its worker process (a crash in a C library) is refused, and the others of its
    batch are read again without it.
    """
    loop = asyncio.get_running_loop()
    waiting = list(_batches(files))[::-1]
    while waiting:
        broken: list[Files] = []
        running: dict[asyncio.Future[Batch], Files] = {}
        with _pool(min(workers, len(waiting))) as pool:
            try:
                while waiting or running:
                    while waiting and len(running) < workers * 2:
                        batch = waiting.pop()
                        running[loop.run_in_executor(pool, read, batch, plan)] = batch
                    done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                    for future in done:
                        batch = running.pop(future)
                        try:
                            yield future.result()
                        except BrokenProcessPool:
                            broken.append(batch)
                    if broken:
                        break
                broken += running.values()
            finally:
                for future in running:
                    future.cancel()
        async for outcome in _one_by_one(broken, plan, read):
            yield outcome


async def _one_by_one(batches: list[Files], plan: Plan, read: Read) -> AsyncIterator[Batch]:
    """The files of batches whose worker died, each in a process of its own."""
    loop = asyncio.get_running_loop()
    pool: ProcessPoolExecutor | None = None
    try:
        for path, stat in (item for batch in batches for item in batch):
            pool = pool or _pool(1)
            try:
                yield await loop.run_in_executor(pool, read, [(path, stat)], plan)
            except BrokenProcessPool:
                pool = None
                reason = "reading it ended the reader process: it is damaged"
                yield Batch([], [Refused(path, stat, reason)])
    finally:
        if pool is not None:
            pool.shutdown()
