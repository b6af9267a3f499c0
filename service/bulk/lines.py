"""Lines of a manifest on the disk: hashed in pieces, so that no memory holds them all."""

import hashlib
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_PIECE_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class Lines:
    """The bytes of a file from `first` to before `stop`."""

    path: Path
    first: int
    stop: int

    @classmethod
    def of(cls, path: Path) -> Self:
        """All of a file."""
        return cls(path, 0, path.stat().st_size)

    def cut(self, first: int, stop: int) -> "Lines":
        """Some of the bytes, counted from the first."""
        return Lines(self.path, self.first + first, self.first + stop)

    def __len__(self) -> int:
        return self.stop - self.first

    def pieces(self) -> Iterator[bytes]:
        """The bytes in order."""
        with self.path.open("rb", buffering=0) as file:
            for begin in range(self.first, self.stop, _PIECE_BYTES):
                length = min(_PIECE_BYTES, self.stop - begin)
                piece = os.pread(file.fileno(), length, begin)
                if len(piece) < length:
                    raise EOFError(f"{self.path.name} is shorter than it was")
                yield piece

    def sha256(self) -> str:
        """Their checksum, hexadecimal."""
        digest = hashlib.sha256()
        for piece in self.pieces():
            digest.update(piece)
        return digest.hexdigest()

    def crc32(self) -> int:
        """Their cyclic redundancy check."""
        found = 0
        for piece in self.pieces():
            found = zlib.crc32(piece, found)
        return found
