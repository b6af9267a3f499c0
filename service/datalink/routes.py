"""The URLs below /datalink."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from service.archive import archive_of
from service.config import Settings
from service.datalink.cutouts import read_services
from service.datalink.links import LinksQuery
from service.datalink.page import links_page, read_page
from service.datalink.request import LinksRequest, links_request
from service.datalink.vosi import vosi_routes
from service.parameters import FORM_TYPES, read_parameters
from service.principal import principal_of
from service.request_id import current_request_id
from service.results.descriptors import Service
from service.results.errors import fault_response
from service.results.response import Result, ResultResponse, result_headers
from service.results.rows import Connection, query_slot
from service.results.services import LINKS_STANDARD, links_service, package_service
from service.uws.routes import prefers_html

if TYPE_CHECKING:
    import asyncpg

_ID_COLUMN = 0
_FIRST_ROW_S = 60.0
_PARAMETERS = {
    "ID": {
        "type": "array",
        "items": {"type": "string"},
        "description": "obs_publisher_did of a dataset; may be repeated",
    },
    "RESPONSEFORMAT": {"type": "string", "description": "VOTable when absent"},
}


async def _links(request: Request) -> Response:
    try:
        archive = archive_of(request)
        parameters = await read_parameters(request, max_body=archive.settings.max_body_bytes)
        asked = links_request(parameters, archive.settings.datalink_ids)
        gzip = "gzip" in request.headers.get("accept-encoding", "").lower()
        if prefers_html(request) and not asked.named_form:
            async with _slot_of(principal_of(request), archive.database.owner_copy) as connection:
                shown = await read_page(connection, asked.ids)
            return links_page(archive.settings, asked.ids, shown)
        if request.method == "HEAD":
            headers = result_headers(asked.form, gzip=gzip)
            return Response(headers=headers, media_type=asked.form.media_type)
        async with _slot_of(principal_of(request), archive.database.owner_copy) as connection:
            cutouts = await read_services(connection, asked.ids, archive.settings)
        response = ResultResponse(
            archive.database.owner_copy,
            _result(asked, archive.settings, principal_of(request), cutouts),
            gzip=gzip,
            on_error=fault_response,
        )
        response.headers["Vary"] = "Accept, Accept-Encoding"
        return response
    except Exception as error:
        if prefers_html(request):
            raise  # people are shown the archive's own page of errors
        return fault_response(error)


def _result(
    asked: LinksRequest, settings: Settings, principal: str | None, cutouts: Sequence[Service]
) -> Result:
    return Result(
        query=LinksQuery(asked.ids),
        form=asked.form,
        maxrec=None,
        timeout_s=_FIRST_ROW_S,
        infos=[
            ("standardID", LINKS_STANDARD, ""),
            ("server", "Starhaul", f"{settings.title}, {settings.base_url}/datalink/links"),
            ("request_id", current_request_id(), ""),
        ],
        spool_folder=str(settings.scratch),
        slot=partial(_slot_of, principal),
        services=(
            *cutouts,
            package_service(settings, _ID_COLUMN),
            links_service(settings, None),
        ),
        truncated=asked.truncated,
    )


@asynccontextmanager
async def _slot_of(
    principal: str | None, pool: "asyncpg.Pool[asyncpg.Record]"
) -> AsyncIterator[Connection]:
    """A connection that reads what this principal may read."""
    async with query_slot(pool) as connection:
        await connection.execute(
            "SELECT set_config('starhaul.principal', $1, false)", principal or ""
        )
        yield connection


_datalink = APIRouter(prefix="/datalink", tags=["DataLink"])


@_datalink.api_route(
    "/links",
    methods=["GET", "HEAD"],
    summary="Everything that belongs to some datasets",
    openapi_extra={
        "parameters": [
            {"name": name, "in": "query", "schema": schema} for name, schema in _PARAMETERS.items()
        ]
    },
)
async def links(request: Request) -> Response:
    """One row a link, for each ID (DataLink 1.1 §3)."""
    return await _links(request)


@_datalink.post(
    "/links",
    summary="The same for many datasets",
    openapi_extra={
        "requestBody": {
            "content": {
                form: {"schema": {"type": "object", "properties": _PARAMETERS}}
                for form in FORM_TYPES
            }
        }
    },
)
async def links_of_many(request: Request) -> Response:
    """One row a link, for each ID (DataLink 1.1 §3)."""
    return await _links(request)


router = APIRouter()
router.include_router(vosi_routes)
router.include_router(_datalink)
