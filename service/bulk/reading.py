"""A process that reads the files of parts into slots, so that the API only sends them.

Opening small files and sending share one interpreter's lock otherwise, and take turns every few
microseconds. Its standard input is a socket: each byte brings the socket of one stream, and its
end is that of the API. On the socket of a stream come a line that says what is `Asked`, then the
number of a slot for each buffer; back goes how many bytes are in it. What cannot be read, for
whatever reason, ends the conversation: the API reads on by itself and finds the reason.
"""

import gc
import json
import os
import signal
import socket
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from threading import Thread
from typing import NamedTuple

from service.bulk.layout import Layout, read_layout
from service.bulk.part import Part
from service.errors import StarhaulError
from service.storage.priority import give_way
from service.storage.ranges import Span
from service.storage.slots import mapped_slots
from service.storage.store import store_of

NUMBER = struct.Struct("=I")
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


class _Left(Exception):
    """Nobody waits for the bytes any more."""


def _converse(stream: socket.socket, slots: Callable[[int], memoryview]) -> None:
    """Read what one stream asks for."""
    with stream, stream.makefile("rb") as incoming:
        asked = Asked(*json.loads(incoming.readline()))
        stores = {int(number): store_of(root) for number, root in asked.roots.items()}

        def room() -> memoryview:
            number = incoming.read(NUMBER.size)
            if len(number) < NUMBER.size:
                raise _Left
            return slots(*NUMBER.unpack(number))

        try:
            part = Part(_layout(Path(asked.layout)), asked.number, stores, asked.hashing)
            for filled in part.buffers(Span(asked.first, asked.stop), room):
                stream.sendall(NUMBER.pack(len(filled)))
        except (_Left, ConnectionError, FileNotFoundError, StarhaulError):
            pass
        finally:
            with suppress(OSError):
                stream.shutdown(socket.SHUT_WR)
                incoming.read()  # what it still asks for: left unread, it would undo what was sent


def main() -> None:
    """Converse until the API ends. The argument is the file descriptor of the slots."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the API
    give_way()
    slots = mapped_slots(int(sys.argv[1]))
    gc.freeze()
    os.write(sys.stdout.fileno(), b"\n")  # ready
    with socket.socket(fileno=sys.stdin.fileno()) as requests:
        while True:
            octets, streams, *_ = socket.recv_fds(requests, 1, 1)
            if not octets:
                os._exit(0)  # a thread may be waiting for a store for ever
            stream = socket.socket(fileno=streams[0])
            Thread(target=_converse, args=(stream, slots), daemon=True).start()


if __name__ == "__main__":
    main()
