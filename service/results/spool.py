"""Batches kept on disk until all of them have been seen: for formats that state sizes first."""

import struct
from collections.abc import Iterator, Sequence

import numpy as np

from service.results.batch import Batch, row_starts, spans
from service.results.scratch import unnamed_file
from service.results.wire import WireColumn

_SIZES = struct.Struct(">qq")


class Spool:
    """Batches in an unnamed file that vanishes with the last reference to it.

    `folder` should lie on a disk: the default of the system may be memory.
    """

    def __init__(self, columns: Sequence[WireColumn], folder: str | None) -> None:
        self._columns = columns
        self._file = unnamed_file(folder)

    def add(self, batch: Batch) -> None:
        """Append a batch."""
        starts = row_starts(batch)
        self._file.write(_SIZES.pack(len(batch.octets), batch.rows))
        self._file.write(batch.octets.data)
        self._file.write(starts.tobytes())

    def batches(self) -> Iterator[Batch]:
        """Every batch, in order; may be read more than once."""
        self._file.seek(0)
        while sizes := self._file.read(_SIZES.size):
            size, rows = _SIZES.unpack(sizes)
            octets = np.frombuffer(self._file.read(size), np.uint8)
            starts = np.frombuffer(self._file.read(8 * rows), np.int64)
            yield Batch(octets, self._columns, spans(octets, self._columns, starts)[0], rows)
