"""A file to cut, and what was cut out of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from service.cutouts.wanted import Interval
from service.storage.ranges import Span
from service.storage.store import OpenFile

if TYPE_CHECKING:
    from service.ingest.header import Value  # astropy with it, which an API need not load

Piece: TypeAlias = bytes | bytearray | memoryview

_FIRST_BYTES = 2**16


def first_bytes(size: int) -> Span:
    """What of a file is read before anything else; for the `wanted` of `Store.open`."""
    return Span(0, min(size, _FIRST_BYTES))


@dataclass(frozen=True, slots=True)
class Source:
    """An open file of the archive, and what the archive knows of the dataset in it.

    `name` is the last part of its path, `identifier` its obs_publisher_did. `reader` is the name of
    ingest's reader that took it; `header` are cards that its collection.toml states; `time` (MJD)
    and `band` (metres) are the dataset's bounds in ObsCore, for what no axis of the file says.
    """

    file: OpenFile
    name: str
    identifier: str
    reader: str | None = None
    header: "Mapping[str, Value]" = field(default_factory=dict)
    time: Interval | None = None
    band: Interval | None = None
    pol: tuple[str, ...] = ()


@dataclass(slots=True)
class Product:
    """What was cut, to be read once and in order.

    `size` in bytes, None where only the last piece tells it. `partial`: the region reaches beyond
    what the file holds. `bytes_read` of the file so far; all of them after the last piece.
    """

    name: str
    media_type: str
    pieces: Iterator[Piece]
    size: int | None
    partial: bool
    bytes_read: int
