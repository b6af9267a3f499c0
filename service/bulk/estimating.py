"""GET and POST /bulk/estimate: what a job with these parameters would be."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from service.archive import archive_of
from service.bulk.estimate import estimate
from service.bulk.request import bulk_request
from service.errors import TooMany
from service.multipart import incoming_files
from service.parameters import read_parameters
from service.principal import principal_of

# An estimate holds connections and memory as a job does, but in this process.
_AT_ONCE = 2
_RETRY_AFTER_S = 5


def _slots(request: Request) -> asyncio.Semaphore:
    state = request.app.state
    if not hasattr(state, "bulk_estimates"):
        state.bulk_estimates = asyncio.Semaphore(_AT_ONCE)
    slots: asyncio.Semaphore = state.bulk_estimates
    return slots


async def answer_estimate(request: Request) -> Response:
    """The estimate as JSON; errors as those of a job with these parameters."""
    archive = archive_of(request)
    settings = archive.settings
    async with incoming_files(settings.scratch, settings.upload_bytes) as place:
        parameters = await read_parameters(request, max_body=settings.max_body_bytes, files=place)
        wanted = bulk_request(parameters)
        slots = _slots(request)
        if slots.locked():
            raise TooMany(
                "the archive makes other estimates at the moment; send the request again",
                retry_after=_RETRY_AFTER_S,
            )
        async with slots:
            found = await estimate(archive, wanted, parameters.files, principal_of(request))
    return Response(
        found.model_dump_json(),
        media_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
