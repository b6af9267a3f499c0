"""Requests as clients were recorded to send them: every header and byte, nothing added."""

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPResponse
from urllib.parse import urlencode, urlsplit

# Headers of each client but Host.
JAVA = ("Accept: text/html, image/gif, image/jpeg, */*; q=0.2", "Connection: keep-alive")
STILTS = ("User-Agent: STILTS/3.4.7-debian Java/17.0.15", *JAVA)
TOPCAT = ("User-Agent: TOPCAT/4.8.7-3 Java/17.0.15", *JAVA)
ALADIN = ("User-Agent: Aladin/12.001", *JAVA)
PYVO = (
    "User-Agent: pyVO/1.9.1 Python/3.11.7 (Linux) (IVOA-science)",
    "Accept-Encoding: gzip, deflate",
    "Accept: */*",
    "Connection: keep-alive",
)
ASTROQUERY_GET = ("Accept-Encoding: identity",)
ASTROQUERY_POST = (
    "Accept-Encoding: identity",
    "Accept: text/plain",
    "User-Agent: astroquery/0.4.11 Python/3.11.7 (Linux)",
)
_FORM = "Content-Type: application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Answer:
    """What came back, the body as it was sent."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def location(self) -> str:
        """Where a redirection leads."""
        return self.headers["location"]


def ask(method: str, url: str, headers: Sequence[str], body: bytes = b"") -> Answer:
    """Send one request on a connection of its own; no redirection is followed."""
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    assert parts.hostname is not None
    with socket.create_connection((parts.hostname, parts.port or 80), timeout=60) as connection:
        lines = (f"{method} {target} HTTP/1.1", f"Host: {parts.netloc}", *headers, "", "")
        connection.sendall("\r\n".join(lines).encode() + body)
        response = HTTPResponse(connection, method=method)
        response.begin()
        answered = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, answered, response.read())


def post(url: str, headers: Sequence[str], **form: str) -> Answer:
    """Send a form."""
    body = urlencode(form).encode()
    return ask("POST", url, (*headers, _FORM, f"Content-Length: {len(body)}"), body)


def chunked(*pieces: bytes) -> bytes:
    """A body in chunks (RFC 9112 §7.1)."""
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (*pieces, b""))
