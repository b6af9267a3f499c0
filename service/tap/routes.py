"""The URLs below /tap."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from service.archive import archive_of
from service.check.plan import Planner
from service.check.query import CheckedQuery, check_query
from service.errors import NotFound, UsageError
from service.examples import examples_of
from service.language import LANGUAGES, language_of
from service.parameters import FORM_TYPES, read_parameters
from service.problems import problem, user_error
from service.results.errors import error_response
from service.tap.capabilities import tap_capabilities
from service.tap.examples import examples_page
from service.tap.jobs import TAP_ROOM, result
from service.tap.limits import Limits, query_limits, with_modes
from service.tap.sync import answer_sync
from service.uws.routes import job_routes
from service.vosi import MEDIA_TYPE
from service.vosi.availability import availability_document
from service.vosi.capabilities import capabilities_document
from service.vosi.table_json import table_json
from service.vosi.tables import read_tap_schema, table_document, tableset_document

_tap = APIRouter(prefix="/tap", tags=["TAP"])

_READ = ["GET", "HEAD"]
_NO_STORE = {"Cache-Control": "no-store"}
_RESOURCES = {
    **dict.fromkeys(("sync", "async", "check"), "GET, HEAD, POST"),
    **dict.fromkeys(("tables", "examples", "capabilities", "availability", "limits"), "GET, HEAD"),
}
_CHECK_PARAMETERS = {
    "QUERY": {"type": "string", "description": "the query"},
    "LANG": {"type": "string", "enum": list(LANGUAGES), "default": "ADQL"},
    "SQL": {"type": "integer", "enum": [0, 1], "description": "1: show PostgreSQL's SELECT too"},
    "EXPLAIN": {"type": "integer", "enum": [0, 1], "description": "1: estimate rows and cost too"},
}


@_tap.api_route("/sync", methods=["GET", "HEAD", "POST"], summary="Run an ADQL query")
async def sync(request: Request) -> Response:
    """Answer QUERY with its rows (TAP 1.1 §2.1)."""
    return await answer_sync(request)


@_tap.api_route(
    "/check",
    methods=_READ,
    summary="Check an ADQL query without running it",
    response_model=CheckedQuery,
    openapi_extra={
        "parameters": [
            {"name": name, "in": "query", "required": name == "QUERY", "schema": schema}
            for name, schema in _CHECK_PARAMETERS.items()
        ]
    },
)
@_tap.post(
    "/check",
    summary="Check an ADQL query of any length",
    response_model=CheckedQuery,
    openapi_extra={
        "requestBody": {
            "content": {
                form: {"schema": {"type": "object", "properties": _CHECK_PARAMETERS}}
                for form in FORM_TYPES
            }
        }
    },
)
async def check(request: Request) -> Response:
    """Errors with their places, or the columns of the result; 200 in both cases."""
    try:
        archive = archive_of(request)
        parameters = await read_parameters(request, max_body=archive.settings.max_body_bytes)
        text = parameters.single("QUERY")
        if text is None:
            raise UsageError("QUERY is missing; give an ADQL query")
        database = archive.database
        planner = Planner(database.reader, database.owner_copy)
        checked = await check_query(
            text,
            language_of(parameters),
            await archive.catalogue.get(),
            sql=parameters.flag("SQL"),
            planner=planner if parameters.flag("EXPLAIN") else None,
        )
    except Exception as error:
        return problem(user_error(error))
    return Response(checked.to_json(), media_type="application/json", headers=_NO_STORE)


@_tap.api_route("/capabilities", methods=_READ, summary="What this service can do")
async def capabilities(request: Request) -> Response:
    """The languages, formats and limits (TAPRegExt 1.0); draft=1.1 tells limits by mode."""
    settings = archive_of(request).settings
    parameters = await read_parameters(request, max_body=settings.max_body_bytes)
    draft = parameters.single("DRAFT")
    if draft not in (None, "1.1"):
        raise UsageError(f"draft={draft!r} is not known; leave it out, or use 1.1")
    document = capabilities_document(tap_capabilities(settings))
    if draft is not None:
        document = with_modes(document, settings)
    return Response(document, media_type=MEDIA_TYPE)


@_tap.api_route("/limits", methods=_READ, summary="The limits of queries", response_model=Limits)
async def limits(request: Request) -> Response:
    """What a query, a job and an upload may take, as JSON."""
    found = query_limits(archive_of(request).settings)
    return Response(found.model_dump_json(by_alias=True), media_type="application/json")


@_tap.api_route("/availability", methods=_READ, summary="Whether this service is up")
async def availability(request: Request) -> Response:
    """VOSI availability."""
    document = await availability_document(archive_of(request).database.reader)
    return Response(document, media_type=MEDIA_TYPE, headers=_NO_STORE)


@_tap.api_route("/tables", methods=_READ, summary="The tables of the archive")
async def tables(request: Request) -> Response:
    """Every table; detail=min leaves the columns out (VOSI 1.1 §5)."""
    archive = archive_of(request)
    parameters = await read_parameters(request, max_body=archive.settings.max_body_bytes)
    detail = (parameters.single("DETAIL") or "max").lower()
    if detail not in ("min", "max"):
        raise UsageError(f"detail={detail!r} is not known; use min or max")
    content = await read_tap_schema(archive.database.owner)
    document = tableset_document(content, columns=detail == "max", esa=_is_tap_plus(request))
    return Response(document, media_type=MEDIA_TYPE, headers={"Vary": "User-Agent, Accept"})


def _is_tap_plus(request: Request) -> bool:
    """Whether astroquery's TapPlus asks, the one client that names neither itself nor a type."""
    return not {"user-agent", "accept"} & set(request.headers)


@_tap.api_route("/tables/{name:path}", methods=_READ, summary="One table with its columns")
async def table(request: Request, name: str) -> Response:
    """The table of that name, as TAP_SCHEMA.tables has it; as JSON also with its statistics."""
    database = archive_of(request).database
    if "application/json" in request.headers.get("accept", ""):
        async with database.owner_copy.acquire() as connection:
            return JSONResponse(await table_json(connection, name))
    content = await read_tap_schema(database.owner)
    return Response(table_document(content, name), media_type=MEDIA_TYPE)


@_tap.api_route("/examples", methods=_READ, summary="Example queries")
async def examples(request: Request) -> Response:
    """XHTML with RDFa (DALI 1.1 §2.3)."""
    found = await examples_of(request).get()
    return examples_page(found, archive_of(request).settings)


@_tap.api_route("", methods=_READ, include_in_schema=False)
@_tap.api_route("/", methods=_READ, include_in_schema=False)
async def about() -> Response:
    """People who open the service's URL are shown how to use it."""
    return RedirectResponse("/docs", status_code=303)


@_tap.api_route(
    "/{path:path}", methods=["GET", "HEAD", "POST", "PUT", "DELETE"], include_in_schema=False
)
async def unknown(request: Request, path: str) -> Response:
    """Everything else is a 404, or a 405 with the methods there are, that VO clients can show."""
    methods = _RESOURCES.get(path)
    if methods is None:
        return error_response(
            NotFound(f"TAP has no resource {path[:60]!r}; it has {', '.join(_RESOURCES)}")
        )
    refused = UsageError(f"/tap/{path} takes {methods}, not {request.method}")
    refused.status = 405
    response = error_response(refused)
    response.headers["Allow"] = methods
    return response


router = APIRouter()
router.include_router(job_routes(TAP_ROOM))
router.add_route(
    TAP_ROOM.path + "/{job_id}/results/result", result, methods=_READ, include_in_schema=False
)
router.include_router(_tap)
