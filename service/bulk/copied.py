"""Frozen members as PostgreSQL's binary COPY gives them, in a file that is read in chunks."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

COPY_HEADER_BYTES = 19  # signature, flags, length of the header's extension
_ROWS = 1 << 15  # of a chunk

# A row: a count of fields, then length and value of each.
COPIED = np.dtype(
    [("fields", ">i2")]
    + [
        field
        for name, kind in (
            ("seq", ">i4"),
            ("collection", ">i4"),
            ("size", ">i8"),
            ("mtime_ns", ">i8"),
            ("ctime_ns", ">i8"),
            ("inode", ">i8"),
            ("path_bytes", ">i4"),
            ("non_ascii", "?"),
            ("source_bytes", ">i4"),
            ("etag_bytes", ">i4"),
            ("crc32", ">i8"),
            ("sha256", "V32"),
        )
        for field in ((f"{name}_length", ">i4"), (name, kind))
    ]
)

Rows = npt.NDArray[np.void]


@dataclass(frozen=True, slots=True)
class Copied:
    """The rows of a file."""

    path: Path

    @property
    def count(self) -> int:
        """How many there are."""
        return (self.path.stat().st_size - COPY_HEADER_BYTES) // COPIED.itemsize

    def chunks(self, first: int, stop: int) -> Iterator[Rows]:
        """Rows from `first` to before `stop`, some at a time."""
        for begin in range(first, stop, _ROWS):
            yield np.fromfile(
                self.path,
                dtype=COPIED,
                count=min(_ROWS, stop - begin),
                offset=COPY_HEADER_BYTES + begin * COPIED.itemsize,
            )
