"""What an answer that is no success means, and what a part's headers say of it."""

import base64
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from starhaul_client.errors import AccessDenied, FetchError, NoSuchJob, PartFailed
from starhaul_client.waiting import retry_after

_PASSES = frozenset({408, 425, 429, 500, 502, 503, 504, 507})
_TRIES_OF_500 = 6  # a fault of the archive, which another try may not meet
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")
_SHA256 = re.compile(r"sha-256=:([A-Za-z0-9+/]{43}=):")


class TryAgain(Exception):
    """No answer, or one that passes; `after` in seconds where the archive named a time.

    `tries` is how often it may come before it is taken for an answer that stays; None: any number.
    """

    def __init__(self, reason: str, after: float | None = None, tries: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.after = after
        self.tries = tries


class Hole(Exception):
    """Bytes from `first` to before `stop` of a part that the archive does not have any more.

    `repair` is the URL whose POST makes a successor job.
    """

    def __init__(self, first: int, stop: int, reason: str, repair: str | None) -> None:
        super().__init__(reason)
        self.first = first
        self.stop = stop
        self.reason = reason
        self.repair = repair


@dataclass(frozen=True, slots=True)
class Head:
    """What headers say of a part: size in bytes, strong ETag, hexadecimal SHA-256 where known."""

    size: int
    etag: str
    sha256: str | None


def meaning(response: httpx.Response) -> Exception:
    """The error that an answer with a status of 400 or more stands for; its body is read.

    410 that names a file is a Hole (its bytes are `first` to `last`), any other the job's end.
    """
    status, url = response.status_code, response.request.url
    said = _problem(response)
    detail = str(said.get("detail") or f"{status} {response.reason_phrase}")
    if status in _PASSES:
        after = retry_after(response.headers, datetime.now(UTC))
        return TryAgain(f"{url}: {detail}", after, _TRIES_OF_500 if status == 500 else None)
    if status in (401, 403):
        return AccessDenied(
            f"{url}: {detail}. Give a token with --token, in STARHAUL_TOKEN or in ~/.netrc"
        )
    if status == 410 and "file" in said:
        first, last = said.get("first"), said.get("last")
        if not isinstance(first, int) or not isinstance(last, int):
            return PartFailed(f"{url}: {detail}")
        reason = str(said.get("reason") or detail)
        return Hole(first, last + 1, reason, said.get("repair"))
    if status in (404, 410):
        return NoSuchJob(f"{url}: {detail}")
    if status in (412, 416):
        return PartFailed(
            f"{url}: the part is not the one the download began with ({detail}); "
            "start anew in another directory"
        )
    return FetchError(f"{url}: {detail}")


def _problem(response: httpx.Response) -> dict[str, Any]:
    """The members of problem+json (RFC 9457); none where the answer is anything else."""
    if "json" not in response.headers.get("content-type", ""):
        return {}
    try:
        said = response.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def head_of(response: httpx.Response) -> Head:
    """What the headers of a part, or of a range of it, say; PartFailed where it could not be
    resumed."""
    headers = response.headers
    found = _CONTENT_RANGE.fullmatch(headers.get("content-range", ""))
    length = found[3] if found is not None else headers.get("content-length", "")
    etag = headers.get("etag", "")
    if not length.isdigit() or not etag.startswith('"'):
        raise PartFailed(
            f"{response.request.url} has no Content-Length or no strong ETag; what answers is not "
            "the archive, perhaps a login page or a proxy"
        )
    digest = _SHA256.search(headers.get("repr-digest", ""))
    return Head(int(length), etag, None if digest is None else base64.b64decode(digest[1]).hex())


def check_span(response: httpx.Response, head: Head, first: int, stop: int) -> None:
    """PartFailed unless the answer holds the bytes from `first` to before `stop` of this part."""
    found = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
    whole = response.status_code == 200 and first == 0
    given = found is not None and (int(found[1]), int(found[2]) + 1) == (first, stop)
    if not (given and response.status_code == 206) and not whole:
        raise PartFailed(
            f"{response.request.url}: bytes {first}-{stop - 1} were asked for, and the answer is "
            f"{response.status_code} {response.headers.get('content-range', 'without a range')}; "
            "a proxy on the way does not know ranges"
        )
    if response.headers.get("etag", head.etag) != head.etag:
        raise PartFailed(f"{response.request.url}: the part changed while it was downloaded")
