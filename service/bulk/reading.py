"""A process that reads the files of parts and sends them to clients, so that the API does neither.

Opening small files and answering share one interpreter's lock otherwise, and take turns every few
microseconds. Its standard input is a socket: each byte brings two sockets, that of a conversation
with the API and that of a client. In the conversation come a line that says what is `Asked`, then
how many bytes may be sent, and for each of these numbers goes back how many were. Fewer mean that
the rest cannot be read, for whatever reason: the API reads on by itself and finds it.
"""

import gc
import json
import os
import select
import signal
import socket
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from functools import lru_cache
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import BinaryIO, NamedTuple

from service.bulk.layout import Layout, read_layout
from service.bulk.part import Part
from service.errors import StarhaulError
from service.storage.buffers import BUFFER_BYTES, Octets
from service.storage.ranges import Span
from service.storage.store import store_of

NUMBER = struct.Struct("=I")
_BUFFERS = 5  # of a stream: one is filled, one is sent, the others wait
_LOOK_S = 1.0  # whether the API has left, where a store lets it wait
_NICENESS = 3
_OPEN_LAYOUTS = 4  # pruned ones keep their room on the disk while they are open

_layout: Callable[[Path], Layout] = lru_cache(_OPEN_LAYOUTS)(read_layout)


class Asked(NamedTuple):
    """Bytes of a part: where its layout is kept, the roots of the collections by their ids."""

    layout: str
    number: int
    roots: dict[str, str]
    hashing: bool
    first: int
    stop: int

    def line(self) -> bytes:
        """As it is sent."""
        return json.dumps(self).encode() + b"\n"

    def buffers(self, room: Callable[[], memoryview]) -> Iterator[Octets]:
        """The bytes; fails as `Part.buffers` does, and where the layout is not there any more."""
        stores = {int(number): store_of(root) for number, root in self.roots.items()}
        part = Part(_layout(Path(self.layout)), self.number, stores, self.hashing)
        yield from part.buffers(Span(self.first, self.stop), room)


class _Left(Exception):
    """Nobody waits for the bytes any more."""


class _Client:
    """Who takes the bytes, for as long as the API stays in the conversation."""

    def __init__(self, client: socket.socket, conversation: socket.socket) -> None:
        self._socket = client
        self._conversation = conversation.fileno()
        self._poll = select.poll()
        self._poll.register(client, select.POLLOUT)
        self._poll.register(conversation, 0)  # its end comes unasked

    def send(self, octets: memoryview) -> int:
        """Send the first of these bytes; how many. _Left where somebody has left."""
        while True:
            try:
                return self._socket.send(octets, socket.MSG_DONTWAIT)
            except BlockingIOError:
                self.look(None)
            except OSError as error:
                raise _Left from error

    def look(self, milliseconds: int | None) -> None:
        """Wait until there is room; _Left where the API has left."""
        if any(number == self._conversation for number, _ in self._poll.poll(milliseconds)):
            raise _Left


class _Ahead:
    """Buffers that a thread fills while others are being sent."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._filled: SimpleQueue[memoryview | None] = SimpleQueue()
        self._free: SimpleQueue[memoryview | None] = SimpleQueue()
        for _ in range(_BUFFERS):
            self._free.put(memoryview(bytearray(BUFFER_BYTES)))
        Thread(target=self._fill, daemon=True).start()

    def _fill(self) -> None:
        with suppress(_Left, FileNotFoundError, StarhaulError):
            for octets in self._asked.buffers(self._room):
                self._filled.put(memoryview(octets))
        self._filled.put(None)

    def _room(self) -> memoryview:
        room = self._free.get()
        if room is None:
            raise _Left
        return room

    def buffers(self, client: _Client) -> Iterator[memoryview]:
        """What is filled, in order; _Left where the API leaves while a store lets it wait."""
        while True:
            try:
                octets = self._filled.get(timeout=_LOOK_S)
            except Empty:
                client.look(0)
                continue
            if octets is None:
                return
            yield octets
            self._free.put(memoryview(octets.obj))

    def close(self) -> None:
        """Fill no more."""
        self._free.put(None)


def _converse(conversation: socket.socket, client: socket.socket) -> None:
    """Send what one stream asks for."""
    with conversation, client, suppress(OSError), conversation.makefile("rb") as incoming:
        asked = Asked(*json.loads(incoming.readline()))
        to, allowed, sent = _Client(client, conversation), 0, 0
        with closing(_Ahead(asked)) as ahead, suppress(_Left):
            for octets in ahead.buffers(to):
                rest = octets
                while rest:
                    if sent == allowed:
                        if allowed:
                            conversation.sendall(NUMBER.pack(sent))
                        allowed, sent = _next(incoming), 0
                    some = to.send(rest[: allowed - sent])
                    sent += some
                    rest = rest[some:]
        conversation.sendall(NUMBER.pack(sent))


def _next(incoming: BinaryIO) -> int:
    """How many bytes may be sent now."""
    number = incoming.read(NUMBER.size)
    if len(number) < NUMBER.size:
        raise _Left
    return int(NUMBER.unpack(number)[0])


def _give_way() -> None:
    """Let whoever answers a query go first, where all want the CPU."""
    os.nice(_NICENESS)
    if sys.platform == "linux":
        with suppress(OSError):  # a container may forbid it
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def main() -> None:
    """Converse until the API ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the API
    _give_way()
    gc.freeze()
    os.write(sys.stdout.fileno(), b"\n")  # ready
    with socket.socket(fileno=sys.stdin.fileno()) as requests:
        while True:
            octets, numbers, *_ = socket.recv_fds(requests, 1, 2)
            if not octets:
                os._exit(0)  # a thread may be waiting for a store for ever
            conversation, client = (socket.socket(fileno=number) for number in numbers)
            Thread(target=_converse, args=(conversation, client), daemon=True).start()


if __name__ == "__main__":
    main()
