"""One bucket of an S3 service: the requests for its objects, signed, tried again, told apart.

obstore finds endpoint, region and credentials in the usual AWS_* variables (or from the machine's
role), lists, writes, and signs URLs; httpx gets the bytes. obstore's own GET is of no use for
ranges: it refuses answers that say 200 beside their Content-Range, as `rclone serve s3` gives, and
leaves If-Match to the server, which some ignore. Here the ETag of each answer is compared.
"""

import os
import random
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import obstore
import structlog
from obstore.exceptions import BaseError
from obstore.store import S3Store as SignedStore

from service.errors import StarhaulError, Unavailable, UsageError
from service.storage.ranges import Span
from service.storage.state import RETRY_AFTER_S, Changed, Damaged, FileState, away

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import S3Config

TRIES = 4
_FIRST_PAUSE_S = 0.2
_TIMEOUT = httpx.Timeout(30, connect=5)
_CONNECTIONS = httpx.Limits(max_connections=None, max_keepalive_connections=64)
_SIGNED_FOR = timedelta(minutes=15)
_PASSING = {408, 425, 429, 500, 502, 503, 504}
_CODE = re.compile(rb"<Code>([A-Za-z]+)</Code>")
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")

# Signing asks for credentials, also where the signature is then left out.
_NOBODY: "S3Config" = {
    "access_key_id": "nobody",
    "secret_access_key": "none",
    "skip_signature": True,
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_log = structlog.get_logger()


class AccessRefused(Unavailable):
    """The store answers, but not to these credentials."""


@lru_cache(maxsize=1)
def _client() -> httpx.Client:
    """The connections of this process, kept open between requests; made after any fork."""
    return httpx.Client(timeout=_TIMEOUT, limits=_CONNECTIONS, trust_env=False)


def _is_public() -> bool:
    """Whether requests are to be anonymous, as obstore reads its own variable."""
    return os.environ.get("AWS_SKIP_SIGNATURE", "").lower() in ("1", "true", "yes", "on", "t", "y")


@dataclass(frozen=True)
class Bucket:
    """The objects below `url`, s3://bucket/prefix; keys are relative to the prefix."""

    url: str

    @cached_property
    def store(self) -> SignedStore:
        """What signs, lists and writes."""
        parts = urlsplit(self.url)
        return SignedStore(
            parts.netloc,
            prefix=parts.path.strip("/") or None,
            config=_NOBODY if _is_public() else None,
            client_options={"allow_http": True, "timeout": timedelta(seconds=30)},
            retry_config={"max_retries": TRIES - 1, "retry_timeout": timedelta(seconds=30)},
        )

    def get(self, key: str, known: FileState, span: Span) -> httpx.Response:
        """An open answer with the bytes of a span of an object that has the known ETag and size.

        Damaged where it is gone or is another one; Unavailable where the store does not answer,
        after some tries, or refuses.
        """
        headers = {"If-Match": f'"{known.etag}"', "Accept-Encoding": "identity"}
        if span.length != known.size:
            headers["Range"] = f"bytes={span.first}-{span.stop - 1}"
        response = self._tried(key, headers)
        try:
            _judge(response, key, known, span)
        except httpx.TransportError:
            response.close()
            raise away() from None
        except BaseException:
            response.close()
            raise
        return response

    def whole(self, key: str) -> bytes | None:
        """All of a small object that may be any; None where it cannot be had."""
        try:
            return bytes(obstore.get(self.store, key).bytes())
        except (BaseError, OSError):
            return None

    def listed(self) -> Iterator[tuple[str, FileState]]:
        """Every object, by its key, in their order.

        UsageError where the bucket is not there or may not be listed, Unavailable where the store
        does not answer.
        """
        try:
            for page in obstore.list(self.store):
                for found in page:
                    yield found["path"], state_of_object(found)
        except (BaseError, OSError, ValueError) as error:
            raise self._unlisted(error) from error

    def _unlisted(self, error: Exception) -> StarhaulError:
        _log.error("a bucket cannot be listed", bucket=self.url, error=str(error))
        code = _CODE.search(str(error).encode())
        name = code[1].decode() if code else ""
        endpoint = os.environ.get("AWS_ENDPOINT_URL", "AWS")
        if name == "NoSuchBucket":
            return UsageError(
                f"{self.url}: there is no such bucket at {endpoint}; correct the root"
            )
        if name:
            return UsageError(
                f"{self.url} cannot be listed: {endpoint} answers {name}; set AWS_ACCESS_KEY_ID, "
                "AWS_SECRET_ACCESS_KEY and AWS_REGION as this store wants them"
            )
        return Unavailable(
            f"{self.url} cannot be listed: {endpoint} does not answer; check AWS_ENDPOINT_URL",
            retry_after=RETRY_AFTER_S,
        )

    def _tried(self, key: str, headers: dict[str, str]) -> httpx.Response:
        """An open answer, whatever its status; several tries where the trouble may pass."""
        for left in reversed(range(TRIES)):
            try:
                request = _client().build_request("GET", self._signed(key), headers=headers)
                response = _client().send(request, stream=True)
                if response.status_code not in _PASSING or not left:
                    return response
                response.close()
                reason = f"status {response.status_code}"
            except (httpx.TransportError, BaseError) as error:
                reason = type(error).__name__
                if not left:
                    _log.warning("a bucket does not answer", bucket=self.url, reason=repr(error))
                    raise away() from None
            pause(TRIES - 1 - left)
            _log.info("a bucket is asked again", bucket=self.url, reason=reason)
        raise AssertionError("unreachable")

    def _signed(self, key: str) -> str:
        url = obstore.sign(self.store, "GET", key, _SIGNED_FOR)
        return url.partition("?")[0] if _is_public() else url


def state_of_object(found: "ObjectMeta") -> FileState:
    """What a listing or HEAD says of an object."""
    moment = (found["last_modified"] - _EPOCH) // timedelta(microseconds=1)
    return FileState(found["size"], moment * 1000, etag=(found["e_tag"] or "").strip('"'))


def pause(tried: int) -> None:
    """Wait before the next try, longer each time."""
    time.sleep(_FIRST_PAUSE_S * 2**tried * random.uniform(0.5, 1.5))


def _judge(response: httpx.Response, key: str, known: FileState, span: Span) -> None:
    """Return for an answer that has these bytes of the known object, and for no other."""
    status = response.status_code
    if status in (200, 206):
        etag = response.headers.get("etag", "").removeprefix("W/").strip('"')
        found = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
        size = int(found[3]) if found else int(response.headers.get("content-length", known.size))
        if etag != known.etag or size != known.size:
            raise Changed(f"the file {key} was replaced after it was ingested")
        if Span(int(found[1]), int(found[2]) + 1) != span if found else span.length != known.size:
            _log.error("a bucket does not answer ranges", key=key)
            raise away()
        return
    code = _CODE.search(response.read())
    name = code[1].decode() if code else ""
    if status == 404 and name != "NoSuchBucket":
        raise Damaged(f"the file {key} has vanished from the archive's store")
    if status in (412, 416):
        raise Changed(f"the file {key} was replaced after it was ingested")
    _log.error("a bucket refuses", status=status, code=name, key=key)
    if status in (401, 403):
        raise AccessRefused("the store of these files refuses the archive's credentials")
    raise away()
