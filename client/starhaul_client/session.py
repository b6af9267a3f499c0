"""Requests to the archive: credentials, connections, another try where the last was in vain."""

import netrc
import os
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import TypeVar

import httpx

from starhaul_client.answers import Head, TryAgain, check_span, head_of, meaning
from starhaul_client.errors import FetchError, NoSuchJob, PartFailed
from starhaul_client.waiting import Patience

T = TypeVar("T")

# A connection that says nothing for so long is made anew.
SILENCE_S = 60.0
_CONNECT_S = 15.0


class Session:
    """All requests of one download; any thread may make them.

    `token` is sent as Bearer; without one STARHAUL_TOKEN, then what ~/.netrc has for the host.
    Credentials go to the origin of `url` alone.
    """

    def __init__(self, url: str, token: str | None, connections: int, patience: Patience) -> None:
        self.patience = patience
        self._origin = _origin(_parsed(url))
        self._auth = _credentials(_parsed(url).host, token)
        self._client = httpx.Client(
            limits=httpx.Limits(max_connections=connections + 2),
            follow_redirects=True,
            headers={"User-Agent": "starhaul-client", "Accept-Encoding": "identity"},
        )

    def close(self) -> None:
        """End all connections."""
        self._client.close()

    @contextmanager
    def answer(
        self, method: str, url: str, headers: dict[str, str], silence_s: float = SILENCE_S
    ) -> Iterator[httpx.Response]:
        """One request, whose body is read while it comes.

        TryAgain for what passes, lost connections too; else what `answers.meaning` says.
        """
        parsed = _parsed(url)
        try:
            with self._client.stream(
                method,
                parsed,
                headers=headers,
                auth=self._auth if _origin(parsed) == self._origin else None,
                timeout=httpx.Timeout(silence_s, connect=_CONNECT_S, pool=None),
            ) as response:
                if response.is_error:
                    response.read()
                    raise meaning(response)
                yield response
        except httpx.TransportError as error:
            raise _lost(error, url) from error
        except httpx.TooManyRedirects as error:
            raise FetchError(f"{url}: {error}") from error

    def until_answered(self, ask: Callable[[], T]) -> T:
        """The result of `ask`, which is called again while it raises TryAgain."""
        attempt = 0
        while True:
            try:
                result = ask()
            except TryAgain as error:
                attempt += 1
                if attempt == error.tries:
                    raise PartFailed(error.reason) from error
                self.patience.wait(attempt, error.after, error.reason)
            else:
                self.patience.progress()
                return result

    def head(self, url: str) -> Head:
        """HEAD of a part. One of which a file is gone refuses it, and is known by its first
        byte; so is why there is no part, as the answer to HEAD says nothing."""
        try:
            return self._headers("HEAD", url, {})
        except NoSuchJob:
            return self._headers("GET", url, {"Range": "bytes=0-0"})

    def _headers(self, method: str, url: str, headers: dict[str, str]) -> Head:
        def ask() -> Head:
            with self.answer(method, url, headers) as response:
                return head_of(response)

        return self.until_answered(ask)

    @contextmanager
    def span(self, url: str, head: Head, first: int, stop: int) -> Iterator[Iterator[bytes]]:
        """The bytes of a part from `first` to before `stop` as they come; TryAgain where they
        end before."""
        headers = {"Range": f"bytes={first}-{stop - 1}", "If-Match": head.etag}
        with self.answer("GET", url, headers) as response:
            check_span(response, head, first, stop)
            yield _exactly(response, stop - first)


def _exactly(response: httpx.Response, length: int) -> Iterator[bytes]:
    pieces = response.iter_raw()
    while length > 0:
        try:
            piece = next(pieces, b"")
        except httpx.TransportError as error:
            raise _lost(error, str(response.request.url)) from error
        if not piece:
            raise TryAgain(f"{response.request.url}: the answer ended before its end")
        yield piece[:length]
        length -= len(piece)


def _lost(error: httpx.TransportError, url: str) -> TryAgain:
    return TryAgain(f"{url}: {error or type(error).__name__}")


def _parsed(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise FetchError(f"{url!r} is no URL: {error}") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise FetchError(f"{url!r} is no URL of a bulk job; one begins with https:// or http://")
    return parsed


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _credentials(host: str, token: str | None) -> httpx.Auth | None:
    token = token or os.environ.get("STARHAUL_TOKEN")
    if token:
        return _Bearer(token)
    try:
        known = netrc.netrc().authenticators(host)
    except FileNotFoundError:
        return None
    except (netrc.NetrcParseError, OSError) as error:
        raise FetchError(f"cannot read ~/.netrc: {error}") from error
    return None if known is None else httpx.BasicAuth(known[0], known[2] or "")


class _Bearer(httpx.Auth):
    """Authorization: Bearer (RFC 6750)."""

    def __init__(self, token: str) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Put the token into the request."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request
