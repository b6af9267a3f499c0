"""What a client asks for, seen on the way: an HTTP proxy that passes everything on and notes the
ranges."""

import re
import socket
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from urllib.parse import urlsplit

_REQUEST = re.compile(rb"GET (\S+) HTTP/1\.1\r\n((?:[^\r]+\r\n)*)\r\n")
_RANGE = re.compile(rb"(?im)^range: bytes=(\d+)-(\d*)\r$")


@dataclass
class Relay:
    """`asked` are the first byte and the byte after the last of each range, by the name of the
    file; without an end None."""

    url: str
    asked: dict[str, list[tuple[int, int | None]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def note(self, request: bytes) -> bytes:
        """Note each whole request; what is left of them."""
        while found := _REQUEST.search(request):
            span = _RANGE.search(found[2] + b"\r\n")
            name = PurePosixPath(urlsplit(found[1].decode()).path).name
            first = int(span[1]) if span else 0
            self.asked[name].append((first, int(span[2]) + 1 if span and span[2] else None))
            request = request[found.end() :]
        return request


@contextmanager
def running_relay(target: int) -> Iterator[Relay]:
    """A proxy to the port `target` of this machine, which takes whole URLs too."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        relay = Relay(f"http://127.0.0.1:{listener.getsockname()[1]}")
        threading.Thread(target=_accept, args=(listener, target, relay), daemon=True).start()
        yield relay
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, target: int, relay: Relay) -> None:
    with suppress(OSError):
        while True:
            near, _ = listener.accept()
            far = socket.create_connection(("127.0.0.1", target))
            for source, sink, noted in ((near, far, relay), (far, near, None)):
                threading.Thread(target=_pass, args=(source, sink, noted), daemon=True).start()


def _pass(source: socket.socket, sink: socket.socket, noted: Relay | None) -> None:
    rest = b""
    with suppress(OSError):
        while octets := source.recv(1 << 18):
            if noted is not None:
                rest = noted.note(rest + octets)
            sink.sendall(octets)
    for each in (source, sink):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
