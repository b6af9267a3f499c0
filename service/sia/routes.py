"""The URLs below /sia."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.archive import archive_of
from service.language import Language, translated
from service.parameters import FORM_TYPES, read_parameters
from service.results.answer import answer
from service.results.errors import fault_response
from service.results.services import dataset_services
from service.sia.query import sia_query
from service.sia.request import sia_request
from service.sia.vosi import PARAMETERS, PATH, sia_capabilities, this_service
from service.vosi import MEDIA_TYPE
from service.vosi.availability import availability_document

_READ = ["GET", "HEAD"]
_NO_STORE = {"Cache-Control": "no-store"}
_ADQL = Language("ADQL", "ADQL", given=True)
_ONCE = ("MAXREC", "RESPONSEFORMAT")
_SCHEMAS = {
    each.name: {"type": "string", "description": each.description}
    if each.name in _ONCE
    else {"type": "array", "items": {"type": "string"}, "description": each.description}
    for each in PARAMETERS
}

router = APIRouter(prefix=PATH, tags=["SIA"])


async def _query(request: Request) -> Response:
    try:
        archive = archive_of(request)
        settings = archive.settings
        parameters = await read_parameters(request, max_body=settings.max_body_bytes)
        asked = sia_request(parameters)
        query = await translated(sia_query(asked), _ADQL, await archive.catalogue.get())
        columns = [column.meta for column in query.columns]
        return answer(
            request,
            query,
            form=asked.form,
            maxrec=asked.maxrec,
            services=(*dataset_services(columns, settings), this_service(settings)),
            on_error=fault_response,
        )
    except Exception as error:
        return fault_response(error)


@router.api_route(
    "/query",
    methods=_READ,
    summary="Images and cubes that meet each parameter",
    openapi_extra={
        "parameters": [
            {"name": name, "in": "query", "schema": schema} for name, schema in _SCHEMAS.items()
        ]
    },
)
async def query(request: Request) -> Response:
    """Rows of ObsCore (SIA 2.0 §3)."""
    return await _query(request)


@router.post(
    "/query",
    summary="The same for many values",
    openapi_extra={
        "requestBody": {
            "content": {
                form: {"schema": {"type": "object", "properties": _SCHEMAS}} for form in FORM_TYPES
            }
        }
    },
)
async def long_query(request: Request) -> Response:
    """Rows of ObsCore (SIA 2.0 §3)."""
    return await _query(request)


@router.api_route("/capabilities", methods=_READ, summary="What this service can do")
async def capabilities(request: Request) -> Response:
    """The query with its parameters and the VOSI resources."""
    return Response(sia_capabilities(archive_of(request).settings), media_type=MEDIA_TYPE)


@router.api_route("/availability", methods=_READ, summary="Whether this service is up")
async def availability(request: Request) -> Response:
    """VOSI availability."""
    document = await availability_document(archive_of(request).database.reader)
    return Response(document, media_type=MEDIA_TYPE, headers=_NO_STORE)


@router.api_route("", methods=_READ, include_in_schema=False)
async def about(request: Request) -> Response:
    """Who opens the service's URL searches where there are parameters, and is told how without."""
    if request.url.query:
        return await _query(request)
    return RedirectResponse("/docs/user-guide#find-images-sia", status_code=303)
