"""Errors outside of the protocols: pages for browsers, problem+json for programs."""

from starlette.requests import Request
from starlette.responses import Response

from service.archive import archive_of
from service.errors import StarhaulError
from service.html.rendering import html
from service.problems import headers_of, problem
from service.request_id import current_request_id


def wants_page(request: Request) -> bool:
    """Whether the client is a browser: it names text/html, and neither JSON nor GIF images.

    STILTS, TOPCAT and Aladin send Java's own list, "text/html, image/gif, image/jpeg, */*".
    """
    accept = request.headers.get("accept", "")
    return "text/html" in accept and "image/gif" not in accept and "json" not in accept


def page_or_problem(request: Request, error: StarhaulError) -> Response:
    """The error as HTML for a browser, as problem+json for everything else."""
    if not wants_page(request):
        return problem(error)
    return html(
        "service.pages",
        "error.html",
        status=error.status,
        headers=headers_of(error),
        title=archive_of(request).settings.title,
        error=error,
        request_id=current_request_id(),
    )
