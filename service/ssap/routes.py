"""The URLs below /ssap: one service over all collections, and one for each."""

from dataclasses import replace
from functools import partial

from fastapi import APIRouter
from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import Response

from schema.tables.archive import collection
from service.archive import Archive, archive_of
from service.errors import NotFound
from service.parameters import Parameters, read_parameters
from service.principal import principal_of
from service.request_id import current_request_id
from service.results import tabledata
from service.results.descriptors import dataset_services
from service.results.format import Format, Head
from service.results.response import Result, ResultResponse, result_headers
from service.results.rows import query_slot
from service.ssap.columns import groups
from service.ssap.errors import MEDIA_TYPE, PROTOCOL, error_response
from service.ssap.query import SpectraQuery
from service.ssap.request import SsapRequest, ssap_request

_FIRST_ROW_S = 60.0
_ECHOED = 1_000


async def answer(request: Request, name: str | None) -> Response:
    """The spectra that a request asks for, of one collection or of all."""
    try:
        archive = archive_of(request)
        settings = archive.settings
        parameters = await read_parameters(request, max_body=settings.max_body_bytes)
        asked = ssap_request(parameters, default_maxrec=settings.default_maxrec)
        if name is not None:
            await check_collection(archive, name)
        form = _form()
        gzip = "gzip" in request.headers.get("accept-encoding", "").lower()
        if request.method == "HEAD":
            return Response(headers=result_headers(form, gzip=gzip), media_type=form.media_type)
        return ResultResponse(
            archive.database.owner_copy,
            _result(archive, asked, name, parameters, form, principal_of(request)),
            gzip=gzip,
            on_error=error_response,
        )
    except Exception as error:
        return error_response(error)


def _result(
    archive: Archive,
    asked: SsapRequest,
    name: str | None,
    parameters: Parameters,
    form: Format,
    principal: str | None,
) -> Result:
    settings = archive.settings
    query = SpectraQuery(asked, name, settings.authority, settings.title)
    return Result(
        query=query,
        form=form,
        maxrec=asked.maxrec,
        timeout_s=_FIRST_ROW_S,
        infos=_infos(asked, parameters),
        spool_folder=str(settings.scratch),
        slot=partial(query_slot, principal=principal),
        services=dataset_services([column.meta for column in query.columns], settings),
    )


def _infos(asked: SsapRequest, parameters: Parameters) -> list[tuple[str, str, str]]:
    """The protocol, the parameters as they came, and which of them had no effect."""
    infos = [PROTOCOL, ("request_id", current_request_id(), "")]
    infos += [
        (name, value[:_ECHOED], "")
        for name, values in parameters.values.items()
        for value in values
    ]
    if asked.unused:
        infos.append(("warning", f"not used: {', '.join(asked.unused)}", ""))
    return infos


def _form() -> Format:
    def encoder(head: Head) -> tabledata.TabledataEncoder:
        return tabledata.TabledataEncoder(replace(head, groups=groups()))

    return replace(tabledata.FORMAT, media_type=MEDIA_TYPE, encoder=encoder)


async def check_collection(archive: Archive, name: str) -> None:
    """NotFound where the archive has no collection of that name."""
    async with archive.database.owner.connect() as connection:
        found = await connection.scalar(select(collection.c.id).where(collection.c.name == name))
    if found is None:
        raise NotFound(f"there is no collection {name[:100]!r}; /ssap searches all of them")


_ssap = APIRouter(prefix="/ssap", tags=["SSAP"])
_METHODS = ["GET", "HEAD", "POST"]


@_ssap.api_route("", methods=_METHODS, summary="Find spectra")
async def all_spectra(request: Request) -> Response:
    """One row for each spectrum and format (SSAP 1.1 §4)."""
    return await answer(request, None)


@_ssap.api_route("/{name}", methods=_METHODS, summary="Find spectra of one collection")
async def spectra_of(request: Request, name: str) -> Response:
    """The same of one collection."""
    return await answer(request, name)


router = _ssap
