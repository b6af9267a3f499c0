"""What becomes of memory that was freed: kept for the next piece of a result, not given back.

The C library gives blocks of more than 128 kB back to the kernel, which clears each page anew when
it is asked for again: 130,000 page faults, up to half of the CPU, for a result of 1,000,000 rows.
"""

import ctypes

# Parameters of mallopt(3).
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_KEPT_BYTES = 32 << 20  # the most that glibc takes as _MMAP_THRESHOLD


def keep_freed_memory() -> None:
    """Keep up to 32 MiB of what this process frees, in one heap for all threads.

    To be called before there are threads. glibc alone can be told; elsewhere nothing changes.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return
    mallopt(_ARENA_MAX, 1)  # else what one thread freed is of no use to the next one
    mallopt(_MMAP_THRESHOLD, _KEPT_BYTES)
    mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)
