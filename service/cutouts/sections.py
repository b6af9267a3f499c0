"""The pixels of a section of an array as they are stored, piece by piece."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from service.cutouts.opened import Opened

PIECE = 2**20  # bytes that are read, and handed on, at a time


@dataclass(frozen=True, slots=True)
class Section:
    """The pixels of each axis, NAXIS1 first, counted from 0."""

    axes: tuple[range, ...]

    @property
    def pixels(self) -> int:
        """How many there are."""
        count = 1
        for axis in self.axes:
            count *= len(axis)
        return count

    def __str__(self) -> str:
        """As FITS tools write it: pixels from 1, the last one included."""
        parts = []
        for axis in self.axes:
            step = f":{axis.step}" if axis.step > 1 else ""
            parts.append(f"{axis[0] + 1}:{axis[-1] + 1}{step}")
        return f"[{','.join(parts)}]"


def whole(shape: Sequence[int]) -> Section:
    """All pixels."""
    return Section(tuple(range(length) for length in shape))


def stored_pixels(
    file: Opened, offset: int, item: int, shape: Sequence[int], section: Section
) -> Iterator[bytes | bytearray | memoryview]:
    """The bytes of a section of an array of `item` bytes a pixel that begins at `offset`.

    Rows that are near each other are read in one go and the pixels between them left out.
    """
    run, first, rows, stride, outer = _runs(item, shape, section)
    gap_is_small = stride - run <= file.gap
    together = max(1, PIECE // stride if gap_is_small else PIECE // run)
    for start in outer:
        for row in range(0, rows, together):
            count = min(together, rows - row)
            at = offset + start + first + row * stride
            if count == 1:
                yield from _long(file, at, run)
            elif gap_is_small:
                yield _without_gaps(file, at, count, stride, run)
            else:
                piece = bytearray(count * run)
                file.fill_rows(piece, at, stride, run)
                yield piece


def _without_gaps(file: Opened, at: int, count: int, stride: int, run: int) -> bytes | bytearray:
    """Rows that are read in one go; the gaps only go through a buffer that is used again."""
    size = (count - 1) * stride + run
    if stride == run:
        rows = bytearray(size)
        file.fill(rows, at)
        return rows
    span = file.scratch(count * stride)
    file.fill(span.data[:size], at)
    return span.reshape(count, stride)[:, :run].tobytes()


def _long(file: Opened, at: int, size: int) -> Iterator[bytearray]:
    for begin in range(0, size, PIECE):
        piece = bytearray(min(PIECE, size - begin))
        file.fill(piece, at + begin)
        yield piece


def _runs(
    item: int, shape: Sequence[int], section: Section
) -> tuple[int, int, int, int, Iterator[int]]:
    """What lies together: bytes of a run, where the first begins, how many follow each other at
    which stride, and the offsets at which that happens again."""
    axes = section.axes
    inner, k = item, 0
    while k < len(axes) and len(axes[k]) == shape[k]:
        inner *= shape[k]
        k += 1
    if k == len(axes):
        return inner, 0, 1, inner, iter((0,))
    run, first = inner, 0
    if axes[k].step == 1:
        run, first = inner * len(axes[k]), inner * axes[k].start
        inner *= shape[k]
        k += 1
    if k == len(axes):
        return run, first, 1, max(run, inner), iter((0,))
    row = axes[k]
    first += inner * row.start
    strides, stride = [], inner
    for length in shape[k:]:
        strides.append(stride)
        stride *= length
    further = [
        [i * size for i in axis] for axis, size in zip(axes[k + 1 :], strides[1:], strict=True)
    ]
    outer = (sum(offsets) for offsets in itertools.product(*reversed(further)))
    return run, first, len(row), inner * row.step, outer
