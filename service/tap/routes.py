"""The URLs below /tap."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.errors import NotFound
from service.tap.errors import error_response
from service.tap.sync import answer_sync

router = APIRouter(prefix="/tap", tags=["TAP"])

_READ = ["GET", "HEAD"]


@router.api_route("/sync", methods=["GET", "HEAD", "POST"], summary="Run an ADQL query")
async def sync(request: Request) -> Response:
    """Answer QUERY with its rows (TAP 1.1 §2.1)."""
    return await answer_sync(request)


@router.api_route("", methods=_READ, include_in_schema=False)
@router.api_route("/", methods=_READ, include_in_schema=False)
async def about() -> Response:
    """People who open the service's URL are shown how to use it."""
    return RedirectResponse("/docs", status_code=303)


@router.api_route(
    "/{path:path}", methods=["GET", "HEAD", "POST", "DELETE"], include_in_schema=False
)
async def unknown(path: str) -> Response:
    """Everything else is a 404 that VO clients can show."""
    return error_response(
        NotFound(
            f"TAP has no resource {path[:60]!r}; it has sync, capabilities, tables and availability"
        )
    )
