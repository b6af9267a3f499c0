"""The URLs below /cone."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from service.archive import archive_of
from service.cone.errors import error_response
from service.cone.query import cone_query
from service.cone.request import cone_request
from service.cone.somewhere import somewhere_in
from service.cone.tables import cone_table, cone_tables
from service.cone.vosi import cone_capabilities, service_path
from service.parameters import read_parameters
from service.results.answer import answer
from service.vosi import MEDIA_TYPE
from service.vosi.availability import availability_document

_READ = ["GET", "HEAD"]
_NO_STORE = {"Cache-Control": "no-store"}
_PARAMETERS = {
    "RA": {"type": "number", "minimum": 0, "maximum": 360, "description": "ICRS, degrees"},
    "DEC": {"type": "number", "minimum": -90, "maximum": 90, "description": "ICRS, degrees"},
    "SR": {"type": "number", "minimum": 0, "maximum": 180, "description": "radius, degrees"},
    "VERB": {"type": "integer", "enum": [1, 2, 3], "default": 2, "description": "3: all columns"},
    "MAXREC": {"type": "integer", "minimum": 0, "description": "rows at most"},
    "RESPONSEFORMAT": {"type": "string", "description": "VOTable when absent"},
}

router = APIRouter(prefix="/cone", tags=["Cone search"])


@router.api_route("", methods=_READ, summary="The tables that can be searched")
async def searches(request: Request) -> Response:
    """Every table with a position, and the URL of its cone search."""
    archive = archive_of(request)
    found = cone_tables(await archive.catalogue.get()).values()
    return JSONResponse(
        [
            {
                "table": cone.name,
                "url": f"{archive.settings.base_url}{service_path(cone)}",
                "description": cone.table.description,
            }
            for cone in found
        ]
    )


@router.api_route("/{name:path}/capabilities", methods=_READ, summary="What a search can do")
async def capabilities(request: Request, name: str) -> Response:
    """The limits of the search of one table, and a query that finds something."""
    archive = archive_of(request)
    cone = cone_table(await archive.catalogue.get(), name)
    place = await somewhere_in(archive.database.reader, cone)
    return Response(cone_capabilities(archive.settings, cone, place), media_type=MEDIA_TYPE)


@router.api_route("/{name:path}/availability", methods=_READ, summary="Whether a search is up")
async def availability(request: Request, name: str) -> Response:
    """VOSI availability of the search of one table."""
    archive = archive_of(request)
    cone_table(await archive.catalogue.get(), name)
    document = await availability_document(archive.database.reader)
    return Response(document, media_type=MEDIA_TYPE, headers=_NO_STORE)


@router.api_route(
    "/{name:path}",
    methods=[*_READ, "POST"],
    summary="What lies within a circle",
    openapi_extra={
        "parameters": [
            {"name": name, "in": "query", "required": name in ("RA", "DEC", "SR"), "schema": schema}
            for name, schema in _PARAMETERS.items()
        ]
    },
)
async def search(request: Request, name: str) -> Response:
    """The rows of a table within SR degrees of RA, DEC (SCS 1.03)."""
    try:
        archive = archive_of(request)
        parameters = await read_parameters(request, max_body=archive.settings.max_body_bytes)
        catalogue = await archive.catalogue.get()
        cone = cone_table(catalogue, name)
        asked = cone_request(parameters)
        query = cone_query(cone, asked, catalogue)
        response = answer(
            request, query, form=asked.form, maxrec=asked.maxrec, on_error=error_response
        )
        response.headers["Content-Type"] = asked.form.media_type  # as it is, without a charset
        return response
    except Exception as error:
        return error_response(error)
