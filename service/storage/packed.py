"""Many small products in few files of a store: a member of a pack is read like a file of its own.

A path is `pack:position:size`: the pack's path, where the member begins in it, and the bytes of the
pack. Beside the pack's size, the known state of a member is that of its pack.
"""

import hashlib
from dataclasses import dataclass
from types import TracebackType
from typing import NamedTuple, Self

from service.storage.ranges import Span
from service.storage.state import Changed, Damaged, FileState, difference
from service.storage.store import PACKED, OpenFile, Store


class Member(NamedTuple):
    """Where a member of a pack lies; `pack_size` in bytes."""

    pack: str
    position: int
    pack_size: int

    @classmethod
    def of(cls, path: str) -> Self:
        """The member that a path names."""
        pack, position, size = path.rsplit(":", 2)
        return cls(pack, int(position), int(size))


class PackedFile:
    """An open member."""

    def __init__(self, file: OpenFile, position: int, known: FileState) -> None:
        self._file = file
        self._position = position
        self.state = known

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.__exit__(kind, error, trace)

    def read_into(self, buffer: bytearray | memoryview, offset: int) -> int:
        """As `OpenFile.read_into`; nothing beyond the member's end is read."""
        view = memoryview(buffer)[: max(self.state.size - offset, 0)]
        return self._file.read_into(view, self._position + offset)

    def verify(self) -> None:
        """As `OpenFile.verify`."""
        self._file.verify()

    def sha256(self) -> bytes:
        """The checksum of the member as it is now."""
        content = bytearray(self.state.size)
        read = self.read_into(content, 0)
        return hashlib.sha256(content[:read]).digest()


@dataclass(frozen=True, slots=True)
class PackedStore:
    """The members of the packs in a store."""

    packs: Store

    @property
    def root(self) -> str:
        """What `store_of` makes this store of."""
        return PACKED + self.packs.root

    @property
    def distant(self) -> bool:
        """As the store of the packs."""
        return self.packs.distant

    def open(
        self, path: str, known: FileState, sha256: bytes, wanted: Span | None = None
    ) -> PackedFile:
        """Open a member; Damaged where its pack is gone or is another one, Unavailable where the
        store is away. Where the pack's ctime alone differs, the member is compared."""
        pack, position, size = Member.of(path)
        span = wanted or Span(0, known.size)
        listed = known._replace(size=size)
        opened = self._pack(pack, listed, Span(position + span.first, position + span.stop))
        file = PackedFile(opened, position, known)
        try:
            reason = None if self.distant else difference(listed, opened.state)
            if reason is None and opened.state != listed and file.sha256() != sha256:
                reason = "its contents were changed"
            if reason is not None:
                raise Changed(f"the products in {pack} are not the ones that were made: {reason}")
        except BaseException as error:
            file.__exit__(type(error), error, error.__traceback__)
            raise
        return file

    def _pack(self, pack: str, listed: FileState, wanted: Span) -> OpenFile:
        """The open pack; of a bucket the one that was made, of a directory the one there is."""
        if self.distant:
            return self.packs.open(pack, listed, b"", wanted)
        try:
            return self.packs.open_listed(pack, listed)
        except OSError:
            return self.packs.open(pack, listed, b"", wanted)  # says why it cannot be opened

    def read_whole(self, path: str, known: FileState, buffer: memoryview) -> bool:
        """As `Store.read_whole`."""
        try:
            with self.open(path, known, b"") as file:
                read = file.read_into(buffer, 0)
                file.verify()
        except Damaged:
            return False
        return read == known.size

    def open_listed(self, path: str, listed: FileState) -> PackedFile:
        """Open a member as its pack is now."""
        pack, position, size = Member.of(path)
        return PackedFile(
            self.packs.open_listed(pack, listed._replace(size=size)), position, listed
        )

    def whole(self, path: str) -> bytes | None:
        """Packs hold nothing that may be any."""
        return None
