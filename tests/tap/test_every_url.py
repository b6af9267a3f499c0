"""What holds for every URL of the archive, whatever is behind it."""

import re
import socket
from collections.abc import Iterable, Iterator
from http.client import HTTPResponse
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.routing import BaseRoute

from service.app import create_app
from service.config import Settings
from tests.serving import Service

_ORIGIN = "https://aladin.cds.unistra.fr"
_GIGABYTE = 10**9


def _paths() -> list[str]:
    """The path of every route, with x for what varies."""
    app = create_app(Settings(database_url="postgresql://x/x", redis_url="redis://x"))
    return sorted({re.sub(r"\{[^}]*\}", "x", path) for path in _walk(app.routes)})


def _walk(routes: Iterable[BaseRoute]) -> Iterator[str]:
    for route in routes:
        included = getattr(route, "original_router", None)
        if included is not None:
            yield from _walk(included.routes)
        else:
            yield getattr(route, "path", "") or "/"


PATHS = _paths()


@pytest.fixture(scope="module")
def client(service: Service) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=service.url, timeout=30, headers={"Origin": _ORIGIN}) as client:
        yield client


@pytest.mark.parametrize("path", PATHS)
def test_head_options_and_cors(client: httpx.Client, path: str) -> None:
    got, head = client.get(path), client.head(path)
    assert (head.status_code, head.content) == (got.status_code, b"")
    assert got.status_code < 500
    assert got.headers["access-control-allow-origin"] == "*"
    assert "X-Request-Id" in got.headers["access-control-expose-headers"]
    options = client.options(path)
    assert options.status_code == 204
    assert "GET" in options.headers["allow"]
    wanted = {"Access-Control-Request-Method": "POST"}
    assert client.options(path, headers=wanted).status_code == 200


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("path", PATHS)
def test_a_body_of_a_gigabyte_is_refused_before_it_is_sent(
    service: Service, path: str, chunked: bool
) -> None:
    """Announced, the answer comes without a byte of it; in chunks, before 64 MB have gone."""
    parts = urlsplit(service.url)
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {_GIGABYTE}"
    request = (
        f"POST {path} HTTP/1.1\r\nHost: {parts.netloc}\r\n{length}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    )
    with socket.create_connection((str(parts.hostname), parts.port), timeout=30) as connection:
        connection.sendall(request.encode())
        if chunked:
            _send(connection, 64 * 2**20)
        response = HTTPResponse(connection, method="POST")
        response.begin()
        assert response.status in (404, 405, 413)


def _send(connection: socket.socket, most: int) -> None:
    """Chunks of a megabyte until that many bytes, or until the server closes."""
    chunk = b"100000\r\n" + b"x" * 2**20 + b"\r\n"
    try:
        for _ in range(most // 2**20):
            connection.sendall(chunk)
    except (BrokenPipeError, ConnectionResetError):
        return
