"""Errors as pages, for those who ask with a browser."""

from starlette.requests import Request
from starlette.responses import Response

from service.archive import archive_of
from service.errors import StarhaulError
from service.pages.rendering import html
from service.request_id import current_request_id


def wants_page(request: Request) -> bool:
    """Whether the client is a browser: it names text/html and does not prefer JSON.

    STILTS and TOPCAT name text/html too, ahead of image types, but accept anything; Java's own
    list is told apart by its image/gif.
    """
    accept = request.headers.get("accept", "")
    return "text/html" in accept and "image/gif" not in accept and "json" not in accept


def error_page(request: Request, error: StarhaulError, headers: dict[str, str]) -> Response:
    """The error as HTML, with its status and headers."""
    return html(
        "error.html",
        status=error.status,
        headers=headers,
        title=archive_of(request).settings.title,
        error=error,
        request_id=current_request_id(),
    )
