"""The pages: `/`, `/docs` and the files that they are made of."""

from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import FileResponse, Response

from service.archive import archive_of
from service.errors import NotFound
from service.html import sky_map
from service.html.rendering import html
from service.pages import documentation
from service.pages.coverage import coverage
from service.pages.first_steps import first_steps
from service.pages.holdings import HoldingsCache
from service.pages.limits import limits
from service.pages.services import SERVICES

_STATIC = Path(__file__).parent / "static"
_DAY = {"Cache-Control": "public, max-age=3600"}
_METHODS = ["GET", "HEAD"]


def routes() -> APIRouter:
    """A router with a cache of its own for what the archive holds."""
    router = APIRouter(include_in_schema=False)
    holdings = HoldingsCache()

    @router.api_route("/", methods=_METHODS)
    async def home(request: Request) -> Response:
        archive = archive_of(request)
        held = await holdings.get(archive.database)
        return html(
            "service.pages",
            "home.html",
            headers={"Cache-Control": "no-cache"},
            title=archive.settings.title,
            base_url=archive.settings.base_url,
            holdings=held,
            coverage=coverage(held.collections),
            dots=sky_map.dots(cell.place() for cell in held.sky),
            sky=sky_map,
            steps=first_steps(archive.settings.base_url, held.example),
            services=SERVICES,
        )

    @router.api_route("/docs", methods=_METHODS)
    async def docs_index(request: Request) -> Response:
        return _document(request, "index")

    @router.api_route("/docs/images/{name}", methods=_METHODS)
    async def docs_image(name: str) -> Response:
        return _file(documentation.DOCS / "images", name)

    @router.api_route("/docs/{name:path}", methods=_METHODS)
    async def docs_page(request: Request, name: str) -> Response:
        return _document(request, name)

    router.add_api_route("/limits", limits, methods=_METHODS)

    @router.api_route("/static/{name}", methods=_METHODS)
    async def static(name: str) -> Response:
        return _file(_STATIC, name)

    return router


def _document(request: Request, name: str) -> Response:
    settings = archive_of(request).settings
    return html(
        "service.pages",
        "document.html",
        title=settings.title,
        page=documentation.page(name, settings.base_url),
        navigation=documentation.navigation(),
    )


def _file(folder: Path, name: str) -> Response:
    # The name is looked up in the listing, so no name leads out of the folder.
    for path in folder.iterdir():
        if path.name == name and path.is_file():
            return FileResponse(path, headers=_DAY)
    raise NotFound(f"there is no file '{name}' here")
