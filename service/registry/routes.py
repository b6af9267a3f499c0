"""/registry: a publishing registry to be harvested by OAI-PMH 2.0."""

from datetime import UTC, datetime
from typing import cast

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.archive import archive_of
from service.parameters import read_parameters
from service.registry.oai import ARGUMENT_NAMES, respond
from service.registry.records import PATH
from service.registry.snapshot import RegistryCache
from service.uws.routes import prefers_html

_GUIDE = "/docs/publisher-guide#be-found-the-registry"
# Parameters come by upper-case names.
_NAMES = {name.upper(): name for name in ARGUMENT_NAMES}

router = APIRouter(tags=["Registry"])


def _registry_of(request: Request) -> RegistryCache:
    return cast(RegistryCache, request.app.state.registry)


@router.api_route(PATH, methods=["GET", "HEAD", "POST"], summary="Harvest by OAI-PMH 2.0")
async def harvest(request: Request) -> Response:
    """The answer to a verb; errors have their own codes, with status 200 (OAI-PMH 2.0 §3.6).
    People who open the address in a browser are told of it."""
    if not request.url.query and request.method != "POST" and prefers_html(request):
        return RedirectResponse(_GUIDE, status_code=303)
    settings = archive_of(request).settings
    parameters = await read_parameters(request, max_body=settings.max_body_bytes)
    pairs = [
        (_NAMES.get(name, name), value)
        for name, values in parameters.values.items()
        for value in values
    ]
    repository = await _registry_of(request).get()
    document = respond(repository, pairs, datetime.now(UTC))
    return Response(document, media_type="text/xml", headers={"Cache-Control": "no-store"})
