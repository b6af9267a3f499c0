"""Publishers' stores: a directory or a bucket, read only, behind one small interface."""

from functools import lru_cache
from types import TracebackType
from typing import Protocol, Self

from service.storage.local import LocalStore
from service.storage.ranges import Span
from service.storage.state import FileState

SCHEME = "s3://"
PACKED = "packed:"


class OpenFile(Protocol):
    """A file that was in `state` when it was opened; closed at the end of a `with` block."""

    state: FileState

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def read_into(self, buffer: bytearray | memoryview, offset: int) -> int:
        """Fill `buffer` from `offset` on; the number of bytes read, less only at the file's end.

        Damaged where the file cannot be read or has changed; Unavailable where its store is away.
        """

    def verify(self) -> None:
        """Damaged where the file has changed since it was opened."""

    def sha256(self) -> bytes:
        """The checksum of the whole file as it is now; fails as `read_into` does."""


class Store(Protocol):
    """Files below one root, by their paths relative to it. Of a distant store several are better
    opened at once (`service.storage.ahead`)."""

    @property
    def distant(self) -> bool:
        """Whether opening a file takes a round trip."""

    @property
    def root(self) -> str:
        """What `store_of` makes this store of."""

    def open(
        self, path: str, known: FileState, sha256: bytes, wanted: Span | None = None
    ) -> OpenFile:
        """Open a file as it was ingested. `wanted` are the bytes that will be read; None: all.

        Damaged where it is gone or is another one, Unavailable where the whole store is away.
        """

    def read_whole(self, path: str, known: FileState, buffer: memoryview) -> bool:
        """Fill `buffer` with a file as it was ingested, all of it; compared before and after.

        False where it is not the known one, or cannot be read: `open` says why.
        """

    def open_listed(self, path: str, listed: FileState) -> OpenFile:
        """Open a file that is not known yet, as it is now; `listed` is how the listing had it.

        OSError or Damaged where it cannot be opened, Unavailable where the store is away.
        """

    def whole(self, path: str) -> bytes | None:
        """A small file that may be any; None where there is none that can be read."""


@lru_cache(maxsize=1024)
def store_of(root: str) -> Store:
    """The store of a collection's root: s3://bucket/prefix, or a directory; of a root that begins
    with PACKED, the members of packs that lie there."""
    if root.startswith(PACKED):
        from service.storage.packed import PackedStore  # made of stores

        return PackedStore(store_of(root.removeprefix(PACKED)))
    if not root.startswith(SCHEME):
        return LocalStore(root)
    from service.storage.s3 import S3Store  # its libraries: 20 MB that a directory does without

    return S3Store(root)
