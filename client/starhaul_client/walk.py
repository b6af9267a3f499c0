"""A part read from front to end, each member verified as it lands.

What is wrong is asked for again, what is gone is passed by, and every line of the part's list ends
as a verified member or as a failure.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Generic, Protocol, TypeVar

from starhaul_client.answers import Hole
from starhaul_client.bag import PAYLOAD, TAG_MANIFEST, PartList, TagSums, is_part_list
from starhaul_client.containers import Broken, Member, Source, reader_of
from starhaul_client.errors import PartFailed
from starhaul_client.names import checked_path
from starhaul_client.report import Failure

T = TypeVar("T", covariant=True)

_TRIES = 3
_AROUND = 1 << 16  # asked for again where a header cannot be read


class Bytes(Protocol):
    """Where the bytes of a part come from."""

    @property
    def size(self) -> int:
        """Of the part, in bytes."""

    def read_some(self, first: int, limit: int) -> bytes:
        """From 1 to `limit` bytes from `first` on; may wait, or raise Hole."""

    def again(self, first: int, stop: int) -> None:
        """These bytes are wrong; get them once more."""


class Landing(Protocol[T]):
    """A place for one member."""

    def add(self, piece: bytes) -> None:
        """Its next bytes."""

    def keep(self) -> T:
        """All were there and right."""

    def abandon(self) -> None:
        """They were not."""


class Ground(Protocol[T]):
    """Where members land."""

    def directory(self, path: PurePosixPath) -> None:
        """A directory of the part."""

    def land(self, path: PurePosixPath, member: Member, sha256: str | None) -> Landing[T]:
        """A place for a file of the part, whose hash is known or not."""


@dataclass(frozen=True, slots=True)
class Verified(Generic[T]):
    """A member that is what it should be. `path` is below the package; `landed` what the ground
    made of it."""

    path: str
    offset: int
    size: int
    sha256: str
    landed: T

    @property
    def is_payload(self) -> bool:
        """Whether it is one of the files that were asked for."""
        return self.path.startswith(PAYLOAD)


class Walk(Generic[T]):
    """One walk over the part `name` of `package`; failures are added to `failures`."""

    def __init__(
        self, name: str, package: str, octets: Bytes, tags: TagSums, ground: Ground[T]
    ) -> None:
        self.failures: list[Failure] = []
        self._name = name
        self._package = package
        self._bytes = octets
        self._tags = tags
        self._ground = ground
        self._next_member = reader_of(name)
        self._source = Source(octets.read_some, octets.size)
        self._list: PartList | None = None
        self._seen: dict[str, str] = {}
        self._tries: dict[int, int] = {}
        self._hole: Hole | None = None

    def __iter__(self) -> Iterator[Verified[T]]:
        source = self._source
        begin, end = source.mark(), 0
        while True:
            position, mark = source.position, source.mark()
            member = None
            try:
                source.pass_to(end)
                member = self._next_member(source)
                if member is None:
                    break
                found = self._member(member)
            except _TagsWrong as error:
                self._once_more(0, source.position, str(error))
                self._list, self._seen, end = None, {}, 0
                source.back(0, begin)
            except Broken as error:
                stop = max(source.position, position + _AROUND)
                self._once_more(position, min(stop, source.size), str(error))
                source.back(position, mark)
            except _Wrong as wrong:
                if self._may_try(position):
                    self._bytes.again(wrong.member.offset, wrong.member.offset + wrong.member.size)
                    source.back(position, mark)
                else:
                    self._came(wrong.path)
                    self._fail(wrong.path, "the archive sends other bytes than its manifest lists")
                    end = wrong.member.end
            except Hole as hole:
                self._hole = hole
                end = max(hole.stop, end, 0 if member is None else member.end)
                source.jump(end)
            else:
                end = member.end
                if found is not None:
                    yield found
        if self._list is None:
            raise PartFailed(f"{self._name} does not list its members")
        for path in self._list.rest():
            self._fail(path, "it did not come with its part")

    def sha256(self) -> str | None:
        """The hash of the whole part; None where something was passed by."""
        return self._source.sha256()

    def _may_try(self, position: int) -> bool:
        self._tries[position] = self._tries.get(position, 0) + 1
        return self._tries[position] < _TRIES

    def _once_more(self, first: int, stop: int, reason: str) -> None:
        if not self._may_try(first):
            raise PartFailed(f"{self._name}: {reason}, and asking again did not help")
        self._bytes.again(first, stop)

    def _fail(self, path: str, reason: str) -> None:
        repair = None
        if self._hole is not None:
            reason, repair = self._hole.reason, self._hole.repair
        self.failures.append(Failure(f"{self._package}/{path}", reason, repair))

    def _member(self, member: Member) -> Verified[T] | None:
        """Land a member; None for a directory. _Wrong, _TagsWrong where it is not right."""
        path = checked_path(member.path, self._package)
        if member.is_directory:
            self._ground.directory(path)
            return None
        name = member.path.removeprefix(f"{self._package}/")
        payload = name.startswith(PAYLOAD)
        expected = self._expected(name) if payload else self._tags.known.get(name)
        content, digest = [], hashlib.sha256()
        landing = self._ground.land(path, member, expected)
        keeps = name == TAG_MANIFEST or is_part_list(name)
        try:
            for piece in self._source.pieces(member.size):
                digest.update(piece)
                landing.add(piece)
                if keeps:
                    content.append(piece)
            found = digest.hexdigest()
            if payload and found != expected:
                raise _Wrong(name, member)
            if not payload:
                self._tag(name, found, expected, b"".join(content))
        except BaseException:
            landing.abandon()
            raise
        if payload:
            self._came(name)
        return Verified(name, member.offset, member.size, found, landing.keep())

    def _expected(self, name: str) -> str:
        """The hash of a payload file that comes next."""
        if self._list is None:
            raise PartFailed(f"{self._name} does not list its members before them")
        expected = self._list.digest_of(name)
        if expected is None:
            raise Broken(f"the member {name} is not in the list of its part")
        return expected

    def _came(self, name: str) -> None:
        """A payload file came; those that the list has before it did not."""
        assert self._list is not None
        for path in self._list.pass_to(name):
            self._fail(path, "it did not come with its part")
        self._hole = None

    def _tag(self, name: str, found: str, expected: str | None, content: bytes) -> None:
        """Take a tag file."""
        if name == TAG_MANIFEST:
            wrong = self._tags.learn(content, self._seen)
            if wrong is not None:
                raise _TagsWrong(f"{wrong} is not what the archive lists for this job")
        elif expected is not None and found != expected:
            raise _TagsWrong(f"{name} is not what the package lists")
        if is_part_list(name):
            self._list = PartList(content)
        self._seen[name] = found


class _Wrong(Exception):
    """A member whose bytes are not those of the manifest."""

    def __init__(self, path: str, member: Member) -> None:
        super().__init__(path)
        self.path = path
        self.member = member


class _TagsWrong(Exception):
    """Tag files that do not fit together."""
