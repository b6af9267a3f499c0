"""The URLs below /soda."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.archive import archive_of
from service.parameters import FORM_TYPES
from service.results.cutouts import PATH
from service.soda.examples import examples
from service.soda.paired import paired_result
from service.soda.results import result
from service.soda.room import SODA_ROOM
from service.soda.sync import answer_sync
from service.soda.vosi import PARAMETERS, soda_capabilities
from service.uws.routes import job_routes
from service.vosi import MEDIA_TYPE
from service.vosi.availability import availability_document

_READ = ["GET", "HEAD"]
_NO_STORE = {"Cache-Control": "no-store"}
_SCHEMAS = {each.name: {"type": "string", "description": each.description} for each in PARAMETERS}

_soda = APIRouter(prefix=PATH, tags=["SODA"])


@_soda.api_route(
    "/sync",
    methods=_READ,
    summary="A part of a dataset",
    openapi_extra={
        "parameters": [
            {"name": name, "in": "query", "required": name == "ID", "schema": schema}
            for name, schema in _SCHEMAS.items()
        ]
    },
)
async def sync(request: Request) -> Response:
    """The cutout; 204 where the dataset has nothing of it (SODA 1.0 §5)."""
    return await answer_sync(request)


@_soda.post(
    "/sync",
    summary="The same with parameters of any length",
    openapi_extra={
        "requestBody": {
            "content": {
                form: {"schema": {"type": "object", "properties": _SCHEMAS, "required": ["ID"]}}
                for form in FORM_TYPES
            }
        }
    },
)
async def long_sync(request: Request) -> Response:
    """The cutout; 204 where the dataset has nothing of it (SODA 1.0 §5)."""
    return await answer_sync(request)


@_soda.api_route("/capabilities", methods=_READ, summary="What this service can do")
async def capabilities(request: Request) -> Response:
    """Both kinds of request with their parameters, and the VOSI resources."""
    return Response(soda_capabilities(archive_of(request).settings), media_type=MEDIA_TYPE)


@_soda.api_route("/availability", methods=_READ, summary="Whether this service is up")
async def availability(request: Request) -> Response:
    """VOSI availability."""
    document = await availability_document(archive_of(request).database.owner_copy)
    return Response(document, media_type=MEDIA_TYPE, headers=_NO_STORE)


@_soda.api_route("/examples", methods=_READ, summary="Cutouts to try")
async def cutout_examples(request: Request) -> Response:
    """XHTML with RDFa (DALI 1.1 §2.3)."""
    return await examples(request)


@_soda.api_route("", methods=_READ, include_in_schema=False)
async def about() -> Response:
    """People who open the service's URL are shown how to use it."""
    return RedirectResponse("/docs/user-guide#cut-out-what-you-need-soda", status_code=303)


router = APIRouter()
router.include_router(_soda)
router.include_router(job_routes(SODA_ROOM))
router.add_route(
    f"{SODA_ROOM.path}/{{job_id}}/results/{{name}}",
    paired_result,
    methods=_READ,
    include_in_schema=False,
)
router.add_route(
    f"{SODA_ROOM.path}/{{job_id}}/results/{{result}}/{{name}}",
    result,
    methods=_READ,
    include_in_schema=False,
)
