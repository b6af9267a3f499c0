"""A network between client and archive that loses connections, changes bytes, and is slow."""

import contextlib
import random
import re
import socket
import threading
import time
from dataclasses import dataclass, field

_REQUEST = re.compile(rb"(GET|HEAD|POST) (\S+) HTTP/1\.1\r\n((?:[^\r]+\r\n)*)\r\n")
_RANGE = re.compile(rb"(?i)^range: bytes=(\d+)-(\d+)\r$", re.MULTILINE)
_BUFFERED = 1 << 16  # bytes that may lie in this network, each way: not megabytes, as by default
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


@dataclass(frozen=True)
class Asked:
    """A request that passed: `stop` is behind the last byte of its range; no range: 0 and 0."""

    method: str
    path: str
    first: int
    stop: int
    at: float


@dataclass
class Network:
    """Passes TCP connections on to `target` on this machine, from the port `port`.

    Each connection is lost after about `lost_after` bytes of answers; `bytes_per_s` is the rate
    of each. `flip` changes one byte of an answer, once. `delivered` counts bytes of answers.
    `refusals` are answers to the next requests for bytes, which do not reach the archive.
    """

    target: int
    lost_after: int | None = None
    bytes_per_s: int | None = None
    flip: bool = False
    refusals: list[str] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    delivered: int = 0
    lost: int = 0

    def __post_init__(self) -> None:
        self._random = random.Random(11)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFERED)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """Where the archive is reached through this network."""
        return f"http://127.0.0.1:{self.port}"

    def calm(self) -> None:
        """A good network from now on, with nothing counted."""
        self.lost_after = self.bytes_per_s = None
        self.flip = False
        self.asked.clear()
        self.statuses.clear()
        self.delivered = self.lost = 0

    def close(self) -> None:
        """No more connections."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = _connected(self.target)
            except OSError:  # the archive is down for now
                near.close()
                continue
            for work in (self._pass_requests, self._pass_answers):
                threading.Thread(target=work, args=(near, far), daemon=True).start()

    def _pass_requests(self, near: socket.socket, far: socket.socket) -> None:
        kept = b""
        try:
            while content := near.recv(1 << 16):
                kept += content
                refused = False
                while found := _REQUEST.search(kept):
                    refused = self._note(found, near) or refused
                    kept = kept[found.end() :]
                if not refused:
                    far.sendall(content)
        except OSError:
            pass
        finally:
            _shut(far, near)

    def _note(self, found: "re.Match[bytes]", near: socket.socket) -> bool:
        """Keep what was asked; whether it was refused here."""
        span = _RANGE.search(found[3])
        first, stop = (int(span[1]), int(span[2]) + 1) if span else (0, 0)
        asked = Asked(found[1].decode(), found[2].decode(), first, stop, time.monotonic())
        self.asked.append(asked)
        if not stop or not self.refusals:
            return False
        near.sendall(f"HTTP/1.1 {self.refusals.pop()}\r\nContent-Length: 0\r\n\r\n".encode())
        return True

    def _pass_answers(self, near: socket.socket, far: socket.socket) -> None:
        passed, limit = 0, self._limit()
        try:
            while content := far.recv(1 << 16):
                self.statuses += [int(code) for code in _STATUS.findall(content)]
                if self.flip and len(content) > 30_000:  # of a part, and no document
                    self.flip = False
                    middle = len(content) // 2
                    content = (
                        content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
                    )
                if limit is not None and passed + len(content) > limit:
                    near.sendall(content[: limit - passed])
                    self.delivered += limit - passed
                    self.lost += 1
                    return
                near.sendall(content)
                passed += len(content)
                self.delivered += len(content)
                if self.bytes_per_s is not None:
                    time.sleep(len(content) / self.bytes_per_s)
        except OSError:
            pass
        finally:
            _shut(near, far)

    def _limit(self) -> int | None:
        if self.lost_after is None:
            return None
        return self._random.randrange(self.lost_after // 2, self.lost_after * 2)


def _connected(port: int) -> socket.socket:
    far = socket.socket()
    far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFERED)
    try:
        far.connect(("127.0.0.1", port))
    except OSError:
        far.close()
        raise
    return far


def _shut(*sockets: socket.socket) -> None:
    for each in sockets:
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()
