"""/soda/sync: one cutout, answered by its own request (SODA 1.0 §2.1, §5)."""

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from service.archive import archive_of
from service.cutouts.errors import NoOverlap
from service.cutouts.wanted import Wanted
from service.cuttable.cutting import NATIVE
from service.cuttable.holdings import Cuttable, find_cuttable
from service.errors import StarhaulError, UsageError
from service.lane.response import BulkResponse
from service.parameters import read_parameters
from service.principal import principal_of
from service.soda.errors import error_response, no_content
from service.soda.making import cutout, etag
from service.soda.request import refuse_several, soda_request
from service.storage.digests import repr_digest
from service.storage.ranges import Version, not_modified
from service.storage.sending import Content
from service.storage.single import file_buffers
from service.storage.store import store_of
from service.uws.routes import prefers_html


async def answer_sync(request: Request) -> Response:
    """The cutout; 204 where the dataset has nothing of it. A browser is shown a page instead.

    Without a filter it is the whole file, which can be had in ranges.
    """
    archive = archive_of(request)
    parameters = await read_parameters(request, max_body=archive.settings.max_body_bytes)
    if parameters.many("UPLOAD"):
        raise UsageError("/soda/sync takes no UPLOAD; send the table to /soda/async")
    refuse_several(parameters)
    asked = soda_request(parameters)
    (combination,) = asked.combinations()
    found = await find_cuttable(archive, asked.ids, principal_of(request))
    cuttable = found[combination.identifier]
    if isinstance(cuttable, StarhaulError):
        raise cuttable
    if combination.wanted == Wanted() and asked.form == NATIVE:
        return BulkResponse(request, _whole(cuttable), error_response)
    version = Version(
        etag(cuttable, combination.wanted, asked.form),
        datetime.fromtimestamp(cuttable.state.mtime_ns / 1e9, UTC),
    )
    if not_modified(request.headers, version):
        return Response(status_code=304, headers={"ETag": f"W/{version.etag}"})
    try:
        made = await cutout(cuttable, combination.wanted, asked.form)
    except NoOverlap as error:
        if prefers_html(request):
            raise  # a browser would stay where it is, and show nothing
        return no_content(error.message)
    return BulkResponse(request, made, error_response)


def _whole(cuttable: Cuttable) -> Content:
    """The file as /files has it."""
    store = store_of(cuttable.root)
    modified = datetime.fromtimestamp(cuttable.state.mtime_ns / 1e9, UTC)
    return Content(
        size=cuttable.state.size,
        version=Version(f'"{cuttable.sha256.hex()}"', modified),
        media_type=cuttable.media_type,
        filename=cuttable.name,
        buffers=lambda span: file_buffers(
            lambda wanted: store.open(cuttable.path, cuttable.state, cuttable.sha256, wanted),
            cuttable.path,
            span,
        ),
        extra=repr_digest(cuttable.sha256),
    )
