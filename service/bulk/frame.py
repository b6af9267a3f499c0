"""What stands around the members of a part: the tag files before them, the directory behind them.

Nothing of it is kept; a zip's directory of a million members is made in steps while it is sent.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from service.bulk.bag import TagFile
from service.bulk.form import Form
from service.bulk.layout import Layout, PartPlan
from service.storage.ranges import Span

_DIGEST_COLUMN = 64 + 2  # before the path in a line of the manifest
_ROWS = 1024  # members turned into Python values at once


def before(layout: Layout, plan: PartPlan, span: Span) -> Iterator[memoryview]:
    """The pieces of the tag files, with their headers, that a span of the part touches."""
    if span.first < plan.prologue:
        yield from _clipped(_tag_files(layout, plan), 0, span)


def behind(layout: Layout, plan: PartPlan, span: Span) -> Iterator[memoryview]:
    """The pieces of the directory and its end that a span of the part touches."""
    if span.stop > plan.directory:
        if span.first < plan.end:
            own = tag_records(layout.form, layout.name, plan.frozen, plan.files)
            yield from _clipped(own, plan.directory, span)
            yield from _member_records(layout, plan, span)
        entries = len(plan.files) + plan.stop - plan.first
        end = layout.form.end(entries, plan.directory, plan.end - plan.directory)
        yield from _clipped([end], plan.end, span)


def _clipped(
    pieces: "Iterable[bytes | memoryview]", position: int, span: Span
) -> Iterator[memoryview]:
    """What a span has of pieces that follow each other from `position` on."""
    for piece in pieces:
        first, stop = max(span.first - position, 0), max(span.stop - position, 0)
        if first < stop and first < len(piece):
            yield memoryview(piece)[first:stop]
        position += len(piece)


def entry(name: str, frozen: int, file: TagFile) -> tuple[bytes, int, int, int]:
    """What a form is told of a tag file: its name in the part, its size, time and sum."""
    return f"{name}/{file.name}".encode(), file.size, frozen, file.crc32


def _tag_files(layout: Layout, plan: PartPlan) -> "Iterator[bytes | memoryview]":
    form = layout.form
    for file in plan.files:
        yield form.header(*entry(layout.name, plan.frozen, file))
        yield layout.content(file)
        yield bytes(form.padded(file.size) - file.size)


def tag_records(form: Form, name: str, frozen: int, files: Sequence[TagFile]) -> list[bytes]:
    """The lines of the directory for the tag files of a part, in the directory `name`."""
    entries = [entry(name, frozen, file) for file in files]
    lengths = np.array(
        [len(form.header(*each)) + form.padded(each[1]) for each in entries], dtype=np.int64
    )
    names = [each[0] for each in entries]
    sizes, mtimes, crc32s = np.array([each[1:] for each in entries]).T
    return form.records(names, sizes, mtimes, crc32s, np.cumsum(lengths) - lengths)


def _member_records(layout: Layout, plan: PartPlan, span: Span) -> Iterator[memoryview]:
    records = layout.members["record"][plan.first : plan.stop]
    if not len(records) or records[0] == plan.end:
        return  # no members, or a form without a directory
    begin = max(int(np.searchsorted(records, span.first, side="right")) - 1, 0)
    stop = int(np.searchsorted(records, span.stop, side="left"))
    for first in range(begin, stop, _ROWS):
        last = min(first + _ROWS, stop)
        octets = _records(layout, plan.first + first, plan.first + last)
        yield from _clipped([octets], int(records[first]), span)


def _records(layout: Layout, first: int, stop: int) -> bytes:
    """The lines of the directory for the members from `first` to before `stop`."""
    rows = layout.members[first:stop]
    lines, manifest = rows["line"], layout.manifest
    begin = int(lines[0])
    end = int(lines[-1]) + int(rows["line_bytes"][-1])
    names = bytes(manifest[begin:end]).split(b"\n")
    prefix = f"{layout.name}/".encode()
    made = layout.form.records(
        [prefix + line[_DIGEST_COLUMN:] for line in names[: len(rows)]],
        *(rows["size"], rows["mtime_ns"] // 10**9, rows["crc32"], rows["start"]),
    )
    return b"".join(made)
