"""Pieces of bytes moved by numpy, many at once: from any offset, to any offset."""

import numpy as np
import numpy.typing as npt

Octets = npt.NDArray[np.uint8]
Offsets = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def at_any_offset(octets: Octets, dtype: str) -> npt.NDArray[np.generic]:
    """The values of `dtype` that begin at each byte: `at_any_offset(o, ">i4")[positions]`."""
    size = np.dtype(dtype).itemsize
    count = max(len(octets) - size + 1, 0)
    return np.ndarray((count,), dtype=dtype, buffer=octets.data, strides=(1,))


def move(
    target: Octets, at: Offsets, source: Octets, start: Offsets, length: Offsets | int
) -> None:
    """Copy pieces of `source`, each from its start with its length, to `target`, each to its `at`.

    IndexError where one reaches beyond an end. Pieces of one length are moved by one assignment;
    others by two for each power of two, one for their first bytes and one for their last, which
    overlap.
    """
    if isinstance(length, int):
        _move_alike(target, at, source, start, length)
        return
    if not len(length):
        return
    shortest, longest = int(length.min()), int(length.max())
    if shortest == longest:
        _move_alike(target, at, source, start, longest)
        return
    powers = np.frexp(length)[1]  # those of length 0 have 0, as nothing else has
    for power in np.flatnonzero(np.bincount(powers)):
        if not power:
            continue
        size = 1 << (int(power) - 1)
        chosen = np.flatnonzero(powers == power)
        to, begin = at[chosen], start[chosen]
        _move_alike(target, to, source, begin, size)
        rest = length[chosen] - size
        _move_alike(target, to + rest, source, begin + rest, size)


def _move_alike(target: Octets, at: Offsets, source: Octets, start: Offsets, size: int) -> None:
    if size:
        dtype = f"V{size}"
        at_any_offset(target, dtype)[at] = at_any_offset(source, dtype)[start]


def gather(octets: Octets, start: Offsets, length: Offsets) -> Octets:
    """Pieces of `octets`, each from its start with its length, joined in order."""
    ends = np.cumsum(length)
    joined = np.empty(int(ends[-1]) if len(ends) else 0, np.uint8)
    move(joined, ends - length, octets, start, length)
    return joined
