"""PART_SIZE: how large the parts of a package are to be, in bytes or with a unit."""

import re

from service.errors import UsageError

DEFAULT_PART_SIZE = 4 * 2**30
SMALLEST_PART_SIZE = 2**20
LARGEST_PART_SIZE = 2**50

_UNITS = {
    "": 1,
    "b": 1,
    **{f"{prefix}b": 1000**power for power, prefix in enumerate("kmgt", start=1)},
    **{f"{prefix}ib": 1024**power for power, prefix in enumerate("kmgt", start=1)},
}
_SIZE = re.compile(r"([0-9]{1,30}(?:\.[0-9]{1,30})?(?:[eE]\+?[0-9]{1,2})?)\s*([A-Za-z]*)")


def part_size(text: str | None) -> int:
    """Bytes of a size such as 4294967296, 4e9, 500MB (10^6) or 4GiB (2^30); the default for None.

    UsageError where it is no size, or smaller or larger than parts can be.
    """
    if text is None:
        return DEFAULT_PART_SIZE
    found = _SIZE.fullmatch(text.strip())
    unit = None if found is None else _UNITS.get(found[2].lower())
    if found is None or unit is None:
        raise UsageError(
            f"PART_SIZE={text[:40]!r} is no size; give bytes, or a number with one of the units "
            "kB, MB, GB, TB, KiB, MiB, GiB, TiB: 500MB, 4GiB"
        )
    size = int(float(found[1]) * unit)
    if size < SMALLEST_PART_SIZE:
        raise UsageError(
            f"PART_SIZE={text[:40]} is too small; give at least 1MiB ({SMALLEST_PART_SIZE} bytes)"
        )
    if size > LARGEST_PART_SIZE:
        raise UsageError(f"PART_SIZE={text[:40]} is too large; give at most 1024TiB")
    return size
