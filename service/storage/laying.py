"""Many small files of a directory laid into one buffer, each behind its header.

Opening, reading, comparing and closing a file takes the kernel 6 us and Python as long again, with
its lock given up and taken back at each call. So it is one call into C for many files, where that
was compiled when the archive was installed; docs/decisions/0025 has the figures.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from service.storage.local import LocalStore
from service.storage.state import FileState

Integers = npt.NDArray[np.int64]


class Pieces(NamedTuple):
    """Pieces of one buffer: in a row of `spans` are where one begins and where it ends."""

    octets: bytes | memoryview
    spans: Integers

    def piece(self, index: int) -> bytes:
        """One of them."""
        first, stop = self.spans[index].tolist()
        return bytes(self.octets[first:stop])

    def between(self, first: int, stop: int) -> "Pieces":
        """Those from `first` to before `stop`."""
        return Pieces(self.octets, self.spans[first:stop])


Lay = Callable[[str, Pieces, Pieces, Integers, Integers, memoryview], tuple[int, int]]
"""Lay files below a root: their headers, paths, states (size, mtime_ns, ctime_ns, inode: a row
each), the bytes that the contents of each take with the zeros behind them, and the buffer.

Gives how many were laid, and the bytes they take: all before the first that does not fit, cannot be
read, or is not the known one any more. What is behind those bytes in the buffer is undefined.
"""


def lay_by_python(
    root: str,
    headers: Pieces,
    paths: Pieces,
    states: Integers,
    padded: Integers,
    room: memoryview,
) -> tuple[int, int]:
    """As Lay."""
    if not len(headers.spans) == len(paths.spans) == len(states) == len(padded):
        raise ValueError("as many headers, paths and states as sizes are needed")
    store, position = LocalStore(root), 0
    for number, filled in enumerate(padded.tolist()):
        known = FileState(*states[number].tolist())
        header, path = headers.piece(number), paths.piece(number).decode()
        contents = position + len(header)
        stop, after = contents + known.size, contents + filled
        if after > len(room) or not store.read_whole(path, known, room[contents:stop]):
            return number, position
        room[position:contents] = header
        room[stop:after] = bytes(after - stop)
        position = after
    return len(padded), position


try:
    from service.storage._laying import lay as _lay_by_c
except ImportError:  # no compiler where the archive was installed
    lay: Lay = lay_by_python
else:
    lay = _lay_by_c
