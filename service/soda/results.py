"""GET of a job's results, with Range, ETag and HEAD."""

from starlette.requests import Request
from starlette.responses import Response

from service.archive import archive_of
from service.errors import Gone, NotFound
from service.lane.response import BulkResponse
from service.soda.errors import error_response
from service.soda.room import SODA_ROOM
from service.soda.staged import result_key
from service.storage.sending import Content
from service.storage.single import file_buffers, version_of
from service.storage.work import work_store
from service.uws.routes import job_of


async def result(request: Request) -> Response:
    """GET /soda/async/{id}/results/{result}/{name}"""
    archive = archive_of(request)
    job = await job_of(request, SODA_ROOM)
    identity, name = request.path_params["result"], request.path_params["name"]
    listed = next((each for each in job.results if each.id == identity), None)
    if listed is None:
        reason = f": {job.error_message}" if job.error_message else ""
        raise NotFound(
            f"job {job.id} has no result {identity[:60]!r}; its phase is {job.phase}{reason}"
        )
    key = result_key(job.id, identity)
    store = work_store(archive.settings.work_store_url)
    state = await store.state(key)
    if state is None:
        raise Gone(f"{identity} of job {job.id} is no longer in the work store; run the job again")
    content = Content(
        size=state.size,
        version=version_of(state),
        media_type=listed.media_type or "application/octet-stream",
        filename=name,
        buffers=lambda span: file_buffers(
            lambda wanted: store.files.open(key, state, b"", wanted), key, span
        ),
    )
    return BulkResponse(request, content, error_response)
