"""A part read from front to end, each member verified as it lands.

What is wrong is asked for again, what is gone is passed by, and every line of the manifest ends as
a verified file or as a failure.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Generic, Protocol, TypeVar

from starhaul_client.answers import Hole
from starhaul_client.bag import PAYLOAD, TAG_MANIFEST
from starhaul_client.containers import Broken, Member, Source, reader_of
from starhaul_client.errors import PartFailed
from starhaul_client.names import checked_path
from starhaul_client.package import OTHER_BYTES, Package

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
    """One walk over the part `name` of `package`."""

    def __init__(self, name: str, package: Package, octets: Bytes, ground: Ground[T]) -> None:
        self._name = name
        self._package = package
        self._bytes = octets
        self._ground = ground
        self._next_member = reader_of(name)
        self._source = Source(octets.read_some, octets.size)
        self._seen: dict[str, str] = {}
        self._tries: dict[int, int] = {}

    def __iter__(self) -> Iterator[Verified[T]]:
        source = self._source
        begin, end = source.mark(), 0
        while True:
            position, mark = source.position, source.mark()
            member = None
            try:
                source.pass_zeros(end)
                member = self._next_member(source)
                if member is None:
                    break
                found = self._member(member)
            except _TagsWrong as error:
                self._once_more(0, source.position, str(error))
                self._seen, end = {}, 0
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
                    self._package.lost(wrong.path, PartFailed(OTHER_BYTES))
                    end = wrong.member.end
                    source.jump(end)
            except Hole as hole:
                self._package.gaps.append(hole)
                end = max(hole.stop, end, 0 if member is None else member.end)
                source.jump(end)
            else:
                end = member.end
                if found is not None:
                    yield found

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

    def _member(self, member: Member) -> Verified[T] | None:
        """Land a member; None for a directory. _Wrong, _TagsWrong where it is not right."""
        path = checked_path(member.path, self._package.name)
        if member.is_directory:
            self._ground.directory(path)
            return None
        name = member.path.removeprefix(f"{self._package.name}/")
        payload = name.startswith(PAYLOAD)
        expected = self._package.wanted.digest_of(name) if payload else None
        if payload and expected is None:
            raise Broken(f"the member {name} is not where the manifest lists it")
        content, digest = [], hashlib.sha256()
        landing = self._ground.land(path, member, expected)
        try:
            for piece in self._source.pieces(member.size):
                digest.update(piece)
                landing.add(piece)
                if name == TAG_MANIFEST:
                    content.append(piece)
            found = digest.hexdigest()
            if payload and found != expected:
                raise _Wrong(name, member)
            if not payload:
                self._tag(name, found, b"".join(content))
        except BaseException:
            landing.abandon()
            raise
        if payload:
            self._package.came(name)
        return Verified(name, member.offset, member.size, found, landing.keep())

    def _tag(self, name: str, found: str, content: bytes) -> None:
        """Take a tag file; `content` is that of the list of all of them."""
        tags = self._package.tags
        if name == TAG_MANIFEST:
            wrong = tags.learn(content, self._seen)
            if wrong is not None:
                raise _TagsWrong(f"{wrong} is not what the part lists")
        elif tags.known.get(name, found) != found:
            raise _TagsWrong(f"{name} is not what the package lists")
        self._seen[name] = tags.seen[name] = found


class _Wrong(Exception):
    """A member whose bytes are not those of the manifest."""

    def __init__(self, path: str, member: Member) -> None:
        super().__init__(path)
        self.path = path
        self.member = member


class _TagsWrong(Exception):
    """Tag files that do not fit together."""
