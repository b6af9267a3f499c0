"""One run of ingest: list, compare, read what is new or changed, write, mark what is gone.

Every step can be repeated: a run that is killed is continued by the next one.
"""

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import asyncpg

from service.database import is_outage
from service.errors import DiskFull, Unavailable
from service.ingest import parts, store
from service.ingest.collection import Collection
from service.ingest.incoming import read_rows
from service.ingest.read_file import Plan
from service.ingest.reading import Files, outcomes
from service.ingest.relations import Groups, group
from service.ingest.walk import Listing, list_root, matches
from service.storage.state import FileState


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
    listing, groups = await asyncio.to_thread(_listed, collection, root)
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
                groups,
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
    groups: Groups,
    report: Report,
    workers: int,
    rename: bool,
    progress: Progress,
) -> None:
    await store.claim_authority(connection, authority, rename)
    collection_id = await store.open_collection(connection, collection, root)
    plan = _plan(collection, root, authority)
    known = await store.known_files(connection, collection_id)
    had = await parts.known_owners(connection, collection_id)
    todo = _todo(listing, groups, plan, known, had)
    report.unchanged = report.files - len(todo.files) - len(todo.part_files)
    report.bytes = sum(state.size for _, state in (*todo.files, *todo.part_files))
    present = await store.present_paths(connection, collection_id)
    gone = [path for path in present if path not in listing.files and not listing.hidden(path)]
    if gone:
        report.vanished = await store.mark_vanished(connection, collection_id, gone)
    await store.prepare(connection)
    done, total = 0, len(todo.files) + len(todo.part_files)
    progress(0, total)
    for read, files in ((read_rows, todo.files), (parts.read_parts, todo.part_files)):
        async for batch in outcomes(files, plan, workers, read):
            readers = collection.readable_by
            if batch.rows and read is read_rows:
                await store.write_rows(connection, collection_id, readers, batch.rows)
                report.accepted += len(batch.rows)
            elif batch.rows:
                report.accepted += await parts.write_parts(
                    connection, collection_id, readers, batch.rows, todo.owners
                )
            if batch.refused:
                await store.write_refused(connection, collection_id, batch.refused)
            done += len(batch.rows) + len(batch.refused)
            progress(done, total)
    if groups.parts or had:
        await parts.settle(connection, collection_id)
    await parts.write_links(connection, collection_id, groups, plan)
    report.refused = await store.refused_files(connection, collection_id)


def _listed(collection: Collection, root: str) -> tuple[Listing, Groups]:
    """The files of a collection, and how they belong together; what belongs to nothing is left
    out."""
    relations = collection.relations
    include = [*collection.include, *(relation.glob for relation in relations)]
    listing = list_root(root, include, collection.exclude)
    if not relations:
        return listing, Groups(set(listing.files))
    taken = {path for path in listing.files if matches(path, collection.include)}
    groups = group(relations, taken, listing.files.keys() - taken)
    listing.files = {
        path: state
        for path, state in listing.files.items()
        if path in groups.datasets or path in groups.parts
    }
    return listing, groups


def _plan(collection: Collection, root: str, authority: str) -> Plan:
    return Plan(
        root,
        collection.name,
        authority,
        bool(collection.readable_by),
        collection.reader,
        collection.header,
        collection.stated("constants"),
        collection.stated("defaults"),
    )


@dataclass(frozen=True, slots=True)
class _Todo:
    """Files to read: of datasets, and parts with their owners."""

    files: Files
    part_files: Files
    owners: dict[str, parts.Owner]


def _todo(
    listing: Listing,
    groups: Groups,
    plan: Plan,
    known: Mapping[str, FileState],
    had: Mapping[str, parts.Owner],
) -> _Todo:
    """What is new or changed; also where the file is as it was, but belongs to another dataset."""
    owners = {path: parts.owner_of(link, plan) for path, link in groups.parts.items()}
    files, part_files = [], []
    for path, state in listing.files.items():
        is_new = known.get(path) != state
        if path in owners:
            if is_new or had.get(path) != owners[path]:
                part_files.append((path, state))
        elif is_new or (path in had and had[path] != parts.own(path, plan)):
            files.append((path, state))
    return _Todo(files, part_files, owners)
