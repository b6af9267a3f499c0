"""The hashes of parts, computed in the background from the bytes exactly as they are sent.

Each part is a job of its own in the queue `background`, in a room that no URL leads to: leases,
sweep and fair turns are those of all jobs (DESIGN §1). Done twice it gives the same. HASH_PARTS
says for which parts it is done: it reads all of their files once.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from service.archive import Archive
from service.bulk.cache import directory_of
from service.bulk.damage import member_of, record_damage
from service.bulk.layout import Layout
from service.bulk.layout_cache import LayoutCache
from service.bulk.package import PRODUCTS, open_numbered, stores_of
from service.bulk.part import DamagedMember
from service.bulk.records import PartHashes, hashes_of_same, keep_hashes
from service.config import Settings
from service.errors import Gone, NotFound, Unavailable
from service.storage.buffers import Buffers, Octets
from service.storage.ranges import Span
from service.storage.store import store_of
from service.tasks.broker import BACKGROUND
from service.uws import store
from service.uws.room import Room
from service.uws.run import Run

_SMALLEST_PIECE = 2**20
_MOST_PIECES = 256  # of a part: 8 kB of hashes
_BUFFERS = 16  # read and hashed in a thread before it looks whether it is to stop
_AWAY_S = 300.0

_log = structlog.get_logger()


def piece_bytes(size: int) -> int:
    """The bytes of a piece of a part of `size` bytes: a power of two, 16 MiB for 4 GiB."""
    octets = _SMALLEST_PIECE
    while octets * _MOST_PIECES < size:
        octets *= 2
    return octets


@dataclass
class Pieces:
    """The hashes of what was added so far."""

    octets: int
    _whole: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    _piece: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    _filled: int = 0
    _done: list[bytes] = field(default_factory=list)

    def add(self, content: Octets) -> None:
        """The bytes that follow."""
        self._whole.update(content)
        view = memoryview(content)
        while view:
            head = view[: self.octets - self._filled]
            self._piece.update(head)
            self._filled += len(head)
            view = view[len(head) :]
            if self._filled == self.octets:
                self._end_piece()

    def _end_piece(self) -> None:
        self._done.append(self._piece.digest())
        self._piece, self._filled = hashlib.sha256(), 0

    def hashes(self) -> PartHashes:
        """The hashes, once everything was added."""
        if self._filled:
            self._end_piece()
        return PartHashes(self._whole.digest(), self.octets, b"".join(self._done))


@dataclass(frozen=True, slots=True)
class Hashing:
    """The parts of a package that are to be hashed, by their `numbers`, for its owner."""

    package_id: int
    layout: Layout
    numbers: Sequence[int]
    owner: str | None


async def request_hashes(connection: AsyncConnection, settings: Settings, hashing: Hashing) -> None:
    """Let the parts that HASH_PARTS names be hashed, in their order, once the caller commits.

    `local`: those without a file of a bucket, which would have to send it once more.
    """
    if settings.hash_parts == "none":
        return
    numbers = hashing.numbers
    if settings.hash_parts == "local":
        stores = await stores_of(connection) | {PRODUCTS: store_of(settings.work_store_url)}
        distant = [number for number, store in stores.items() if store.distant]
        if distant:
            numbers = [n for n in numbers if not _has_any(hashing.layout, n, distant)]
    wanted = [{"PACKAGE": [str(hashing.package_id)], "PART": [str(number)]} for number in numbers]
    await store.create_queued(connection, HASH_ROOM, wanted, owner=hashing.owner)


def _has_any(layout: Layout, number: int, collections: Sequence[int]) -> bool:
    """Whether a part has files of one of these collections."""
    part = layout.parts[number - 1]
    own = layout.members["collection"][part.first : part.stop]
    return bool(np.isin(own, collections).any())


async def run_hash(run: Run) -> None:
    """Hash one part, or find what is damaged in it; later where a store is away."""
    (package_id,), (number,) = run.job.parameters["PACKAGE"], run.job.parameters["PART"]
    try:
        hashes = await _hash(run.archive, int(package_id), int(number))
    except Unavailable as error:
        _log.warning("hashing postponed", package=package_id, part=number, reason=error.message)
        await run.postpone(_AWAY_S)
        return
    except (NotFound, Gone):  # deleted with its job, or never to be made again
        hashes = None
    async with run.archive.database.owner.begin() as connection:
        if hashes is not None:
            await keep_hashes(connection, int(package_id), int(number), hashes)
        await run.complete(connection, [])


async def _hash(archive: Archive, package_id: int, number: int) -> PartHashes | None:
    """The hashes of a part; None where it is damaged, each damaged file having been recorded.

    A part that has the bytes of one whose hashes are known, as in a repaired package, is not read.
    """
    async with archive.database.owner.connect() as connection:
        known = await hashes_of_same(connection, package_id, number)
    if known is not None:
        return known
    cache = LayoutCache(directory_of(archive.settings))
    package = await open_numbered(archive, cache, package_id)
    part = package.part(number, hashing=True)
    pieces = Pieces(piece_bytes(part.plan.size))
    first, damaged = 0, False
    while first < part.plan.size:
        buffers = part.buffers(Span(first, part.plan.size))
        try:
            while await asyncio.to_thread(_add_some, buffers, pieces):
                pass
            break
        except DamagedMember as error:
            damaged = True
            await record_damage(archive, package_id, error)
            first = member_of(part, error.seq).end
    return None if damaged else pieces.hashes()


def _add_some(buffers: Buffers, pieces: Pieces) -> bool:
    """Hash the next bytes; False at the end."""
    more = False
    for buffer in islice(buffers, _BUFFERS):
        pieces.add(buffer)
        more = True
    return more


HASH_ROOM = Room(
    name="hash",
    path="/bulk",
    queue=BACKGROUND,
    run=run_hash,
    execution_duration=24 * 3600,
)
