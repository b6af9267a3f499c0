"""The headers of a POSIX tar (IEEE 1003.1, pax), and how long they are before they are made.

`header` makes one; `header_lengths` says the same of any number of members at once. A name that
is longer than 100 bytes or not ASCII, and a size above 8 GiB, go into a pax header before it.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

EXTENSION = "tar"
MEDIA_TYPE = "application/x-tar"
BLOCK = 512
END = bytes(2 * BLOCK)

_NAME_BYTES = 100
_LARGEST_SIZE = 8**11 - 1
_LATEST = 8**11 - 1
_PAX_NAME = b"PaxHeaders/member"
_OWNERS = b"0000000\0" * 2
_MODES = {
    b"0": b"0000644\0" + _OWNERS,
    b"x": b"0000644\0" + _OWNERS,
    b"5": b"0000755\0" + _OWNERS,
}
# Name of a link, magic and version, names of the owners, device, prefix: all but the magic empty.
_MAGIC = bytes(100) + b"ustar\x0000" + bytes(32 + 32 + 8 + 8 + 155 + 12)
_FIXED_SUM = sum(_MAGIC) + 8 * ord(" ")

# Where the digits of numbers stand in a block.
_SIZE, _MTIME = slice(124, 135), slice(136, 147)
_CHECKSUM, _CHECKSUM_DIGITS = slice(148, 156), slice(148, 154)

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def padded(size: int) -> int:
    """The bytes that contents of `size` take, filled up to whole blocks."""
    return -(-size // BLOCK) * BLOCK


def padded_sizes(sizes: Integers) -> Integers:
    """`padded` of many."""
    return -(-sizes // BLOCK) * BLOCK


def _block(name: bytes, size: int, mtime: int, kind: bytes) -> bytes:
    numbers = b"%011o\0%011o\0" % (size, mtime)
    mode = _MODES[kind]
    # The checksum counts itself as blanks; only bytes that differ are added up here.
    checksum = _FIXED_SUM + sum(mode) + sum(kind) + sum(name) + sum(numbers)
    return b"".join(
        (name.ljust(_NAME_BYTES, b"\0"), mode, numbers, b"%06o\0 " % checksum, kind, _MAGIC)
    )


def _record(keyword: bytes, value: bytes) -> bytes:
    """One pax record: its own length in decimal, a blank, keyword=value, a newline."""
    rest = len(keyword) + len(value) + 3
    length = rest + len(str(rest))
    length = rest + len(str(length))
    return b"%d %b=%b\n" % (length, keyword, value)


def header(name: bytes, size: int, mtime: int, _crc32: int = 0) -> bytes:
    """The header blocks of a member: name in UTF-8, size in bytes, mtime in seconds since 1970.

    A name that ends with a slash is a directory's. The sum of the contents has no place in them.
    """
    mtime = min(max(mtime, 0), _LATEST)
    kind = b"5" if name.endswith(b"/") else b"0"
    long_name = len(name) > _NAME_BYTES or not name.isascii()
    long_size = size > _LARGEST_SIZE
    if not long_name and not long_size:
        return _block(name, size, mtime, kind)
    records = _record(b"path", name) if long_name else b""
    if long_size:
        records += _record(b"size", str(size).encode())
    short = name.decode("utf-8", "replace").encode("ascii", "replace")[:_NAME_BYTES]
    return (
        _block(_PAX_NAME, len(records), mtime, b"x")
        + records.ljust(padded(len(records)), b"\0")
        + _block(short, 0 if long_size else size, mtime, kind)
    )


def headers(names: Sequence[bytes], sizes: Integers, mtimes: Integers, _crc32s: Integers) -> bytes:
    """`header` of many files, those without a pax header all at once."""
    blocks = np.tile(np.frombuffer(_block(b"", 0, 0, b"0"), np.uint8), (len(names), 1))
    blocks[:, :_NAME_BYTES] = np.array(names, f"S{_NAME_BYTES}").view("u1").reshape(-1, _NAME_BYTES)
    blocks[:, _SIZE] = _octal(sizes, 11)
    blocks[:, _MTIME] = _octal(np.clip(mtimes, 0, _LATEST), 11)
    sums = blocks[:, : _MTIME.stop].sum(axis=1, dtype=np.uint32) + (_FIXED_SUM + ord("0"))
    blocks[:, _CHECKSUM] = ord(" ")
    blocks[:, _CHECKSUM_DIGITS] = _octal(sums.astype(np.int64), 6)
    blocks[:, _CHECKSUM_DIGITS.stop] = 0
    large = np.flatnonzero(sizes > _LARGEST_SIZE).tolist()
    named = [n for n, name in enumerate(names) if len(name) > _NAME_BYTES or not name.isascii()]
    pieces, after = [], 0
    for n in sorted({*large, *named}):
        pieces += [blocks[after:n].tobytes(), header(names[n], int(sizes[n]), int(mtimes[n]))]
        after = n + 1
    return b"".join((*pieces, blocks[after:].tobytes()))


def _octal(numbers: Integers, digits: int) -> "npt.NDArray[np.uint8]":
    """The last digits in ASCII, a row for each number."""
    shifts = 3 * np.arange(digits - 1, -1, -1)
    return ((numbers[:, None] >> shifts & 7) + ord("0")).astype(np.uint8)


def _digits(numbers: Integers) -> Integers:
    return np.char.str_len(numbers.astype("U20")).astype(np.int64)


def _record_lengths(keyword: bytes, values: Integers) -> Integers:
    rest = values + len(keyword) + 3
    length = rest + _digits(rest)
    return rest + _digits(length)


def header_lengths(names: Integers, non_ascii: Flags, sizes: Integers) -> Integers:
    """The length of `header` for names of so many bytes, and sizes in bytes."""
    lengths = np.full(len(sizes), BLOCK, dtype=np.int64)
    long_name = (names > _NAME_BYTES) | non_ascii
    long_size = sizes > _LARGEST_SIZE
    (special,) = np.nonzero(long_name | long_size)
    if len(special):
        paths = np.where(long_name[special], _record_lengths(b"path", names[special]), 0)
        numbers = np.where(long_size[special], _record_lengths(b"size", _digits(sizes[special])), 0)
        lengths[special] += BLOCK + -(-(paths + numbers) // BLOCK) * BLOCK
    return lengths


def records(
    names: Sequence[bytes],
    _sizes: Integers,
    _mtimes: Integers,
    _crc32s: Integers,
    _starts: Integers,
) -> list[bytes]:
    """Nothing: a tar has no directory."""
    return [b""] * len(names)


def record_lengths(_names: Integers, sizes: Integers, _starts: Integers) -> Integers:
    """Zeros, one for each member."""
    return np.zeros(len(sizes), dtype=np.int64)


def end(_entries: int, _start: int, _length: int) -> bytes:
    """Two blocks of zeros."""
    return END
