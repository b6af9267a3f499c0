"""/tap/sync: a query answered by its own request (TAP 1.1 §2.1)."""

from contextlib import AsyncExitStack

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from service.archive import archive_of
from service.language import translated
from service.multipart import incoming_files
from service.parameters import read_parameters
from service.principal import principal_of
from service.request_id import current_request_id
from service.results.errors import error_response
from service.results.response import Result, ResultResponse, result_headers
from service.results.services import dataset_services
from service.tap.query import result_infos, tap_query
from service.uploads.session import opened_uploads


class _Holding(Response):
    """A response, and what is open for it until it is sent: the uploads of its query."""

    def __init__(self, response: Response, held: AsyncExitStack) -> None:
        super().__init__()
        self._response = response
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._held:
            await self._response(scope, receive, send)


async def answer_sync(request: Request) -> Response:
    """The result of a query, or a VOTable that says why there is none.

    HEAD checks the query without running it.
    """
    try:
        async with AsyncExitStack() as held:
            response = await _result(request, held)
            return _Holding(response, held.pop_all())
    except Exception as error:
        return error_response(error)


async def _result(request: Request, held: AsyncExitStack) -> Response:
    archive = archive_of(request)
    settings = archive.settings
    place = await held.enter_async_context(incoming_files(settings.scratch, settings.upload_bytes))
    parameters = await read_parameters(request, max_body=settings.max_body_bytes, files=place)
    query = tap_query(parameters, default_maxrec=settings.default_maxrec)
    uploads = await held.enter_async_context(
        opened_uploads(query.uploads, parameters.files, settings, principal_of(request))
    )
    catalogue = uploads.seen_with(await archive.catalogue.get())
    translation = await translated(query.text, query.language, catalogue)
    gzip = "gzip" in request.headers.get("accept-encoding", "").lower()
    if request.method == "HEAD":
        return Response(
            headers=result_headers(query.form, gzip=gzip), media_type=query.form.media_type
        )
    origin = ("request_id", current_request_id(), "")
    infos = result_infos(query, translation, settings, parameters.single("RUNID"), origin)
    return ResultResponse(
        archive.database.uploads if query.uploads else archive.database.reader,
        Result(
            query=translation,
            form=query.form,
            maxrec=query.maxrec,
            timeout_s=settings.query_timeout_s,
            infos=infos,
            spool_folder=str(settings.scratch),
            slot=uploads.slot,
            services=dataset_services([column.meta for column in translation.columns], settings),
        ),
        gzip=gzip,
        on_error=error_response,
    )
