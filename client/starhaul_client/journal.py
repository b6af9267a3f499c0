"""What the bytes of an unfinished file will be, written down before they are.

A page of the file counts as present when its CRC-32 is the one in the journal. So it does not
matter when a run ends, between which two instructions, or whether the machine went down with it:
what lies on the disk is found again, and what does not is asked for.

The journal begins with one line of JSON, which names the version of the file (its ETag and size).
A record follows for each write: offset and length, the CRC of each page, the CRC of the record.
"""

import errno
import json
import os
import struct
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path

from starhaul_client.extents import Extents

PAGE = 4096
_FORMAT = 1
_WHERE = struct.Struct("<QI")
_LARGEST_WRITE = 1 << 24


def pages(first: int, stop: int) -> Iterator[tuple[int, int]]:
    """A range of a file, cut at the borders of its pages."""
    while first < stop:
        end = min(first - first % PAGE + PAGE, stop)
        yield first, end
        first = end


def _page_count(first: int, stop: int) -> int:
    return -(-stop // PAGE) - first // PAGE


def record(offset: int, content: memoryview) -> bytes:
    """The record of a write of `content` at `offset`."""
    sums = [
        zlib.crc32(content[first - offset : end - offset])
        for first, end in pages(offset, offset + len(content))
    ]
    body = _WHERE.pack(offset, len(content)) + struct.pack(f"<{len(sums)}I", *sums)
    return body + zlib.crc32(body).to_bytes(4, "little")


def head(etag: str, size: int) -> bytes:
    """The first line of a journal."""
    return json.dumps({"format": _FORMAT, "etag": etag, "size": size}).encode() + b"\n"


def _records(content: memoryview) -> Iterator[tuple[int, int, tuple[int, ...]]]:
    """Offset, length and sums of each whole record; what comes after a torn one is not read."""
    position = 0
    while position + _WHERE.size <= len(content):
        offset, length = _WHERE.unpack_from(content, position)
        count = _page_count(offset, offset + length)
        end = position + _WHERE.size + 4 * count
        if not 0 < length <= _LARGEST_WRITE or end + 4 > len(content):
            return
        if zlib.crc32(content[position:end]).to_bytes(4, "little") != content[end : end + 4]:
            return
        yield offset, length, struct.unpack_from(f"<{count}I", content, position + _WHERE.size)
        position = end + 4


def read(
    path: Path, file: int, etag: str, size: int, within: tuple[int, int] | None = None
) -> tuple[Extents, int] | None:
    """What is present in the file with descriptor `file`, and the length of the journal's
    readable part; None where the journal is of another version of the file, or is none.

    Only writes that touch the range `within` are looked at, where it is given.
    """
    low, high = within or (0, size)
    content = path.read_bytes()
    line = head(etag, size)
    if not content.startswith(line):
        return None
    present, length = Extents(), len(line)
    for offset, count, sums in _records(memoryview(content)[len(line) :]):
        length += _WHERE.size + 4 * len(sums) + 4
        if offset >= high or offset + count <= low:
            continue
        there = memoryview(os.pread(file, count, offset))
        for (first, end), wanted in zip(pages(offset, offset + count), sums, strict=True):
            # A later record of the same page is the truth: it was written because of the earlier.
            if zlib.crc32(there[first - offset : end - offset]) == wanted:
                present.add(first, end)
            else:
                present.remove(first, end)
    return present, length


class Journal:
    """A journal that grows; `length` bytes of the file are records to be kept."""

    def __init__(self, path: Path, length: int) -> None:
        self._file = os.open(path, os.O_WRONLY)
        self._length = length
        self._lock = threading.Lock()
        os.ftruncate(self._file, length)

    def add(self, offset: int, content: memoryview) -> None:
        """Note what the file will hold from `offset` on; OSError where the disk is full, and then
        nothing is noted."""
        entry = record(offset, content)
        with self._lock:
            # A short write is written over by the next record, and never read before.
            if os.pwrite(self._file, entry, self._length) < len(entry):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self._length += len(entry)

    def close(self) -> None:
        """Close the file; it stays."""
        os.close(self._file)


def begin(path: Path, etag: str, size: int) -> Journal:
    """A new journal in place of any other."""
    line = head(etag, size)
    path.write_bytes(line)
    return Journal(path, len(line))
