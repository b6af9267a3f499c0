"""Cutting the members of a package into parts, when it is frozen and when it is estimated."""

import numpy as np
import numpy.typing as npt

from service.bulk import bag
from service.errors import UsageError

MOST_PARTS = 20_000

Integers = npt.NDArray[np.int64]


def cut(costs: Integers, manifest_bytes: int, part_size: int) -> list[tuple[int, int]]:
    """The members of each part, from the first to before the last.

    `costs` are the bytes that members take in the order of the package, with their lines in the
    lists of their parts; the manifest itself lies in the first part. UsageError where the parts
    would be more than MOST_PARTS.
    """
    budget = part_size - bag.OVERHEAD
    largest_count = 2 + int(costs.sum() // max(budget, 1)) * 2
    extra = bag.OVERHEAD + manifest_bytes + min(largest_count, MOST_PARTS) * bag.TAG_LINE
    return plan_parts(costs, budget, extra)


def plan_parts(costs: Integers, budget: int, first_extra: int) -> list[tuple[int, int]]:
    """Cut members into runs of at most `budget` bytes, each of at least one member.

    `first_extra` is what the first part holds beside members. UsageError as in `cut`.
    """
    ends = np.concatenate([[0], np.cumsum(costs)])
    runs: list[tuple[int, int]] = []
    first, room = 0, budget - first_extra
    while first < len(costs):
        stop = int(np.searchsorted(ends, ends[first] + room, side="right")) - 1
        stop = max(stop, first + 1)
        runs.append((first, stop))
        first, room = stop, budget
        if len(runs) > MOST_PARTS:
            # Each part but the first then has more than a share of all members, whatever is left
            # over where the largest did not fit any more.
            share = -(-int(ends[-1]) // (MOST_PARTS - 1))
            least = share + int(costs.max()) + bag.OVERHEAD
            raise UsageError(
                f"PART_SIZE={budget + bag.OVERHEAD} would make more than {MOST_PARTS:,} parts; "
                f"give a PART_SIZE of at least {least}"
            )
    return runs or [(0, 0)]
