"""Answers that `rclone serve s3` does not give: 412 to an If-Match that fails, 503 SlowDown.

A relay in front of it gives them: rclone itself takes no notice of If-Match.
"""

import http.client
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from service.errors import Unavailable
from service.storage.ranges import Span
from service.storage.s3 import S3Store
from service.storage.state import Damaged, FileState
from service.storage.store import OpenFile
from tests.buckets import BucketServer

_ERROR = '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{}</Code></Error>'
_SIZE = 3_000_000


class Relay(ThreadingHTTPServer):
    """In front of a bucket server. The first `busy` requests are answered with SlowDown; answers
    end after `most_bytes`. `answered` are the statuses given."""

    daemon_threads = True
    busy = 0
    most_bytes: int | None = None

    def __init__(self, server: BucketServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = server
        self.answered: list[int] = []

    @property
    def url(self) -> str:
        """Its endpoint."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Relay
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.server.busy:
            self.server.busy -= 1
            self._refuse(503, "SlowDown")
            return
        asked = {name: value for name, value in self.headers.items() if name != "Connection"}
        line = http.client.HTTPConnection("127.0.0.1", self.server.target.port)
        line.request("GET", self.path, headers=asked)  # as it was signed
        found = line.getresponse()
        wanted = self.headers.get("If-Match")
        if wanted not in (None, "*", found.getheader("ETag")):
            self._refuse(412, "PreconditionFailed")
        else:
            self._pass_on(found)
        line.close()

    def _refuse(self, status: int, code: str) -> None:
        content = _ERROR.format(code).encode()
        self._begin(status, {"Content-Type": "application/xml", "Content-Length": len(content)})
        self.wfile.write(content)

    def _pass_on(self, found: http.client.HTTPResponse) -> None:
        self._begin(found.status, dict(found.getheaders()))
        content = found.read()
        with suppress(ConnectionError):
            self.wfile.write(content[: self.server.most_bytes])
        self.close_connection = self.server.most_bytes is not None

    def _begin(self, status: int, headers: dict[str, object]) -> None:
        self.server.answered.append(status)
        self.send_response(status)
        for name, value in headers.items():
            if name not in ("Date", "Server", "Connection"):
                self.send_header(name, str(value))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def relay(bucket_server: BucketServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Relay]:
    """Where the archive finds its buckets."""
    with Relay(bucket_server) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", running.url)
        yield running
        running.shutdown()


@pytest.fixture
def known(bucket_server: BucketServer) -> tuple[FileState, bytes]:
    """The object changing/strict.fits, as it was listed, and its bytes."""
    content = os.urandom(_SIZE)
    bucket_server.put("changing", "strict.fits", content)
    return dict(S3Store("s3://changing").objects())["strict.fits"], content


def _read(file: OpenFile, span: Span) -> bytes:
    buffer = bytearray(span.length)
    return bytes(buffer[: file.read_into(buffer, span.first)])


def test_if_match_lets_through_what_is_unchanged(
    known: tuple[FileState, bytes], relay: Relay
) -> None:
    state, content = known
    for span in (Span(0, _SIZE), Span(1_000, 2_000_000)):
        with S3Store("s3://changing").open("strict.fits", state, b"", span) as file:
            assert _read(file, span) == content[span.first : span.stop]
    assert len(relay.answered) == 2


def test_412_says_that_the_object_was_replaced(
    known: tuple[FileState, bytes], relay: Relay, bucket_server: BucketServer
) -> None:
    bucket_server.put("changing", "strict.fits", os.urandom(_SIZE))
    for wanted in (None, Span(5, 10)):
        with pytest.raises(Damaged, match=r"strict\.fits was replaced after it was ingested"):
            S3Store("s3://changing").open("strict.fits", known[0], b"", wanted)
    assert relay.answered == [412, 412]


def test_an_object_replaced_before_a_broken_connection_is_made_again_is_never_mixed(
    known: tuple[FileState, bytes], relay: Relay, bucket_server: BucketServer
) -> None:
    state, content = known
    relay.most_bytes = 1_500_000
    with S3Store("s3://changing").open("strict.fits", state, b"") as file:
        assert _read(file, Span(0, 1_200_000)) == content[:1_200_000]
        bucket_server.put("changing", "strict.fits", os.urandom(_SIZE))
        with pytest.raises(Damaged, match="was replaced"):
            _read(file, Span(1_200_000, _SIZE))
    assert relay.answered[-1] == 412


def test_a_bucket_that_says_slow_down_is_asked_again(
    known: tuple[FileState, bytes], relay: Relay
) -> None:
    state, content = known
    relay.busy = 1
    with S3Store("s3://changing").open("strict.fits", state, b"") as file:
        assert _read(file, Span(0, _SIZE)) == content
    assert relay.answered[0] == 503
    assert len(relay.answered) == 2


def test_one_that_says_so_for_good_is_unavailable_and_not_damaged(
    known: tuple[FileState, bytes], relay: Relay
) -> None:
    relay.busy = 1_000
    with pytest.raises(Unavailable) as caught:
        S3Store("s3://changing").open("strict.fits", known[0], b"")
    assert caught.value.retry_after
    assert 2 < len(relay.answered) < 10
