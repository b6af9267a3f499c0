"""What a format is: a media type, the names users give it, and an encoder of row streams."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from service.results.batch import Batch, BinaryReader
from service.results.descriptors import Service
from service.results.groups import Group, Param
from service.results.wire import CopyForm, WireColumn


@dataclass(frozen=True, slots=True)
class Head:
    """What is known before the first row: the columns, and INFO elements as name, value, text.

    `services` are what a VOTable offers beside its rows; `description`, `params` and `groups` what
    it says of all of them. `spool_folder` is where a format may put rows aside; None is the
    system's place for such files.
    """

    columns: tuple[WireColumn, ...]
    infos: Sequence[tuple[str, str, str]] = field(default=())
    spool_folder: str | None = None
    services: Sequence[Service] = field(default=())
    description: str | None = None
    params: Sequence[Param] = field(default=())
    groups: Sequence[Group] = field(default=())


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a stream ended: `overflow` says what cut it ("cut after 5 rows (MAXREC)"), `error` what
    went wrong."""

    overflow: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Lines:
    """Rows as text, each ended by a newline that is no part of a value."""

    text: bytes

    @property
    def rows(self) -> int:
        """How many there are."""
        # bytes.count takes six times as long for a single byte.
        return int(np.count_nonzero(np.frombuffer(self.text, np.uint8) == 0x0A))

    def head(self, rows: int) -> "Lines":
        """The first rows alone."""
        return Lines(b"".join(self.text.splitlines(keepends=True)[:rows]))


class Encoder(Protocol):
    """Turns one stream into bytes. `begin` may look at the first rows; each is called in order."""

    def begin(self, first: Batch | Lines | None) -> bytes:
        """The document up to its first row; `first` is None where there is no row."""
        ...

    def rows(self, rows: Batch | Lines) -> bytes:
        """Some rows."""
        ...

    def end(self, outcome: Outcome) -> Iterable[bytes]:
        """The rest of the document, in pieces; RuntimeError where it has no form for an error."""
        ...


@dataclass(frozen=True, slots=True)
class Format:
    """A format of results. `names` are the values of RESPONSEFORMAT that ask for it, short ones
    and media types, the first of each kind being the one to show. One that `spools` writes nothing
    before its last row."""

    media_type: str
    names: tuple[str, ...]
    extension: str
    form: CopyForm
    encoder: Callable[[Head], Encoder]
    ivo_id: str | None = None
    spools: bool = False


class ChunkReader:
    """Turns the chunks of a row stream into what the encoders of its form take."""

    def __init__(self, columns: Sequence[WireColumn], form: CopyForm, sync: int) -> None:
        self._binary = BinaryReader(columns, sync) if form is CopyForm.BINARY else None

    def read(self, chunk: bytes) -> Batch | Lines:
        """The rows of the next chunk."""
        return Lines(chunk) if self._binary is None else self._binary.read(chunk)
