"""One run of ingest: list, compare, read what is new or changed, write, mark what is gone.

Every step can be repeated: a run that is killed is continued by the next one.
"""

import asyncio
import multiprocessing
import multiprocessing.connection
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field

import asyncpg

from service.database import is_outage
from service.errors import DiskFull, Unavailable
from service.ingest import store
from service.ingest.collection import Collection
from service.ingest.incoming import Batch, read_rows
from service.ingest.read_file import Plan, Refused
from service.ingest.walk import Listing, list_root
from service.storage.state import FileState

_BATCH_FILES = 200
_BATCH_BYTES = 64 * 2**20

Files = list[tuple[str, FileState]]


@dataclass(slots=True)
class Report:
    """What a run did. `refused`: all refused files of the collection, with reasons."""

    collection: str
    files: int = 0
    accepted: int = 0
    unchanged: int = 0
    vanished: int = 0
    refused: dict[str, str] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    bytes: int = 0
    seconds: float = 0.0

    @property
    def complete(self) -> bool:
        """Whether every file was taken in: what `--strict` asks for."""
        return not self.refused and not self.unreadable


Progress = Callable[[int, int], None]  # files done, files to do


def workers_default() -> int:
    """One process a core that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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
    context.set_forkserver_preload(["service.ingest.incoming"])
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_end_with_parent)


async def _outcomes(files: Files, plan: Plan, workers: int) -> AsyncIterator[Batch]:
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
                        running[loop.run_in_executor(pool, read_rows, batch, plan)] = batch
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
        async for outcomes in _one_by_one(broken, plan):
            yield outcomes


async def _one_by_one(batches: list[Files], plan: Plan) -> AsyncIterator[Batch]:
    """The files of batches whose worker died, each in a process of its own."""
    loop = asyncio.get_running_loop()
    pool: ProcessPoolExecutor | None = None
    try:
        for path, stat in (item for batch in batches for item in batch):
            pool = pool or _pool(1)
            try:
                yield await loop.run_in_executor(pool, read_rows, [(path, stat)], plan)
            except BrokenProcessPool:
                pool = None
                reason = "reading it ended the reader process: it is damaged"
                yield Batch([], [Refused(path, stat, reason)])
    finally:
        if pool is not None:
            pool.shutdown()


async def run_ingest(
    collection: Collection,
    root: str,
    database_url: str,
    authority: str,
    *,
    workers: int | None = None,
    rename: bool = False,
    progress: Progress = lambda done, total: None,
) -> Report:
    """Take the files below `root`, a directory or s3://bucket/prefix, into the archive.

    Raises UsageError (wrong authority, another run at work, no such bucket), DiskFull, Unavailable.
    """
    began = time.monotonic()
    report = Report(collection.name)
    listing = await asyncio.to_thread(list_root, root, collection.include, collection.exclude)
    report.files, report.unreadable = len(listing.files), listing.unreadable
    try:
        connection = await asyncpg.connect(database_url, timeout=30)
        try:
            await _ingest(
                connection,
                collection,
                root,
                authority,
                listing,
                report,
                workers or workers_default(),
                rename,
                progress,
            )
        finally:
            await connection.close(timeout=10)
    except asyncpg.DiskFullError:
        raise DiskFull(
            f"the database's disk is full. {report.accepted} files were taken in and are kept; "
            "free some space, then run the same command again: it goes on where it stopped"
        ) from None
    except Unavailable as error:
        raise Unavailable(
            f"{error.message}. {report.accepted} files were taken in and are kept; run the same "
            "command again later: it goes on where it stopped"
        ) from None
    except Exception as error:
        if not is_outage(error):
            raise
        raise Unavailable(
            f"the database cannot be reached ({type(error).__name__}). {report.accepted} files "
            "were taken in and are kept; start it again (its log says why it stopped), then run "
            "the same command again: it goes on where it stopped"
        ) from None
    report.seconds = time.monotonic() - began
    return report


async def _ingest(
    connection: store.Connection,
    collection: Collection,
    root: str,
    authority: str,
    listing: Listing,
    report: Report,
    workers: int,
    rename: bool,
    progress: Progress,
) -> None:
    await store.claim_authority(connection, authority, rename)
    collection_id = await store.open_collection(connection, collection, root)
    known = await store.known_files(connection, collection_id)
    todo = [(path, stat) for path, stat in listing.files.items() if known.get(path) != stat]
    report.unchanged = report.files - len(todo)
    report.bytes = sum(stat.size for _, stat in todo)
    present = await store.present_paths(connection, collection_id)
    gone = [path for path in present if path not in listing.files and not listing.hidden(path)]
    if gone:
        report.vanished = await store.mark_vanished(connection, collection_id, gone)
    await store.prepare(connection)
    plan = Plan(
        root,
        collection.name,
        authority,
        bool(collection.readable_by),
        collection.reader,
        collection.header,
        collection.stated("constants"),
        collection.stated("defaults"),
    )
    done = 0
    progress(0, len(todo))
    async for batch in _outcomes(todo, plan, workers):
        if batch.rows:
            await store.write_rows(connection, collection_id, collection.readable_by, batch.rows)
        if batch.refused:
            await store.write_refused(connection, collection_id, batch.refused)
        report.accepted += len(batch.rows)
        done += len(batch.rows) + len(batch.refused)
        progress(done, len(todo))
    report.refused = await store.refused_files(connection, collection_id)
