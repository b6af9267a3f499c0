"""How a content leaves: as a page, or as one of its twins."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from service.archive import archive_of
from service.explorer import cells
from service.explorer.pictures import pictures
from service.explorer.twins import Content, Form, as_json, as_votable, split_suffix
from service.html.rendering import html

_HELPERS = {
    "cell": cells.cell,
    "is_number": cells.is_number,
    "shown": cells.shown,
    "query_url": cells.query_url,
    "table_url": cells.table_url,
    "schema_url": cells.schema_url,
    "pictures": pictures,
}


def page(
    request: Request,
    template: str,
    values: Mapping[str, Any],
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A page of this room, of a template and what it shows."""
    settings = archive_of(request).settings
    shown = {**_HELPERS, "title": settings.title, "base_url": settings.base_url, **values}
    sent = {"Cache-Control": "no-cache", "Vary": "Accept", **(headers or {})}
    return html("service.explorer", template, status=status, headers=sent, **shown)


def twin_or(
    request: Request,
    content: Content,
    form: Form,
    template: str,
    values: Mapping[str, Any] | None = None,
) -> Response:
    """The content in the form that was asked for; `values` are for the page alone."""
    if form is not Form.PAGE:
        response = as_json(content) if form is Form.JSON else as_votable(content)
        response.headers["Vary"] = "Accept"
        return response
    shown = {"content": content, "twins": _twins(request), **(values or {})}
    return page(request, template, shown)


def _twins(request: Request) -> list[tuple[str, str, str]]:
    """Name, media type and address of the page's twins."""
    path, _ = split_suffix(request.scope["raw_path"].decode("ascii"))
    query = f"?{request.url.query}" if request.url.query else ""
    return [
        ("JSON", "application/json", f"{path}{Form.JSON.value}{query}"),
        ("VOTable", "application/x-votable+xml", f"{path}{Form.VOTABLE.value}{query}"),
    ]
