"""Which bytes of a file are there: arithmetic on half-open ranges, nothing else."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator


class Extents:
    """A set of byte offsets, kept as disjoint ranges `first` to before `stop` that never touch."""

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._stops: list[int] = []

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(zip(self._firsts, self._stops, strict=True))

    @property
    def total(self) -> int:
        """How many bytes."""
        return sum(self._stops) - sum(self._firsts)

    def add(self, first: int, stop: int) -> None:
        """Put a range in."""
        if first >= stop:
            return
        low = bisect_left(self._stops, first)
        high = bisect_right(self._firsts, stop)
        if low < high:
            first = min(first, self._firsts[low])
            stop = max(stop, self._stops[high - 1])
        self._firsts[low:high] = [first]
        self._stops[low:high] = [stop]

    def remove(self, first: int, stop: int) -> None:
        """Take a range out."""
        if first >= stop:
            return
        low = bisect_right(self._stops, first)
        high = bisect_left(self._firsts, stop)
        if low >= high:
            return
        before, after = self._firsts[low], self._stops[high - 1]
        kept = [(a, b) for a, b in ((before, first), (stop, after)) if a < b]
        self._firsts[low:high] = [a for a, _ in kept]
        self._stops[low:high] = [b for _, b in kept]

    def reach(self, first: int) -> int:
        """The end of the range that holds `first`; `first` itself where none does."""
        index = bisect_right(self._firsts, first) - 1
        return max(first, self._stops[index]) if index >= 0 else first

    def missing(self, first: int, stop: int) -> list[tuple[int, int]]:
        """The ranges between `first` and `stop` that are not in the set, in order."""
        gaps = []
        index = bisect_right(self._stops, first)
        while first < stop and index < len(self._firsts):
            if self._firsts[index] > first:
                gaps.append((first, min(self._firsts[index], stop)))
            first = self._stops[index]
            index += 1
        if first < stop:
            gaps.append((first, stop))
        return gaps
