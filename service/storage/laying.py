"""Many small files of a directory laid into one buffer, each behind its header.

Opening, reading, comparing and closing a file takes the kernel 6 us and Python as long again, with
its lock given up and taken back at each call. So it is one call into C for many files, where that
was compiled when the archive was installed; docs/decisions/0025 has the figures.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from service.storage.local import LocalStore
from service.storage.state import FileState

Integers = npt.NDArray[np.int64]
Lay = Callable[[str, list[bytes], list[str], Integers, Integers, memoryview], tuple[int, int]]
"""Lay files below a root: their headers, paths, states (size, mtime_ns, ctime_ns, inode: a row
each), the bytes that the contents of each take with the zeros behind them, and the buffer.

Gives how many were laid, and the bytes they take: all before the first that does not fit, cannot be
read, or is not the known one any more. What is behind those bytes in the buffer is undefined.
"""


def lay_by_python(
    root: str,
    headers: list[bytes],
    paths: list[str],
    states: Integers,
    padded: Integers,
    room: memoryview,
) -> tuple[int, int]:
    """As Lay."""
    store, position = LocalStore(root), 0
    rows = zip(headers, paths, states.tolist(), padded.tolist(), strict=True)
    for count, (header, path, state, filled) in enumerate(rows):
        known = FileState(*state)
        contents = position + len(header)
        stop, after = contents + known.size, contents + filled
        if after > len(room) or not store.read_whole(path, known, room[contents:stop]):
            return count, position
        room[position:contents] = header
        room[stop:after] = bytes(after - stop)
        position = after
    return len(paths), position


try:
    from service.storage._laying import lay as _lay_by_c
except ImportError:  # no compiler where the archive was installed
    lay: Lay = lay_by_python
else:
    lay = _lay_by_c
