"""One hierarchy of errors that users may see; each protocol renders it in its own form.

A message names the thing, the place and the remedy. Anything else that escapes is an internal
error: the user gets a request id, the log gets the rest.
"""

from collections.abc import Mapping


class StarhaulError(Exception):
    """An error that a user may read. `status` is the HTTP status where the protocol has no own.

    `facts` are what a program may want to know of it, by name (RFC 9457 §3.2).
    """

    status: int = 500
    title: str = "Internal error"

    def __init__(
        self,
        message: str,
        *,
        retry_after: int | None = None,
        facts: Mapping[str, str | int] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after
        self.facts = facts or {}


class UsageError(StarhaulError):
    """The request is wrong and can be corrected: a parameter, a query, an upload."""

    status = 400
    title = "Bad request"


class Unauthorized(StarhaulError):
    """Wrong credentials: 401 with WWW-Authenticate."""

    status = 401
    title = "Not authenticated"


class Forbidden(StarhaulError):
    """It is known that there is something, and it is not for this principal."""

    status = 403
    title = "Not allowed"


class NotFound(StarhaulError):
    """No such job, file, table or page (or not this principal's)."""

    status = 404
    title = "Not found"


class Gone(StarhaulError):
    """It was here and cannot be had any more; the message says where the remedy is."""

    status = 410
    title = "Gone"


class TooLarge(StarhaulError):
    """A body or upload above its bound."""

    status = 413
    title = "Too large"


class TooMany(StarhaulError):
    """A limit of fair use; `retry_after` in seconds."""

    status = 429
    title = "Too many requests"


class Unavailable(StarhaulError):
    """A part of the archive is down and will come back; `retry_after` in seconds."""

    status = 503
    title = "Service unavailable"


class DiskFull(StarhaulError):
    """The database's disk has no room for more."""

    status = 507
    title = "Disk full"
