"""Arrays of varying length: descriptors in the rows, values in the heap (FITS 4.0 §7.3.5)."""

import os
from typing import IO

import numpy as np

from service.results.pieces import Octets, Offsets, at_any_offset
from service.tables.readers.fits_columns import FITSColumn
from service.tables.table import Place


def heap_block(
    file: IO[bytes],
    heap_at: int,
    octets: Octets,
    starts: Offsets,
    column: FITSColumn,
    before: Place,
) -> tuple[Octets, Offsets, Offsets]:
    """The heap's octets for some rows, where each row's begin in them, and its elements."""
    dtype = ">i4" if column.descriptor == "P" else ">i8"
    size = np.dtype(dtype).itemsize
    words = at_any_offset(octets, dtype)
    counts = words[starts].astype(np.int64)
    places = words[starts + size].astype(np.int64)
    lengths = (counts + 7) // 8 if column.code == "X" else counts * column.item
    parts = []
    for row, (place, length) in enumerate(zip(places.tolist(), lengths.tolist(), strict=True)):
        part = os.pread(file.fileno(), length, heap_at + place) if length > 0 else b""
        if len(part) != length or place < 0:
            raise before.after(row + 1).error(
                "its array lies outside the file; fetch or write it again"
            )
        parts.append(part)
    return np.frombuffer(b"".join(parts), np.uint8), np.cumsum(lengths) - lengths, counts
