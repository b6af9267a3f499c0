"""Errors as users see them where no protocol has a form of its own: problem+json (RFC 9457).

Pages render theirs as HTML, TAP as VOTable; both begin from `user_error`.
"""

from collections.abc import Callable

import redis.exceptions
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.database import is_outage, outage
from service.errors import NotFound, StarhaulError, Unavailable, UsageError
from service.request_id import current_request_id

_log = structlog.get_logger()

Respond = Callable[[Request, StarhaulError], Response]


def user_error(error: Exception) -> StarhaulError:
    """What a user may read of any exception; what they may not goes to the log."""
    if isinstance(error, StarhaulError):
        return error
    if isinstance(error, HTTPException):
        return _of_http(error)
    if isinstance(error, RequestValidationError):
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        return UsageError(f"{name}: {first['msg']}")
    if is_outage(error):
        _log.warning("database unreachable", error=repr(error))
        return outage()
    if isinstance(error, redis.exceptions.ConnectionError):
        _log.warning("broker unreachable", error=repr(error))
        return Unavailable("the job queue is not available at the moment", retry_after=5)
    _log.error("unexpected error", exc_info=error)
    return StarhaulError(
        f"something went wrong on our side; tell the archive's operator the request id "
        f"{current_request_id()}"
    )


def _of_http(error: HTTPException) -> StarhaulError:
    if error.status_code == 404:
        return NotFound("there is nothing at this URL; the archive's pages begin at /")
    mapped = UsageError(str(error.detail))
    mapped.status = error.status_code
    mapped.title = str(error.detail)
    return mapped


def headers_of(error: StarhaulError) -> dict[str, str]:
    """The headers that an error brings, whatever its form."""
    headers = {"Cache-Control": "no-store"}
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    return headers


def problem(error: StarhaulError) -> Response:
    """The error as application/problem+json."""
    return JSONResponse(
        {
            "type": "about:blank",
            "title": error.title,
            "status": error.status,
            "detail": error.message,
            "request_id": current_request_id(),
            **error.facts,
        },
        status_code=error.status,
        headers=headers_of(error),
        media_type="application/problem+json",
    )


class ProblemMiddleware:
    """Answer what no handler expected, inside of the request id; once bytes have gone out, the
    connection breaks off instead."""

    def __init__(self, app: ASGIApp, respond: Respond) -> None:
        self.app = app
        self.respond = respond

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        started = False

        async def watched_send(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watched_send)
        except Exception as error:
            if started or scope["type"] != "http":
                raise
            await self.respond(Request(scope), user_error(error))(scope, receive, send)


def install(app: FastAPI, respond: Respond) -> None:
    """Make every exception that reaches the application leave it as `respond` renders it."""

    async def render(request: Request, error: Exception) -> Response:
        return respond(request, user_error(error))

    for kind in (StarhaulError, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, render)
    app.add_middleware(ProblemMiddleware, respond=respond)
