"""The records of a zip of stored members (PKWARE APPNOTE 6.3.10), and how long they are.

Names are UTF-8 (general purpose bit 11). Zip64 (§4.5.3) where a number needs it: sizes of 4 GiB
and more, entries that begin there or later, more than 65,534 entries. Times are UTC: the same
members make the same bytes everywhere.
"""

import struct
import time
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

EXTENSION = "zip"
MEDIA_TYPE = "application/zip"

_FULL = 0xFFFFFFFF  # stands for a number that the zip64 field has
_FULL_COUNT = 0xFFFF
_UTF8 = 1 << 11
_PLAIN, _ZIP64 = 20, 45  # version needed to extract
_UNIX = 3 << 8
_FILE, _DIRECTORY = 0o100644 << 16, 0o040755 << 16 | 0x10
# 1980-01-01 and the last two seconds of 2107, UTC, in seconds since 1970: what DOS times can say.
_EARLIEST, _LATEST = 315_532_800, 4_354_819_198

_LOCAL = struct.Struct("<IHHHHHIIIHH")  # §4.3.7
_LOCAL_SIZES = struct.Struct("<HHQQ")
_CENTRAL = struct.Struct("<IHHHHHHIIIHHHHHII")  # §4.3.12
_END64 = struct.Struct("<IQHHIIQQQQ")  # §4.3.14
_LOCATOR = struct.Struct("<IIQI")  # §4.3.15
_END = struct.Struct("<IHHHHIIH")  # §4.3.16

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def padded(size: int) -> int:
    """The bytes that contents of `size` take: no more."""
    return size


def padded_sizes(sizes: Integers) -> Integers:
    """`padded` of many."""
    return sizes


def _dos(mtime: int) -> tuple[int, int]:
    """Time and date as DOS has them (§4.4.6), two seconds apart."""
    at = time.gmtime(min(max(mtime, _EARLIEST), _LATEST))
    clock = at.tm_hour << 11 | at.tm_min << 5 | at.tm_sec // 2
    return clock, (at.tm_year - 1980) << 9 | at.tm_mon << 5 | at.tm_mday


def header(name: bytes, size: int, mtime: int, crc32: int) -> bytes:
    """The local header of a member, whose sum is known before its bytes are read."""
    clock, day = _dos(mtime)
    large = size >= _FULL
    extra = _LOCAL_SIZES.pack(1, 16, size, size) if large else b""
    short = _FULL if large else size
    version = _ZIP64 if large else _PLAIN
    # fmt: off
    fixed = _LOCAL.pack(
        0x04034B50, version, _UTF8, 0, clock, day, crc32, short, short, len(name), len(extra)
    )
    # fmt: on
    return fixed + name + extra


def headers(
    names: Sequence[bytes], sizes: Integers, mtimes: Integers, crc32s: Integers
) -> list[bytes]:
    """`header` of many members."""
    return list(map(header, names, sizes.tolist(), mtimes.tolist(), crc32s.tolist()))


def header_lengths(names: Integers, _non_ascii: Flags, sizes: Integers) -> Integers:
    """The length of `header` for names of so many bytes, and sizes in bytes."""
    return _LOCAL.size + names + np.where(sizes >= _FULL, _LOCAL_SIZES.size, 0)


def record(name: bytes, size: int, mtime: int, crc32: int, start: int) -> bytes:
    """A member's record in the central directory."""
    clock, day = _dos(mtime)
    large, far = size >= _FULL, start >= _FULL
    numbers = [size, size] * large + [start] * far
    extra = struct.pack(f"<HH{len(numbers)}Q", 1, 8 * len(numbers), *numbers) if numbers else b""
    version = _ZIP64 if numbers else _PLAIN
    short, begin = _FULL if large else size, _FULL if far else start
    mode = _DIRECTORY if name.endswith(b"/") else _FILE
    # fmt: off
    fixed = _CENTRAL.pack(
        0x02014B50, _UNIX | _ZIP64, version, _UTF8, 0, clock, day, crc32, short, short,
        len(name), len(extra), 0, 0, 0, mode, begin,
    )
    # fmt: on
    return fixed + name + extra


def record_lengths(names: Integers, sizes: Integers, starts: Integers) -> Integers:
    """The length of `record` for names of so many bytes, sizes and starts in bytes."""
    numbers = 2 * (sizes >= _FULL) + (starts >= _FULL)
    return _CENTRAL.size + names + np.where(numbers > 0, 4 + 8 * numbers, 0)


def end(entries: int, start: int, length: int) -> bytes:
    """The end of the central directory, with its zip64 form before it where a number needs it."""
    large = b""
    if entries >= _FULL_COUNT or start >= _FULL or length >= _FULL:
        # fmt: off
        large = _END64.pack(
            0x06064B50, _END64.size - 12, _UNIX | _ZIP64, _ZIP64, 0, 0,
            entries, entries, length, start,
        ) + _LOCATOR.pack(0x07064B50, 0, start + length, 1)
        # fmt: on
    count = min(entries, _FULL_COUNT)
    begin, octets = min(start, _FULL), min(length, _FULL)
    return large + _END.pack(0x06054B50, 0, 0, count, count, octets, begin, 0)
