"""The files of a bulk job one after the other, verified, and none of them kept: `stream`."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from starhaul_client.answers import Head, Hole, TryAgain
from starhaul_client.bag import PAYLOAD, TagSums, Wanted
from starhaul_client.containers import Member
from starhaul_client.errors import PartFailed
from starhaul_client.fetching import PATIENCE_S
from starhaul_client.job import completed_job
from starhaul_client.manifest import Row, download_manifest, files_of, summary_of
from starhaul_client.package import Package
from starhaul_client.report import raise_incomplete
from starhaul_client.session import Session
from starhaul_client.waiting import Patience
from starhaul_client.walk import Walk

# A larger file waits on the disk while it is verified and read.
_IN_MEMORY = 32 << 20


@dataclass(frozen=True, slots=True)
class Dataset:
    """A verified file: `file` is open for reading in binary, at its beginning, and is closed when
    the next one is asked for. `path` is its path in the package, `size` in bytes."""

    obs_publisher_did: str
    path: str
    content_type: str
    size: int
    sha256: str
    file: IO[bytes]

    def read(self) -> bytes:
        """All of its bytes."""
        self.file.seek(0)
        return self.file.read()


def stream(
    url: str, *, token: str | None = None, patience_s: float = PATIENCE_S
) -> Iterator[Dataset]:
    """The files of the bulk job at `url`, in the order of its manifest.

    Each is given once its SHA-256 is found right; lost connections are made anew in the middle of
    a file. Memory stays the same however many files there are; the manifest waits in a temporary
    file. At the end Incomplete tells of files that could not be had.
    """
    session = Session(url, token, 1, Patience(patience_s))
    with ExitStack() as stack:
        stack.callback(session.close)
        temporary = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        manifest, sums = temporary / "manifest.csv", temporary / "manifest-sha256.txt"
        job = completed_job(session, url, lambda _phase: None)
        download_manifest(session, job.manifest, manifest)
        tags = TagSums(summary_of(manifest, sums).sha256)
        package = Package(job.name, Wanted(sums), tags)
        rows = files_of(manifest)
        for part in job.parts:
            try:
                octets = _Connection(session, part.url, session.head(part.url))
                stack.callback(octets.close)
                for found in Walk(part.name, package, octets, _Passing()):
                    if found.landed is None:
                        continue
                    with found.landed as file:
                        yield _dataset(_row_of(rows, found.path), file)
                octets.close()
            except PartFailed as error:
                package.gaps.append(error)
        package.end()
    raise_incomplete(tuple(package.failures))


def _row_of(rows: Iterator[Row], path: str) -> Row:
    """The manifest's row of a file; rows before it are of files that did not come."""
    for row in rows:
        if PAYLOAD + row.path == path:
            return row
    raise PartFailed(f"the manifest does not list {path} where it comes")


def _dataset(row: Row, file: IO[bytes]) -> Dataset:
    return Dataset(row.obs_publisher_did, row.path, row.content_type, row.size, row.sha256, file)


class _Connection:
    """A part read from front to end over one connection, made anew whenever it is lost."""

    def __init__(self, session: Session, url: str, head: Head) -> None:
        self.size = head.size
        self._session = session
        self._url = url
        self._head = head
        self._position = 0
        self._stop = head.size
        self._rest = b""
        self._pieces: Iterator[bytes] | None = None
        self._response = ExitStack()
        self._hole: Hole | None = None

    def close(self) -> None:
        """End the connection."""
        self._response.close()
        self._pieces = None

    def read_some(self, first: int, limit: int) -> bytes:
        """From 1 to `limit` bytes from `first` on; Hole where the archive has them no more."""
        if first != self._position:
            self.again(first, first)
        if not self._rest:
            self._rest = self._session.until_answered(self._piece)
        content, self._rest = self._rest[:limit], self._rest[limit:]
        self._position += len(content)
        return content

    def again(self, first: int, stop: int) -> None:
        """Begin anew at `first`, whatever was read."""
        self.close()
        self._position, self._rest = first, b""

    def _piece(self) -> bytes:
        if self._hole is not None and self._hole.first <= self._position < self._hole.stop:
            raise self._hole
        try:
            if self._pieces is None:
                before_hole = self._hole is not None and self._position < self._hole.first
                stop = self._hole.first if self._hole and before_hole else self.size
                span = self._session.span(self._url, self._head, self._position, stop)
                self._pieces = self._response.enter_context(span)
            piece = next(self._pieces, b"")
        except Hole as hole:
            self.close()
            self._hole = hole
            return self._piece()
        except TryAgain:
            self.close()
            raise
        if not piece:
            self.close()  # up to a hole, or to the end
            return self._piece()
        return piece


class _Passing:
    """Members in memory, or on the disk where they are large."""

    def directory(self, path: PurePosixPath) -> None:
        """Nothing."""

    def land(self, path: PurePosixPath, member: Member, sha256: str | None) -> "_Held":
        """A place for a file; tag files are not kept."""
        return _Held(keep=path.parts[1] == PAYLOAD.rstrip("/"))


class _Held:
    def __init__(self, *, keep: bool) -> None:
        self._file: IO[bytes] | None = None
        if keep:
            self._file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115  # until it is read

    def add(self, piece: bytes) -> None:
        """Its next bytes."""
        if self._file is not None:
            self._file.write(piece)

    def keep(self) -> IO[bytes] | None:
        """The file, at its beginning; None for a tag file."""
        if self._file is not None:
            self._file.seek(0)
        return self._file

    def abandon(self) -> None:
        """Drop it."""
        if self._file is not None:
            self._file.close()
