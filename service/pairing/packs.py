"""A pack: the products of one task, one after the other in one file."""

import hashlib
import os
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from service.cutouts.product import Piece


@dataclass(frozen=True, slots=True)
class Packed:
    """Where a product lies in its pack, and its checksums, taken while it was written."""

    position: int
    size: int
    sha256: bytes
    crc32: int


class PackWriter:
    """A new pack at `path`, on the disk once the block is left."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._position = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._file:
            self._file.flush()
            os.fsync(self._file.fileno())

    def add(self, pieces: Iterable[Piece]) -> Packed:
        """Write a product; where its pieces fail, nothing of it stays."""
        position, digest, crc = self._position, hashlib.sha256(), 0
        try:
            for piece in pieces:
                self._file.write(piece)
                digest.update(piece)
                crc = zlib.crc32(piece, crc)
                self._position += len(memoryview(piece).cast("B"))
        except BaseException:
            self._file.seek(position)
            self._file.truncate()
            self._position = position
            raise
        return Packed(position, self._position - position, digest.digest(), crc)
