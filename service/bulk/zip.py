"""The records of a zip of stored members (PKWARE APPNOTE 6.3.10), and how long they are.

Names are UTF-8 (general purpose bit 11). Zip64 (§4.5.3) where a number needs it: sizes of 4 GiB
and more, entries that begin there or later, more than 65,534 entries. Times are UTC: the same
members make the same bytes everywhere.
"""

import struct
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

_COMMON = [
    *(("needed", "<u2"), ("flags", "<u2"), ("method", "<u2"), ("clock", "<u2"), ("day", "<u2")),
    *(("crc32", "<u4"), ("packed", "<u4"), ("size", "<u4"), ("name", "<u2"), ("extra", "<u2")),
]
_LOCAL = np.dtype([("signature", "<u4"), *_COMMON])  # §4.3.7
_CENTRAL = np.dtype(  # §4.3.12
    [
        *(("signature", "<u4"), ("made_by", "<u2"), *_COMMON),
        *(("comment", "<u2"), ("disk", "<u2"), ("internal", "<u2")),
        *(("mode", "<u4"), ("start", "<u4")),
    ]
)
_LOCAL_SIZES = struct.Struct("<HHQQ")
_END64 = struct.Struct("<IQHHIIQQQQ")  # §4.3.14
_LOCATOR = struct.Struct("<IIQI")  # §4.3.15
_END = struct.Struct("<IHHHHIIH")  # §4.3.16

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Fixed = npt.NDArray[np.void]


def padded(size: int) -> int:
    """The bytes that contents of `size` take: no more."""
    return size


def padded_sizes(sizes: Integers) -> Integers:
    """`padded` of many."""
    return sizes


def _dos(mtimes: Integers) -> tuple[Integers, Integers]:
    """Times and dates as DOS has them (§4.4.6), two seconds apart."""
    days, seconds = np.divmod(np.clip(mtimes, _EARLIEST, _LATEST), 86400)
    clock = seconds // 3600 << 11 | seconds // 60 % 60 << 5 | seconds % 60 // 2
    dates = days.astype("M8[D]")
    months = dates.astype("M8[M]")
    day = (dates - months.astype("M8[D]")).astype(np.int64) + 1
    year, month = np.divmod(months.astype(np.int64), 12)
    return clock, (year - 10) << 9 | (month + 1) << 5 | day


def _fixed(
    kind: np.dtype[np.void],
    names: Sequence[bytes],
    sizes: Integers,
    mtimes: Integers,
    crc32s: Integers,
) -> Fixed:
    """What headers and records have in common, a row for each member."""
    rows = np.zeros(len(names), dtype=kind)
    rows["needed"] = np.where(sizes >= _FULL, _ZIP64, _PLAIN)
    rows["flags"] = _UTF8
    rows["clock"], rows["day"] = _dos(mtimes)
    rows["crc32"] = crc32s
    rows["packed"] = rows["size"] = np.minimum(sizes, _FULL)
    rows["name"] = [len(name) for name in names]
    return rows


def _joined(rows: Fixed, names: Sequence[bytes]) -> list[bytes]:
    octets, length = rows.tobytes(), rows.itemsize
    return [octets[n * length : (n + 1) * length] + name for n, name in enumerate(names)]


def header(name: bytes, size: int, mtime: int, crc32: int) -> bytes:
    """The local header of a member, whose sum is known before its bytes are read."""
    return headers([name], *(np.array([number]) for number in (size, mtime, crc32)))


def headers(names: Sequence[bytes], sizes: Integers, mtimes: Integers, crc32s: Integers) -> bytes:
    """`header` of many members, one behind the other."""
    rows = _fixed(_LOCAL, names, sizes, mtimes, crc32s)
    rows["signature"] = 0x04034B50
    (large,) = np.nonzero(sizes >= _FULL)
    rows["extra"][large] = _LOCAL_SIZES.size
    joined = _joined(rows, names)
    for n in large.tolist():
        joined[n] += _LOCAL_SIZES.pack(1, 16, sizes[n], sizes[n])
    return b"".join(joined)


def header_lengths(names: Integers, _non_ascii: Flags, sizes: Integers) -> Integers:
    """The length of `header` for names of so many bytes, and sizes in bytes."""
    return _LOCAL.itemsize + names + np.where(sizes >= _FULL, _LOCAL_SIZES.size, 0)


def records(
    names: Sequence[bytes],
    sizes: Integers,
    mtimes: Integers,
    crc32s: Integers,
    starts: Integers,
) -> list[bytes]:
    """The records of members in the central directory."""
    rows = _fixed(_CENTRAL, names, sizes, mtimes, crc32s)
    rows["signature"] = 0x02014B50
    rows["made_by"] = _UNIX | _ZIP64
    rows["mode"] = [_DIRECTORY if name.endswith(b"/") else _FILE for name in names]
    rows["start"] = np.minimum(starts, _FULL)
    (special,) = np.nonzero((sizes >= _FULL) | (starts >= _FULL))
    extras = {n: _numbers(int(sizes[n]), int(starts[n])) for n in special.tolist()}
    rows["needed"][special] = _ZIP64
    rows["extra"][special] = [len(extra) for extra in extras.values()]
    joined = _joined(rows, names)
    for n, extra in extras.items():
        joined[n] += extra
    return joined


def _numbers(size: int, start: int) -> bytes:
    """The zip64 field of a record: the numbers that need it."""
    numbers = [size, size] * (size >= _FULL) + [start] * (start >= _FULL)
    return struct.pack(f"<HH{len(numbers)}Q", 1, 8 * len(numbers), *numbers)


def record_lengths(names: Integers, sizes: Integers, starts: Integers) -> Integers:
    """The lengths of `records` for names of so many bytes, sizes and starts in bytes."""
    numbers = 2 * (sizes >= _FULL) + (starts >= _FULL)
    return _CENTRAL.itemsize + names + np.where(numbers > 0, 4 + 8 * numbers, 0)


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
