"""The bytes of a part from the front, hashed as they pass."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

PIECE = 1 << 20


class Broken(Exception):
    """The bytes before the source's position are not what a part has there."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a part: `size` bytes at `offset`; what follows it begins at `end`.

    mtime is in seconds since 1970.
    """

    path: str
    offset: int
    size: int
    end: int
    mtime: int
    is_directory: bool


class _Hash(Protocol):
    def update(self, content: bytes, /) -> None: ...
    def hexdigest(self) -> str: ...
    def copy(self) -> "_Hash": ...


@dataclass(frozen=True, slots=True)
class Mark:
    """A place to come back to."""

    position: int
    hash: _Hash


class Source:
    """A part of `size` bytes; `read(first, limit)` gives from 1 to `limit` of them from `first` on,
    and may wait, or raise."""

    def __init__(self, read: Callable[[int, int], bytes], size: int) -> None:
        self.size = size
        self.position = 0
        self._read = read
        self._hash: _Hash | None = hashlib.sha256()
        self._buffer = b""
        self._used = 0

    def some(self, limit: int) -> bytes:
        """At least one of the next `limit` bytes; Broken at the end of the part."""
        if self._used == len(self._buffer):
            if self.position >= self.size:
                raise Broken("the part ends in the middle of a member")
            self._buffer = self._read(self.position, min(PIECE, self.size - self.position))
            self._used = 0
        content = self._buffer[self._used : self._used + limit]
        self._used += len(content)
        self.position += len(content)
        if self._hash is not None:
            self._hash.update(content)
        return content

    def take(self, length: int) -> bytes:
        """The next `length` bytes."""
        content = self.some(length) if length else b""
        while len(content) < length:
            content += self.some(length - len(content))
        return content

    def pieces(self, length: int) -> Iterator[bytes]:
        """The next `length` bytes, in pieces."""
        while length:
            piece = self.some(length)
            length -= len(piece)
            yield piece

    def pass_to(self, position: int) -> None:
        """Read on to `position` for the hash alone."""
        for _ in self.pieces(position - self.position):
            pass

    def pass_zeros(self, position: int) -> None:
        """Read on to `position`; Broken where anything but zeros is before it."""
        if position > self.size:
            raise Broken("a member reaches beyond the end of the part")
        for piece in self.pieces(position - self.position):
            if piece.count(0) != len(piece):
                raise Broken(f"what fills a block up is not zero before byte {self.position}")

    def mark(self) -> Mark | None:
        """This place; None once something was jumped over, with the same use for `back`."""
        return Mark(self.position, self._hash.copy()) if self._hash is not None else None

    def jump(self, position: int) -> None:
        """Go on elsewhere; there is no hash of the whole then."""
        self._hash = None
        self._go(position)

    def back(self, position: int, mark: Mark | None) -> None:
        """Return to a place read before."""
        self._hash = None if mark is None else mark.hash
        self._go(position)

    def _go(self, position: int) -> None:
        self.position = position
        self._buffer, self._used = b"", 0

    def sha256(self) -> str | None:
        """The hash of the whole, hexadecimal, once all was read; None where something was not."""
        if self._hash is None or self.position != self.size:
            return None
        return self._hash.hexdigest()
