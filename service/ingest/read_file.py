"""One file, read once: its checksums and its facts. What the worker processes do."""

import contextlib
import hashlib
import math
import os
import zlib
from dataclasses import dataclass, fields, replace
from operator import attrgetter
from typing import Any

from service.ingest.facts import DatasetFacts, Refusal
from service.ingest.fits import MAX_UNPACKED, Bytes, Source, open_fits, unpack
from service.ingest.header import Value
from service.ingest.readers import read_facts
from service.ingest.walk import FileStat, stat_of

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
    stat: FileStat
    sha256: bytes
    crc32: int
    media_type: str
    reader: str
    facts: DatasetFacts


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that stays outside, and why."""

    path: str
    stat: FileStat
    reason: str


Outcome = Accepted | Refused


@dataclass(slots=True)
class _OpenFile:
    """Random access to a file that is too large to hold."""

    descriptor: int
    size: int

    def read(self, offset: int, count: int) -> bytes:
        """Up to `count` bytes from `offset`."""
        return os.pread(self.descriptor, count, offset)


def media_type(path: str) -> str:
    """The media type of the file's own bytes. A tile-compressed .fz is a FITS file."""
    lower = path.lower()
    if lower.endswith(".gz"):
        return "application/gzip"
    if lower.endswith(".bz2"):
        return "application/x-bzip2"
    return "application/fits"


def _digest(descriptor: int, size: int) -> tuple[bytes, int, Source]:
    """sha256, crc32, and the source of the headers, from one reading of the bytes."""
    if size <= _WHOLE or _is_packed(descriptor):
        if size > MAX_UNPACKED:
            raise Refusal("a compressed file above 1 GiB; store it tile-compressed (fpack)")
        data = os.read(descriptor, size)
        while len(data) < size and (more := os.read(descriptor, size - len(data))):
            data += more
        return hashlib.sha256(data).digest(), zlib.crc32(data), Bytes(unpack(data))
    sha256, crc32, offset = hashlib.sha256(), 0, 0
    while chunk := os.pread(descriptor, _CHUNK, offset):
        sha256.update(chunk)
        crc32 = zlib.crc32(chunk, crc32)
        offset += len(chunk)
    return sha256.digest(), crc32, _OpenFile(descriptor, offset)


def _is_packed(descriptor: int) -> bool:
    """Whether the first bytes are those of gzip or bzip2."""
    first = os.pread(descriptor, 3, 0)
    return first[:2] == b"\x1f\x8b" or first == b"BZh"


def read_file(path: str, stat: FileStat, plan: Plan) -> Outcome:
    """Read a file of the collection; never raises for what is wrong with the file."""
    try:
        descriptor = os.open(f"{plan.root}/{path}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        return Refused(path, stat, f"cannot be opened: {error.strerror}")
    try:
        stat = stat_of(os.fstat(descriptor))
        sha256, crc32, source = _digest(descriptor, stat.size)
        fits = open_fits(path, source, plan.header, plan.root)
        reader, facts = read_facts(fits, plan.reader)
        facts = complete(facts, plan)
        if stat_of(os.fstat(descriptor)) != stat:
            return Refused(path, stat, "changed while it was read; the next run takes it")
        return Accepted(path, stat, sha256, crc32, media_type(path), reader, facts)
    except Refusal as refusal:
        return Refused(path, stat, str(refusal))
    except OSError as error:
        return Refused(path, stat, f"cannot be read: {error.strerror or error}")
    except Exception as error:  # a header can be wrong in ways no reader foresaw; go on without it
        return Refused(path, stat, f"the reader failed on it ({type(error).__name__}: {error})")
    finally:
        with contextlib.suppress(OSError):
            os.close(descriptor)


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
