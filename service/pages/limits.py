"""/limits: what a query, a job and a download may take, for people; where programs read it."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from service.archive import archive_of
from service.html.rendering import html
from service.lane.limits import limits_of
from service.pages.errors import wants_page

_VARIES = {"Vary": "Accept"}


async def limits(request: Request) -> Response:
    """GET /limits"""
    settings = archive_of(request).settings
    downloads = limits_of(settings)
    if wants_page(request):
        return html(
            "service.pages",
            "limits.html",
            headers=_VARIES,
            title=settings.title,
            settings=settings,
            downloads=downloads,
        )
    return JSONResponse(
        {
            "queries": f"{settings.base_url}/tap/limits",
            "bulk": f"{settings.base_url}/bulk/limits",
            "downloads": downloads.model_dump(),
        },
        headers=_VARIES,
    )
