"""Arranging a package: arithmetic over frozen members, the same each time it is done."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from service.bulk import bag, frame
from service.bulk.bag import Package, Revision, Run
from service.bulk.form import Form, form_of
from service.bulk.layout import (
    MANIFEST,
    MEMBER,
    MEMBERS,
    Layout,
    Members,
    PartPlan,
    manifest_file,
    mapped,
    read_layout,
    write_summary,
)
from service.errors import UsageError

# Raise it whenever the bytes of a part change for the same members: it is part of the digests.
_VERSION = "starhaul-layout-2"
MOST_PARTS = 20_000

# A row of the binary COPY of `layout_cache`: a count of fields, then length and value of each.
COPIED = np.dtype(
    [("fields", ">i2")]
    + [
        field
        for name, kind in (
            ("seq", ">i4"),
            ("collection", ">i4"),
            ("size", ">i8"),
            ("mtime_ns", ">i8"),
            ("ctime_ns", ">i8"),
            ("inode", ">i8"),
            ("path_bytes", ">i4"),
            ("non_ascii", "?"),
            ("source_bytes", ">i4"),
            ("etag_bytes", ">i4"),
            ("crc32", ">i8"),
            ("sha256", "V32"),
        )
        for field in ((f"{name}_length", ">i4"), (name, kind))
    ]
)
COPY_HEADER_BYTES = 19  # signature, flags, length of the header's extension
_SAME = (
    *("seq", "collection", "size", "mtime_ns", "ctime_ns", "inode"),
    *("source_bytes", "etag_bytes", "crc32"),
)
_LINE_EXTRA = 64 + 2 + len(bag.PAYLOAD) + 1  # digest, two blanks, data/, newline

Integers = npt.NDArray[np.int64]


def plan_parts(costs: Integers, part_size: int, first_extra: int) -> list[tuple[int, int]]:
    """Cut members into runs of at most `part_size` bytes, each of at least one member.

    `costs` are bytes a member takes; `first_extra` is what the first part holds beside members.
    UsageError where these would be more than MOST_PARTS.
    """
    ends = np.concatenate([[0], np.cumsum(costs)])
    runs: list[tuple[int, int]] = []
    first, budget = 0, part_size - first_extra
    while first < len(costs):
        stop = int(np.searchsorted(ends, ends[first] + budget, side="right")) - 1
        stop = max(stop, first + 1)
        runs.append((first, stop))
        first, budget = stop, part_size
        if len(runs) > MOST_PARTS:
            least = int(ends[-1]) // MOST_PARTS + 2**20
            raise UsageError(
                f"parts of {part_size} bytes would be more than {MOST_PARTS}; "
                f"give a PART_SIZE of at least {least}"
            )
    return runs or [(0, 0)]


def _names(members: Members, name: str) -> Integers:
    """The bytes of the members' names in the parts."""
    lines: Integers = members["line_bytes"].astype(np.int64)
    return lines - _LINE_EXTRA + len(f"{name}/{bag.PAYLOAD}".encode())


def arrange(copied: npt.NDArray[np.void], name: str, form: Form) -> Members:
    """The members' array but for `start` and `record`, from the rows as COPY gave them."""
    members = np.zeros(len(copied), dtype=MEMBER)
    for field in (*_SAME, "sha256"):
        members[field] = copied[field]
    members["line_bytes"] = copied["path_bytes"].astype(np.int64) + _LINE_EXTRA
    members["line"] = _begins(members["line_bytes"].astype(np.int64))
    members["header"] = form.header_lengths(
        _names(members, name), copied["non_ascii"], copied["size"].astype(np.int64)
    )
    # A row of a binary COPY with one text: fields (2), length (4), the text.
    sources = _begins(members["source_bytes"].astype(np.int64) + 6)
    members["source"] = COPY_HEADER_BYTES + sources + 6
    return members


def _begins(lengths: Integers) -> Integers:
    return np.cumsum(lengths) - lengths


def _entries(members: Members, form: Form) -> Integers:
    """The bytes of each member with its header."""
    entries: Integers = members["header"] + form.padded_sizes(members["size"])
    return entries


def _runs(package: Package, members: Members, form: Form, manifest: memoryview) -> list[Run]:
    """What each part has, as indices of members."""
    if package.runs is not None:
        first = np.searchsorted(members["seq"], [run.first for run in package.runs])
        stop = np.searchsorted(members["seq"], [run.stop for run in package.runs])
        return [
            Run(int(a), int(b), run.revision)
            for a, b, run in zip(first, stop, package.runs, strict=True)
        ]
    far = np.full(len(members), 2**62)
    records = form.record_lengths(_names(members, package.name), members["size"], far)
    costs = _entries(members, form) + records + members["line_bytes"]
    budget = package.part_size - bag.OVERHEAD
    largest_count = 2 + int(costs.sum() // max(budget, 1)) * 2
    extra = bag.OVERHEAD + len(manifest) + min(largest_count, MOST_PARTS) * bag.TAG_LINE
    return [Run(first, stop) for first, stop in plan_parts(costs, budget, extra)]


def write_layout(directory: Path, copied: npt.NDArray[np.void], package: Package) -> Layout:
    """Arrange a package whose manifests and sources lie in `directory`; write the rest there."""
    form, current = form_of(package.form), package.revision
    members = arrange(copied, package.name, form)
    manifest = mapped(directory / MANIFEST)
    lines = np.append(members["line"], len(manifest))
    runs = _runs(package, members, form, manifest)
    slices = [(int(lines[run.first]), int(lines[run.stop])) for run in runs]
    lists = [manifest[first:stop] for first, stop in slices]
    tags = bag.tag_files(package, int(members["size"].sum()), len(members), manifest, lists)
    revisions = {each.number: each for each in package.earlier}
    manifests = {
        n: mapped(directory / manifest_file(n, current))
        for n, each in revisions.items()
        if each.tags
    }
    revisions.setdefault(current, Revision(current, package.frozen, tags))
    manifests[current] = manifest
    parts = []
    for number, (run, (first, stop)) in enumerate(zip(runs, slices, strict=True), start=1):
        revision = revisions[run.revision]
        files = bag.part_files(number, revision, manifests, (current, first, stop))
        part = _place(package.name, form, members, run, files, revision.frozen)
        carried = next((file.text for file in files if file.name == bag.TAG_MANIFEST), "")
        fixed = [package.form, package.name, number, part.size, part.frozen, carried]
        digest = _digest(fixed, manifest[first:stop], _seconds(members[run.first : run.stop]))
        parts.append(replace(part, digest=digest))
    np.save(directory / MEMBERS, members)
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
    return read_layout(directory)


def _place(
    name: str, form: Form, members: Members, run: Run, files: Sequence[bag.TagFile], frozen: int
) -> PartPlan:
    """Where everything in a part begins; the members' `start` and `record` are written."""
    entries_of_tags = [frame.entry(name, frozen, file) for file in files]
    position = sum(len(form.header(*each)) + form.padded(each[1]) for each in entries_of_tags)
    directory = sum(map(len, frame.tag_records(form, name, frozen, files)))
    own = members[run.first : run.stop]
    entries = _entries(own, form)
    own["start"] = position + _begins(entries)
    end_of_members = position + int(entries.sum())
    records = form.record_lengths(_names(own, name), own["size"], own["start"])
    own["record"] = end_of_members + directory + _begins(records)
    directory += int(records.sum())
    end = end_of_members + directory
    size = end + len(form.end(len(files) + len(own), end_of_members, directory))
    return PartPlan(
        first=run.first,
        stop=run.stop,
        revision=run.revision,
        frozen=frozen,
        digest="",
        files=tuple(files),
        prologue=position,
        directory=end_of_members,
        end=end,
        size=size,
    )


def _seconds(members: Members) -> bytes:
    """The times in the members' headers."""
    seconds: Integers = members["mtime_ns"] // 10**9
    return seconds.astype("<i8").tobytes()


def _digest(fixed: Sequence[object], *octets: bytes | memoryview) -> str:
    """Everything that fixes some bytes, in one sha256."""
    digest = hashlib.sha256("\0".join([_VERSION, *map(str, fixed)]).encode() + b"\0")
    for each in octets:
        digest.update(each)
    return digest.hexdigest()
