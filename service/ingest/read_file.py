"""One file, read once: its checksums and its facts. What the worker processes do."""

import hashlib
import math
import zlib
from dataclasses import dataclass, fields, replace
from operator import attrgetter
from typing import Any

from service.errors import Unavailable
from service.ingest.facts import DatasetFacts, Refusal
from service.ingest.fits import MAX_UNPACKED, Bytes, Source, open_fits, unpack
from service.ingest.header import Value
from service.ingest.readers import read_facts
from service.storage.ahead import Opener
from service.storage.bucket import AccessRefused
from service.storage.ranges import Span
from service.storage.state import Changed, Damaged, FileState
from service.storage.store import OpenFile, Store, store_of

_WHOLE = 64 * 2**20  # files up to this size are held in memory while they are read
_CHUNK = 4 * 2**20
_NAMES = tuple(field.name for field in fields(DatasetFacts))
_VALUES = attrgetter(*_NAMES)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a worker has to know of the collection; picklable."""

    root: str
    name: str
    authority: str
    closed: bool  # readable by some only
    reader: str | None
    header: dict[str, Value]
    constants: dict[str, Any]
    defaults: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Accepted:
    """A file with its checksums and facts."""

    path: str
    stat: FileState
    sha256: bytes
    crc32: int
    media_type: str
    reader: str
    facts: DatasetFacts


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that stays outside, and why."""

    path: str
    stat: FileState
    reason: str


Outcome = Accepted | Refused


@dataclass(slots=True)
class _Ranges:
    """Random access to a file that is too large to hold."""

    store: Store
    path: str
    state: FileState
    sha256: bytes
    size: int

    def read(self, offset: int, count: int) -> bytes:
        """Up to `count` bytes from `offset`."""
        span = Span(offset, max(offset, min(offset + count, self.size)))
        with self.store.open(self.path, self.state, self.sha256, span) as file:
            return _read(file, span)


def media_type(path: str) -> str:
    """The media type of the file's own bytes. A tile-compressed .fz is a FITS file."""
    lower = path.lower()
    if lower.endswith(".gz"):
        return "application/gzip"
    if lower.endswith(".bz2"):
        return "application/x-bzip2"
    return "application/fits"


def _read(file: OpenFile, span: Span) -> bytes:
    buffer = bytearray(span.length)
    return bytes(memoryview(buffer)[: file.read_into(buffer, span.first)])


def _digest(file: OpenFile, path: str, state: FileState, store: Store) -> tuple[bytes, int, Source]:
    """sha256, crc32, and the source of the headers, from one reading of the bytes."""
    data = _read(file, Span(0, min(state.size, _CHUNK)))
    if state.size <= _WHOLE or _is_packed(data):
        if state.size > MAX_UNPACKED:
            raise Refusal("a compressed file above 1 GiB; store it tile-compressed (fpack)")
        if len(data) < state.size:
            data += _read(file, Span(len(data), state.size))
        return hashlib.sha256(data).digest(), zlib.crc32(data), Bytes(unpack(data))
    sha256, crc32, offset = hashlib.sha256(), 0, 0
    while data:
        sha256.update(data)
        crc32 = zlib.crc32(data, crc32)
        offset += len(data)
        data = _read(file, Span(offset, min(offset + _CHUNK, state.size)))
    return sha256.digest(), crc32, _Ranges(store, path, state, sha256.digest(), offset)


def _is_packed(data: bytes) -> bool:
    """Whether the first bytes are those of gzip or bzip2."""
    return data[:2] == b"\x1f\x8b" or data[:3] == b"BZh"


def read_file(path: str, listed: FileState, plan: Plan, opener: Opener | None = None) -> Outcome:
    """Read a file of the collection; never raises for what is wrong with the file.

    `opener` is given where opening it has begun. Unavailable where the whole store is away.
    """
    store, state = store_of(plan.root), listed
    try:
        file = opener.open() if opener else store.open_listed(path, listed)
    except OSError as error:
        return Refused(path, listed, f"cannot be opened: {error.strerror}")
    except (Damaged, AccessRefused) as error:
        return Refused(path, listed, f"cannot be opened: {error.message}")
    try:
        with file:
            state = file.state
            sha256, crc32, source = _digest(file, path, state, store)
            fits = open_fits(path, source, plan.header, plan.root)
            reader, facts = read_facts(fits, plan.reader)
            facts = complete(facts, plan)
            file.verify()
        return Accepted(path, state, sha256, crc32, media_type(path), reader, facts)
    except Refusal as refusal:
        return Refused(path, state, str(refusal))
    except Changed:
        return Refused(path, state, "changed while it was read; the next run takes it")
    except Damaged as damage:
        return Refused(path, state, damage.message)
    except Unavailable:
        raise
    except Exception as error:  # a header can be wrong in ways no reader foresaw; go on without it
        return Refused(path, state, f"the reader failed on it ({type(error).__name__}: {error})")


def complete(facts: DatasetFacts, plan: Plan) -> DatasetFacts:
    """The facts with the collection's constants and defaults, and what ObsCore demands.

    Raises Refusal where ObsCore's mandatory columns are still unknown (ObsCore 1.1 §4.1).
    """
    stated = {
        name: value for name, value in plan.defaults.items() if getattr(facts, name) is None
    } | plan.constants
    if facts.obs_collection is None:
        stated.setdefault("obs_collection", plan.name)
    if facts.calib_level is None and "calib_level" not in stated:
        raise Refusal(
            "the header does not state its calibration level: set calib_level under [defaults] "
            "in collection.toml (1 instrumental, 2 calibrated, 3 enhanced, 4 analysis)"
        )
    values = zip(_NAMES, _VALUES(facts), strict=True)
    stated |= {  # NaN and infinities mean unknown
        name: None for name, value in values if type(value) is float and not math.isfinite(value)
    }
    return replace(facts, **stated)
