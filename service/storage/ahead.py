"""Files of distant stores opened while earlier ones are being read: many small ones in one answer.

A round trip for each of them would be most of the time. Files of directories are opened when their
turn comes: that costs microseconds.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeVar

from service.errors import StarhaulError
from service.storage.ranges import Span
from service.storage.state import Damaged, FileState
from service.storage.store import OpenFile, Store

# Of one answer: files opened at once. Each holds a megabyte at most.
_FILES = 12

T = TypeVar("T")

_openers = ThreadPoolExecutor(max_workers=32, thread_name_prefix="opener")


class Wanted(NamedTuple):
    """A file as it was ingested, and the bytes of it that will be read."""

    store: Store
    path: str
    known: FileState
    sha256: bytes
    span: Span

    def open(self) -> OpenFile:
        """Open it now; fails as `Store.open` does."""
        return self.store.open(self.path, self.known, self.sha256, self.span)


class Opener(Protocol):
    """What opens one file when its turn comes."""

    def open(self) -> OpenFile:
        """The open file; fails as `Store.open` does."""

    def read_whole(self, buffer: memoryview) -> bool:
        """As `Store.read_whole`."""


@dataclass
class _Begun:
    """A file that a thread opens; anew where it is asked for a second time."""

    wanted: Wanted
    opening: "Future[OpenFile] | None"

    def open(self) -> OpenFile:
        """The open file; fails as `Store.open` does."""
        opening, self.opening = self.opening, None
        return self.wanted.open() if opening is None else opening.result()

    def read_whole(self, buffer: memoryview) -> bool:
        """As `Store.read_whole`."""
        try:
            with self.open() as file:
                read = file.read_into(buffer, 0)
                file.verify()
        except Damaged:
            return False
        return read == len(buffer)

    def forget(self) -> None:
        """Close what was opened and never asked for."""
        if self.opening is not None and not self.opening.cancel():
            with suppress(StarhaulError), self.opening.result():
                pass


def opened_ahead(
    items: Iterable[T], wanted: Callable[[T], Wanted]
) -> Generator[tuple[T, Opener], None, None]:
    """The items with what opens their files, in order, those of distant stores opened ahead.

    What was opened and not taken is closed, at the latest when the iterator is.
    """
    begun: deque[tuple[T, _Begun]] = deque()
    try:
        for item in items:
            file = wanted(item)
            opening = _openers.submit(file.open) if file.store.distant else None
            begun.append((item, _Begun(file, opening)))
            if len(begun) > _FILES:
                yield begun[0]
                begun.popleft()[1].forget()
        while begun:
            yield begun[0]
            begun.popleft()[1].forget()
    finally:
        for _, file_ahead in begun:
            file_ahead.forget()
