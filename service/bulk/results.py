"""The results of a bulk job as its document lists them, and the names of its parts."""

from collections.abc import Mapping
from types import MappingProxyType

from service.bulk.dialects import DIALECTS
from service.bulk.layout import Layout
from service.bulk.metalink import METALINK
from service.bulk.part_file import PartFile
from service.bulk.records import PartHashes
from service.uws.job import Result

VOTABLE = "application/x-votable+xml"
TAR = "application/x-tar"
# Digits of a part's digest in its URL: a URL never has other bytes than before.
_DIGEST_DIGITS = 16


def part_name(layout: Layout, number: int) -> str:
    """The file name of a part; `number` counts from 1.

    A part that a repair made again has another one, so that no client goes on with the old bytes.
    """
    revision = layout.parts[number - 1].revision
    mark = f"r{revision}-" if revision else ""
    return f"{layout.name}-{mark}{number:05d}.{layout.form.EXTENSION}"


def part_href(layout: Layout, number: int) -> str:
    """The URL of a part, relative to the job's."""
    digest = layout.parts[number - 1].digest[:_DIGEST_DIGITS]
    return f"parts/{digest}/{part_name(layout, number)}"


def part_files(
    layout: Layout,
    job_url: str,
    sums: Mapping[int, bytes],
    hashes: Mapping[int, PartHashes] = MappingProxyType({}),
    numbers: range | None = None,
) -> list[PartFile]:
    """The parts, or those with `numbers`, with their addresses, in order; those of their SHA-256
    that are given, or of all their hashes."""

    def file(number: int) -> PartFile:
        size = layout.parts[number - 1].size
        name, url = part_name(layout, number), f"{job_url}/{part_href(layout, number)}"
        known = hashes.get(number)
        if known is None:
            return PartFile(name, url, size, sums.get(number))
        return PartFile(name, url, size, known.sha256, known.piece_bytes, known.of_pieces())

    return [file(number) for number in numbers or range(1, len(layout.parts) + 1)]


def results_of(layout: Layout) -> list[Result]:
    """Every result of a completed job, the manifest first, where pyvo looks for it."""
    lists = [
        ("manifest.parquet", "application/vnd.apache.parquet"),
        ("manifest.csv", "text/csv"),
        ("manifest.json", "application/json"),
        ("SHA256SUMS", "text/plain"),
        ("files.txt", "text/plain"),
        ("files.aria2.txt", "text/plain"),
        ("bag.tar", TAR),
        ("damage", VOTABLE),
        *((name, each.media_type.split(";")[0]) for name, each in DIALECTS.items()),
        ("parts.meta4", METALINK),
    ]
    parts = [
        Result(f"part-{number:05d}", part_href(layout, number), layout.form.MEDIA_TYPE, part.size)
        for number, part in enumerate(layout.parts, start=1)
    ]
    return [
        Result("result", "results/result", VOTABLE),
        *(Result(name, f"results/{name}", media_type) for name, media_type in lists),
        *parts,
    ]
