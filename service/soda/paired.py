"""The results of a job with UPLOAD: what became of each row, and where its package is."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.archive import archive_of
from service.errors import NotFound
from service.pairing.room import pairing_of
from service.pairing.running import PACKAGE, PACKING_ROOM
from service.pairing.statuses import FORMATS, STATUSES, StatusQuery
from service.results.response import Result, ResultResponse, result_headers
from service.soda.errors import error_response
from service.soda.room import SODA_ROOM
from service.storage.sending import content_disposition
from service.uws.routes import job_of

_FIRST_ROW_S = 60.0
_NO_STORE = {"Cache-Control": "no-store"}


async def paired_result(request: Request) -> Response:
    """GET /soda/async/{id}/results/{name}"""
    archive = archive_of(request)
    job = await job_of(request, SODA_ROOM)
    name = request.path_params["name"]
    if name != PACKAGE and name not in FORMATS:
        raise NotFound(f"job {job.id} has no result {name[:60]!r}; its document lists what it has")
    pairing = await pairing_of(archive, job)
    if name == PACKAGE:
        if pairing.bulk_job is None:
            raise NotFound(f"job {job.id} made no product; {STATUSES} says why")
        url = f"{archive.settings.base_url}/{PACKING_ROOM}/{pairing.bulk_job}"
        return RedirectResponse(url, status_code=303, headers=_NO_STORE)
    form = FORMATS[name]
    saved = f"{name.partition('.')[0]}-{job.id[:8]}.{form.extension}"
    headers = result_headers(form, gzip=False) | {"Content-Disposition": content_disposition(saved)}
    if request.method == "HEAD":
        return Response(headers=headers, media_type=form.media_type)
    response = ResultResponse(
        archive.database.owner_copy,
        Result(StatusQuery(pairing.id), form, maxrec=None, timeout_s=_FIRST_ROW_S),
        gzip=False,
        on_error=error_response,
    )
    response.headers.update(headers)
    return response
