"""Memory that other processes fill: slots of one buffer, lent until nobody holds their bytes."""

import heapq
import mmap
import os
import sys
import tempfile
import weakref
from collections.abc import Callable

import numpy as np

from service.storage.buffers import BUFFER_BYTES

# Of slots beyond these the memory goes back to the system as soon as they are free.
_KEPT = 32


class Slots:
    """So many slots of BUFFER_BYTES, of which only used ones take memory.

    `fd` leads to them, `mapped_slots` in the other process. For the threads of one event loop.
    """

    def __init__(self, count: int) -> None:
        self.fd = _unnamed_file()
        os.ftruncate(self.fd, count * BUFFER_BYTES)
        self._memory = mmap.mmap(self.fd, count * BUFFER_BYTES)
        self._free = list(range(count))  # a heap: the lowest are the ones in the CPU's caches

    def close(self) -> None:
        """Let go of the file; bytes that are lent stay until they are given back."""
        os.close(self.fd)

    def take(self) -> int | None:
        """A slot that nobody uses; None where there is none."""
        return heapq.heappop(self._free) if self._free else None

    def give_back(self, slot: int) -> None:
        """Whoever had it writes no more."""
        if slot >= _KEPT and sys.platform == "linux":
            self._memory.madvise(mmap.MADV_REMOVE, slot * BUFFER_BYTES, BUFFER_BYTES)
        heapq.heappush(self._free, slot)

    def lend(self, slot: int, length: int) -> memoryview:
        """The first bytes of a slot, which is given back when the last reference to them goes."""
        octets = np.frombuffer(self._memory, np.uint8, length, slot * BUFFER_BYTES)
        weakref.finalize(octets, self.give_back, slot).atexit = False
        return memoryview(octets.data)


def mapped_slots(fd: int) -> Callable[[int], memoryview]:
    """What gives the bytes of each slot, to be written."""
    memory = memoryview(mmap.mmap(fd, os.fstat(fd).st_size))
    return lambda slot: memory[slot * BUFFER_BYTES : (slot + 1) * BUFFER_BYTES]


def _unnamed_file() -> int:
    """A file that nobody else can find, and that ends with the last who has it open."""
    if sys.platform == "linux":
        return os.memfd_create("starhaul-slots")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
