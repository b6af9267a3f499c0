"""A part as a client sees it: a file with an address, a size, and checksums once they are known."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PartFile:
    """`size` in bytes; `pieces` are the SHA-256 of each `piece_bytes` of it, in order.

    `sha256` is None and `pieces` empty until they have been computed in the background.
    """

    name: str
    url: str
    size: int
    sha256: bytes | None = None
    piece_bytes: int = 0
    pieces: tuple[bytes, ...] = ()
