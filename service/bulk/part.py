"""The bytes of a part, made while they are sent: headers, publishers' files, zeros.

A member is compared with its frozen state when it is opened, and looked at again after its last
read and before that buffer leaves: wrong bytes are never delivered as right ones (DESIGN §7).
"""

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime

from service.bulk import frame
from service.bulk.layout import Layout, PartPlan
from service.bulk.members import Batch, Hashed, Member, batches
from service.storage.ahead import Opener, Wanted, opened_ahead
from service.storage.buffers import BUFFER_BYTES, Buffers, Octets
from service.storage.local import LocalStore
from service.storage.ranges import Span, Version
from service.storage.state import Damaged
from service.storage.store import Store


class DamagedMember(Damaged):
    """A member of a package is not what it was when the package was frozen."""

    def __init__(self, seq: int, message: str) -> None:
        super().__init__(message)
        self.seq = seq


# Gives the memory of the next buffer, BUFFER_BYTES with anything in them.
Room = Callable[[], memoryview]
_SMALL = BUFFER_BYTES // 8  # no member of so many bytes is divided between two of them
_ZEROS = memoryview(bytes(BUFFER_BYTES))


def _new_room() -> memoryview:
    return memoryview(bytearray(BUFFER_BYTES))


class _Buffer:
    """One buffer that is being filled."""

    __slots__ = ("_more", "octets", "position")

    def __init__(self, more: Room) -> None:
        self._more = more
        self.octets = more()
        self.position = 0

    def next(self) -> "_Buffer":
        """An empty one."""
        return _Buffer(self._more)

    @property
    def room(self) -> int:
        return BUFFER_BYTES - self.position

    @property
    def filled(self) -> memoryview:
        return self.octets[: self.position]

    def add(self, piece: bytes | memoryview) -> None:
        """Append what there is room for."""
        stop = self.position + len(piece)
        self.octets[self.position : stop] = piece
        self.position = stop


@dataclass(frozen=True)
class Part:
    """A part of a package: `number` counts from 1, `stores` are the collections' by id.

    `hashing`: each file is compared with its checksum before the first of its bytes is sent.
    """

    layout: Layout
    number: int
    stores: Mapping[int, Store]
    hashing: bool = False

    @property
    def plan(self) -> PartPlan:
        """Which members it holds."""
        return self.layout.parts[self.number - 1]

    @property
    def version(self) -> Version:
        """Its strong ETag and date, which a part keeps in a repaired package with its bytes."""
        plan = self.plan
        return Version(f'"{plan.digest[:32]}"', datetime.fromtimestamp(plan.frozen, UTC))

    def members(self, span: Span) -> Iterator[Member]:
        """The members that a span of the part touches, in order."""
        for batch in self._batches(span):
            for index in range(len(batch)):
                yield batch.member(index)

    def _batches(self, span: Span) -> Iterator[Batch]:
        return batches(self.layout, self.plan, self.stores, span)

    def buffers(self, span: Span, room: Room = _new_room) -> Buffers:
        """The bytes of a span; DamagedMember where a file is not the frozen one any more.

        `room` gives the memory of each buffer, when it is to be filled.
        """
        plan, layout = self.plan, self.layout
        buffer = yield from _send_pieces(frame.before(layout, plan, span), _Buffer(room))
        if span.stop > plan.prologue and span.first < plan.directory:
            if self.hashing or not all(isinstance(s, LocalStore) for s in self.stores.values()):
                buffer = yield from self._send_opened(span, buffer)
            else:
                for batch in self._batches(span):
                    buffer = yield from _send_batch(batch, span, buffer)
        buffer = yield from _send_pieces(frame.behind(layout, plan, span), buffer)
        if buffer.position:
            yield buffer.filled

    def _send_opened(self, span: Span, buffer: _Buffer) -> Generator[Octets, None, _Buffer]:
        """Add members of any store, one by one, hashed before they are sent if asked."""
        with closing(self._files(span)) as files:
            for member, opener in files:
                file = Hashed(opener, member.source, member.sha256) if self.hashing else opener
                if not _add_whole(member, file, span, buffer):
                    buffer = yield from _send_member(member, file, span, buffer)
        return buffer

    def _files(self, span: Span) -> Generator[tuple[Member, Opener], None, None]:
        """The members that a span touches, and what opens the file of each."""
        members = self.members(span)
        if any(store.distant for store in self.stores.values()):
            return opened_ahead(members, lambda member: _wanted(member, span))
        return ((member, member) for member in members)


def _send_batch(batch: Batch, span: Span, buffer: _Buffer) -> Generator[Octets, None, _Buffer]:
    """Add members of a directory: most small ones many at once, a buffer ending where the next
    does not fit; `_send_member` takes a large one and one that is not all in the span, and says
    what is wrong with one that is damaged."""
    ends_within = len(batch) - (batch.end > span.stop)
    index = 0
    while index < len(batch):
        count = 0
        if batch.start(index) >= span.first and index < ends_within:
            count, octets = batch.lay(index, ends_within, buffer.octets[buffer.position :])
            buffer.position += octets
            if not count and buffer.room < batch.octets(index) <= _SMALL:
                yield buffer.filled
                buffer = buffer.next()
                continue
        if not count:
            member = batch.member(index)
            buffer = yield from _send_member(member, member, span, buffer)
        index += count or 1
    return buffer


def _send_pieces(pieces: Iterator[memoryview], buffer: _Buffer) -> Generator[Octets, None, _Buffer]:
    """Add bytes that are made."""
    for each in pieces:
        piece = each
        while len(piece) > buffer.room:
            room = buffer.room
            buffer.add(piece[:room])
            yield buffer.filled
            buffer, piece = buffer.next(), piece[room:]
        buffer.add(piece)
    return buffer


def _wanted(member: Member, span: Span) -> Wanted:
    first = max(span.first - member.contents, 0)
    stop = min(span.stop - member.contents, member.size)
    return Wanted(
        member.store, member.source, member.state, member.sha256, Span(first, max(first, stop))
    )


def _add_whole(member: Member, opener: Opener, span: Span, buffer: _Buffer) -> bool:
    """Add a member that lies in the span and fits into the buffer: what most small ones do.

    False where it does not, or is damaged: `_send_member` takes any, and says what is wrong.
    """
    position = buffer.position
    after = position + member.end - member.start
    if after > BUFFER_BYTES or member.start < span.first or member.end > span.stop:
        return False
    contents = position + member.contents - member.start
    if not opener.read_whole(buffer.octets[contents : contents + member.size]):
        return False
    stop = contents + member.size
    buffer.octets[position:contents] = member.header
    buffer.octets[stop:after] = _ZEROS[: after - stop]
    buffer.position = after
    return True


def _send_member(
    member: Member, opener: Opener, span: Span, buffer: _Buffer
) -> Generator[Octets, None, _Buffer]:
    before = buffer.position
    sent = False
    try:
        head = member.header[max(span.first - member.start, 0) : max(span.stop - member.start, 0)]
        while len(head) > buffer.room:
            room = buffer.room
            buffer.add(head[:room])
            yield buffer.filled
            buffer, head, sent = buffer.next(), head[room:], True
        buffer.add(head)
        first = max(span.first - member.contents, 0)
        stop = min(span.stop - member.contents, member.size)
        if first < stop:
            with opener.open() as file:
                while first < stop:
                    if not buffer.room:
                        yield buffer.filled
                        buffer, sent = buffer.next(), True
                    length = min(buffer.room, stop - first)
                    view = buffer.octets[buffer.position : buffer.position + length]
                    read = file.read_into(view, first)
                    if read == 0:
                        raise Damaged(f"the file {member.source} is shorter than it was")
                    buffer.position += read
                    first += read
                file.verify()
        fill = min(span.stop, member.end) - max(span.first, member.contents + member.size)
        return (yield from _send_zeros(fill, buffer))
    except Damaged as error:
        if before and not sent:
            yield buffer.octets[:before]  # the members before this one are right
        raise DamagedMember(member.seq, error.message) from error


def _send_zeros(count: int, buffer: _Buffer) -> Generator[Octets, None, _Buffer]:
    """Add zeros."""
    while count > 0:
        if not buffer.room:
            yield buffer.filled
            buffer = buffer.next()
        step = min(count, buffer.room)
        buffer.add(_ZEROS[:step])
        count -= step
    return buffer
