"""A protocol's query answered to whoever asks: from the reader's pool, as HEAD without running."""

from collections.abc import Callable, Sequence
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from service.archive import archive_of
from service.principal import principal_of
from service.request_id import current_request_id
from service.results.descriptors import Service
from service.results.format import Format
from service.results.response import Result, ResultResponse, result_headers
from service.results.rows import query_slot
from service.results.wire import Query


def answer(
    request: Request,
    query: Query,
    *,
    form: Format,
    maxrec: int | None,
    on_error: Callable[[Exception], Response],
    services: Sequence[Service] = (),
) -> Response:
    """The rows of a query that this principal may read.

    `maxrec` None is the archive's default. An error before the first byte is `on_error`'s.
    """
    archive = archive_of(request)
    settings = archive.settings
    gzip = "gzip" in request.headers.get("accept-encoding", "").lower()
    if request.method == "HEAD":
        return Response(headers=result_headers(form, gzip=gzip), media_type=form.media_type)
    return ResultResponse(
        archive.database.reader,
        Result(
            query=query,
            form=form,
            maxrec=settings.default_maxrec if maxrec is None else maxrec,
            timeout_s=settings.query_timeout_s,
            infos=[
                ("server", "Starhaul", f"{settings.title}, {settings.base_url}{request.url.path}"),
                ("request_id", current_request_id(), ""),
            ],
            spool_folder=str(settings.scratch),
            slot=partial(query_slot, principal=principal_of(request)),
            services=services,
        ),
        gzip=gzip,
        on_error=on_error,
    )
