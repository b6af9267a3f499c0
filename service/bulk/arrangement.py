"""Arranging a package: arithmetic over frozen members, the same each time it is done.

Members go by in chunks, from the file that COPY wrote to the one that is mapped; a few numbers of
each are all that memory holds of a million and a half.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from service.bulk import bag, frame
from service.bulk.bag import Package, Revision, Run
from service.bulk.copied import COPY_HEADER_BYTES, Copied, Rows
from service.bulk.cutting import Integers, cut
from service.bulk.form import Form, form_of
from service.bulk.layout import (
    MANIFEST,
    MEMBER,
    MEMBERS,
    Layout,
    Members,
    PartPlan,
    manifest_file,
    read_layout,
    write_summary,
)
from service.bulk.lines import Lines

COPIED_FILE = "copied.bin"
# Raise it whenever the bytes of a part change for the same members: it is part of the digests.
_VERSION = "starhaul-layout-2"
_SAME = (
    *("seq", "collection", "size", "mtime_ns", "ctime_ns", "inode"),
    *("source_bytes", "etag_bytes", "crc32", "sha256"),
)
_LINE_EXTRA = 64 + 2 + len(bag.PAYLOAD) + 1  # digest, two blanks, data/, newline
_FAR = 2**62


@dataclass(frozen=True, slots=True)
class _Outline:
    """What is kept of all members at once.

    `seq` are their numbers, `lines` where their lines of the manifest begin, with the end of the
    last, `entries` the bytes of each with its header, `costs` what it takes of a part in all;
    `octets` are the bytes of all files.
    """

    seq: npt.NDArray[np.int32]
    lines: Integers
    entries: Integers
    costs: Integers
    octets: int


def _outline(copied: Copied, name: str, form: Form) -> _Outline:
    count = copied.count
    seq = np.empty(count, dtype=np.int32)
    lines, entries, costs = (np.zeros(count + extra, dtype=np.int64) for extra in (1, 0, 0))
    first, octets = 0, 0
    for rows in copied.chunks(0, count):
        own = slice(first, first + len(rows))
        names, sizes = _names(rows, name), rows["size"].astype(np.int64)
        line_bytes = rows["path_bytes"] + _LINE_EXTRA
        seq[own] = rows["seq"]
        lines[first + 1 : first + 1 + len(rows)] = lines[first] + np.cumsum(line_bytes)
        entries[own] = form.header_lengths(names, rows["non_ascii"], sizes)
        entries[own] += form.padded_sizes(sizes)
        records = form.record_lengths(names, sizes, np.full(len(rows), _FAR))
        costs[own] = entries[own] + records + line_bytes
        octets += int(sizes.sum())
        first += len(rows)
    return _Outline(seq, lines, entries, costs, octets)


def _names(rows: Rows, name: str) -> Integers:
    """The bytes of the members' names in the parts."""
    lengths: Integers = rows["path_bytes"].astype(np.int64)
    return lengths + len(f"{name}/{bag.PAYLOAD}".encode())


def _begins(lengths: Integers) -> Integers:
    return np.cumsum(lengths) - lengths


def _runs(package: Package, outline: _Outline) -> list[Run]:
    """What each part has, as indices of members."""
    if package.runs is None:
        cuts = cut(outline.costs, int(outline.lines[-1]), package.part_size)
        return [Run(first, stop) for first, stop in cuts]
    first = np.searchsorted(outline.seq, [run.first for run in package.runs])
    stop = np.searchsorted(outline.seq, [run.stop for run in package.runs])
    return [
        Run(int(a), int(b), run.revision)
        for a, b, run in zip(first, stop, package.runs, strict=True)
    ]


def write_layout(directory: Path, package: Package) -> Layout:
    """Arrange a package whose members as COPIED_FILE, manifests and sources lie in `directory`;
    write the rest there. UsageError where its parts would be too many."""
    form, current = form_of(package.form), package.revision
    copied = Copied(directory / COPIED_FILE)
    outline = _outline(copied, package.name, form)
    manifest = Lines.of(directory / MANIFEST)
    runs = _runs(package, outline)
    lists = [
        manifest.cut(int(outline.lines[run.first]), int(outline.lines[run.stop])) for run in runs
    ]
    tags = bag.tag_files(package, outline.octets, copied.count, manifest, lists)
    revisions = {each.number: each for each in package.earlier}
    manifests = {
        n: Lines.of(directory / manifest_file(n, current))
        for n, each in revisions.items()
        if each.tags
    }
    revisions.setdefault(current, Revision(current, package.frozen, tags))
    manifests[current] = manifest
    with (directory / MEMBERS).open("wb") as file:
        writing = _Writing(package, form, copied, outline, file)
        parts = [
            writing.part(number, run, revisions[run.revision], manifests, lines)
            for number, (run, lines) in enumerate(zip(runs, lists, strict=True), start=1)
        ]
    summary = {
        "name": package.name,
        "form": package.form,
        "digest": _digest([package.job_id, package.part_size, *(part.digest for part in parts)]),
        "revision": current,
        "frozen": package.frozen,
        "parts": [asdict(part) for part in parts],
        "tags": dict(revisions[current].tags),
        "manifests": list(manifests),
    }
    write_summary(directory, summary)
    copied.path.unlink()
    return read_layout(directory)


class _Writing:
    """The file of all members, written part after part."""

    def __init__(
        self, package: Package, form: Form, copied: Copied, outline: _Outline, file: BinaryIO
    ) -> None:
        self._package = package
        self._form = form
        self._copied = copied
        self._outline = outline
        self._file = file
        self._source = COPY_HEADER_BYTES  # where the next member's row begins in the sources
        np.lib.format.write_array_header_1_0(
            file,
            {
                "descr": np.lib.format.dtype_to_descr(MEMBER),
                "fortran_order": False,
                "shape": (copied.count,),
            },
        )

    def part(
        self,
        number: int,
        run: Run,
        revision: Revision,
        manifests: Mapping[int, Lines],
        lines: Lines,
    ) -> PartPlan:
        """Write the members of a part; where everything in it begins."""
        package, form, frozen = self._package, self._form, revision.frozen
        own_lines = (package.revision, lines)
        files = bag.part_files(number, revision, manifests, own_lines)
        tags = [frame.entry(package.name, frozen, file) for file in files]
        prologue = sum(len(form.header(*each)) + form.padded(each[1]) for each in tags)
        directory = prologue + int(self._outline.entries[run.first : run.stop].sum())
        records = sum(map(len, frame.tag_records(form, package.name, frozen, files)))
        end, seconds = self._members(run, prologue, directory + records)
        size = end + len(form.end(len(files) + run.stop - run.first, directory, end - directory))
        carried = next((file.text for file in files if file.name == bag.TAG_MANIFEST), "")
        fixed = [package.form, package.name, number, size, frozen, carried]
        return PartPlan(
            first=run.first,
            stop=run.stop,
            revision=run.revision,
            frozen=frozen,
            digest=_digest(fixed, lines.pieces(), seconds),
            files=tuple(files),
            prologue=prologue,
            directory=directory,
            end=end,
            size=size,
        )

    def _members(self, run: Run, start: int, record: int) -> tuple[int, list[bytes]]:
        """Write members of which the first begins at `start` and has its line of the directory at
        `record`; where the directory ends, and the times in the members' headers."""
        first, seconds = run.first, []
        for rows in self._copied.chunks(run.first, run.stop):
            own = slice(first, first + len(rows))
            members: Members = np.zeros(len(rows), dtype=MEMBER)
            for field in _SAME:
                members[field] = rows[field]
            names, entries = _names(rows, self._package.name), self._outline.entries[own]
            members["header"] = entries - self._form.padded_sizes(members["size"])
            members["start"] = start + _begins(entries)
            members["line"] = self._outline.lines[own]
            members["line_bytes"] = rows["path_bytes"] + _LINE_EXTRA
            # A row of a binary COPY with one text: fields (2), length (4), the text.
            sources = members["source_bytes"].astype(np.int64) + 6
            members["source"] = self._source + _begins(sources) + 6
            records = self._form.record_lengths(names, members["size"], members["start"])
            members["record"] = record + _begins(records)
            members.tofile(self._file)
            seconds.append((members["mtime_ns"] // 10**9).astype("<i8").tobytes())
            start += int(entries.sum())
            record += int(records.sum())
            self._source += int(sources.sum())
            first += len(rows)
        return record, seconds


def _digest(fixed: Sequence[object], *octets: Iterable[bytes]) -> str:
    """Everything that fixes some bytes, in one sha256."""
    digest = hashlib.sha256("\0".join([_VERSION, *map(str, fixed)]).encode() + b"\0")
    for pieces in octets:
        for piece in pieces:
            digest.update(piece)
    return digest.hexdigest()
