"""The manifest of a job: kept beside the parts, and what all of them are measured by."""

import csv
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from starhaul_client.bag import PAYLOAD
from starhaul_client.disk import cannot_write
from starhaul_client.errors import NoSuchJob
from starhaul_client.session import Session

_COLUMNS = ("obs_publisher_did", "path", "content_length", "sha256", "status")


@dataclass(frozen=True, slots=True)
class Row:
    """A file of the package: its dataset, its path below data/, its media type."""

    obs_publisher_did: str
    path: str
    content_type: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Summary:
    """Of a manifest: its files, their bytes, the SHA-256 of manifest-sha256.txt of its package, and
    how many rows have no file, by their status."""

    files: int
    size: int
    sha256: str
    absent: dict[str, int]


def download_manifest(session: Session, url: str, file: Path) -> None:
    """Write the CSV at `url` to `file`, which appears once it is whole."""
    partial = file.with_name(f"{file.name}.part")

    def ask() -> None:
        with session.answer("GET", url, {}) as response:
            try:
                with partial.open("wb") as stream:
                    for piece in response.iter_raw():
                        stream.write(piece)
                        session.patience.progress()
            except OSError as error:
                raise cannot_write(error, file) from error
        partial.replace(file)

    session.until_answered(ask)


def keep_manifest(session: Session, url: str, file: Path, state: Path) -> None:
    """`file` as an earlier run for the same `url` left it, or downloaded.

    A manifest never changes; `state` says which one the file is, and its hash.
    """
    note = state / "manifest.json"
    try:
        known = json.loads(note.read_text())
        if known == {"url": url, "sha256": _hash(file)}:
            return
    except (OSError, ValueError):
        pass  # no earlier run, or one that was cut off here
    download_manifest(session, url, file)
    note.write_text(json.dumps({"url": url, "sha256": _hash(file)}))


def _hash(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _rows(file: Path) -> Iterator[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        if not set(_COLUMNS) <= set(reader.fieldnames or ()):
            raise NoSuchJob("the job's manifest.csv has other columns than a bulk job's manifest")
        yield from reader


def files_of(file: Path) -> Iterator[Row]:
    """The rows of a manifest that have a file, in the order of the parts."""
    for row in _rows(file):
        if row["status"] == "ok":
            yield Row(
                row["obs_publisher_did"],
                row["path"],
                row.get("content_type", ""),
                int(row["content_length"]),
                row["sha256"],
            )


def summary_of(file: Path, sums: Path) -> Summary:
    """What a manifest comes to; `sums` is written as its package's manifest-sha256.txt."""
    files = size = 0
    absent: dict[str, int] = {}
    digest = hashlib.sha256()
    with sums.open("wb") as stream:
        for row in _rows(file):
            if row["status"] != "ok":
                absent[row["status"]] = absent.get(row["status"], 0) + 1
                continue
            files += 1
            size += int(row["content_length"])
            line = f"{row['sha256']}  {PAYLOAD}{row['path']}\n".encode()
            digest.update(line)
            stream.write(line)
    return Summary(files, size, digest.hexdigest(), absent)
