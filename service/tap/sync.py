"""/tap/sync: a query answered by its own request (TAP 1.1 §2.1)."""

from starlette.requests import Request
from starlette.responses import Response

from service.archive import archive_of
from service.language import translated
from service.parameters import read_parameters
from service.request_id import current_request_id
from service.results.response import Result, ResultResponse, result_headers
from service.tap.errors import error_response
from service.tap.query import result_infos, tap_query


async def answer_sync(request: Request) -> Response:
    """The result of a query, or a VOTable that says why there is none.

    HEAD checks the query without running it.
    """
    try:
        return await _result(request)
    except Exception as error:
        return error_response(error)


async def _result(request: Request) -> Response:
    archive = archive_of(request)
    settings = archive.settings
    parameters = await read_parameters(request, max_body=settings.max_body_bytes)
    query = tap_query(parameters, default_maxrec=settings.default_maxrec)
    translation = await translated(query.text, query.language, await archive.catalogue.get())
    gzip = "gzip" in request.headers.get("accept-encoding", "").lower()
    if request.method == "HEAD":
        return Response(
            headers=result_headers(query.form, gzip=gzip), media_type=query.form.media_type
        )
    origin = ("request_id", current_request_id(), "")
    infos = result_infos(query, translation, settings, parameters.single("RUNID"), origin)
    return ResultResponse(
        archive.database.reader,
        Result(
            query=translation,
            form=query.form,
            maxrec=query.maxrec,
            timeout_s=settings.query_timeout_s,
            infos=infos,
            spool_folder=settings.work_store_url,
        ),
        gzip=gzip,
        on_error=error_response,
    )
