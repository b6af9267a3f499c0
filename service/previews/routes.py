"""GET /previews/{file id}.png and .svg, with SIZE=128 for a small one."""

from pathlib import PurePosixPath
from typing import cast

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from service.archive import archive_of
from service.errors import NotFound, UsageError
from service.parameters import Parameters, read_parameters
from service.previews.asking import Preview, preview_of
from service.previews.drawable import EXTENSIONS, LARGE, SIZES
from service.previews.kept import store_of_previews
from service.principal import client_of, principal_of
from service.storage.ranges import Version
from service.storage.sending import Content
from service.storage.single import ContentResponse, file_buffers, version_of
from service.uws.jobs import Jobs

_FRESH_S = 3600
# A picture that somebody opens by itself runs nothing.
_ALONE = "default-src 'none'; style-src 'unsafe-inline'"


async def preview(request: Request) -> Response:
    """GET /previews/{number}.{extension}; waits until it is drawn."""
    number, extension = request.path_params["number"], request.path_params["extension"]
    settings = archive_of(request).settings
    size = _size(await read_parameters(request, max_body=settings.max_body_bytes))
    principal = principal_of(request)
    found = await preview_of(
        cast(Jobs, request.app.state.jobs),
        number,
        size,
        principal,
        principal or client_of(request),
    )
    right = EXTENSIONS[found.drawable.media_type]
    if extension != right:
        raise NotFound(f"the preview of this file is at /previews/{number}.{right}")
    store = store_of_previews(settings)
    return ContentResponse(
        Content(
            size=found.state.size,
            version=Version(f'"{found.drawable.key}-{size}"', version_of(found.state).modified),
            media_type=found.drawable.media_type,
            filename="",
            buffers=lambda span: file_buffers(
                lambda wanted: store.files.open(found.file, found.state, b"", wanted),
                found.file,
                span,
            ),
            extra=_headers(found, right),
        )
    )


def _size(parameters: Parameters) -> int:
    asked = parameters.whole_number("SIZE")
    if asked is not None and asked not in SIZES:
        raise UsageError(f"SIZE={asked} is not known; use {' or '.join(map(str, SIZES))}")
    return asked or LARGE


def _headers(found: Preview, extension: str) -> dict[str, str]:
    whose = "private" if found.drawable.closed else "public"
    stem = PurePosixPath(found.drawable.path).name.partition(".fit")[0]
    name = "".join(c if c.isascii() and (c.isalnum() or c in "+-._") else "_" for c in stem)
    return {
        "Cache-Control": f"{whose}, max-age={_FRESH_S}, no-transform",
        "Content-Disposition": f'inline; filename="{name}.{extension}"',
        "Content-Security-Policy": _ALONE,
        "X-Content-Type-Options": "nosniff",
    }


router = APIRouter()
router.add_route(
    "/previews/{number}.{extension}", preview, methods=["GET", "HEAD"], include_in_schema=False
)
