"""The URLs below /ssap: one service over all collections, and one for each."""

from dataclasses import replace
from functools import partial
from typing import Any

from fastapi import APIRouter
from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from schema.tables.archive import collection
from service.archive import Archive, archive_of
from service.errors import NotFound
from service.parameters import Parameters, read_parameters
from service.principal import principal_of
from service.request_id import current_request_id
from service.results import tabledata
from service.results.format import Format, Head
from service.results.response import Result, ResultResponse, result_headers
from service.results.rows import query_slot
from service.results.services import dataset_services
from service.results.votable import metadata_document
from service.results.wire import wire_columns
from service.ssap.columns import groups, output_columns
from service.ssap.errors import MEDIA_TYPE, PROTOCOL, error_response
from service.ssap.inputs import INPUTS, described
from service.ssap.query import SpectraQuery
from service.ssap.request import SsapRequest, ssap_request
from service.ssap.vosi import searched, ssap_capabilities
from service.uws.routes import prefers_html
from service.vosi import MEDIA_TYPE as VOSI_TYPE
from service.vosi.availability import availability_document

_FIRST_ROW_S = 60.0
_GUIDE = "/docs/user-guide#find-spectra-ssap"
_ECHOED = 1_000


async def _answer(request: Request, name: str | None) -> Response:
    """The spectra that a request asks for, of one collection or of all."""
    try:
        archive = archive_of(request)
        settings = archive.settings
        parameters = await read_parameters(request, max_body=settings.max_body_bytes)
        if not parameters.values and prefers_html(request):
            return RedirectResponse(_GUIDE, status_code=303)  # people who follow a link to it
        asked = ssap_request(parameters, default_maxrec=settings.default_maxrec)
        if name is not None:
            await _check_collection(archive, name)
        if asked.wanted.metadata:
            return _described(archive, name)
        form = _form()
        gzip = "gzip" in request.headers.get("accept-encoding", "").lower()
        if request.method == "HEAD":
            headers = {"Content-Type": form.media_type, **result_headers(form, gzip=gzip)}
            return Response(headers=headers)
        response = ResultResponse(
            archive.database.owner_copy,
            _result(archive, asked, name, parameters, form, principal_of(request)),
            gzip=gzip,
            on_error=error_response,
        )
        response.headers["Content-Type"] = form.media_type  # as it is, without a charset
        return response
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


async def _check_collection(archive: Archive, name: str) -> None:
    """NotFound where the archive has no collection of that name."""
    async with archive.database.owner.connect() as connection:
        found = await connection.scalar(select(collection.c.id).where(collection.c.name == name))
    if found is None:
        raise NotFound(f"there is no collection {name[:100]!r}; /ssap searches all of them")


def _described(archive: Archive, name: str | None) -> Response:
    """Inputs and columns (SSAP 1.1 §6)."""
    of = "" if name is None else f" in the collection {name}"
    columns = wire_columns(output_columns())
    head = Head(
        columns,
        [PROTOCOL, ("request_id", current_request_id(), "")],
        description=f"Spectra{of} of {archive.settings.title}",
        params=tuple(described()),
        groups=groups(),
    )
    wide = [column.meta.datatype == "unicodeChar" for column in columns]
    return Response(metadata_document(head, wide), headers={"Content-Type": MEDIA_TYPE})


async def _capabilities(request: Request, name: str | None) -> Response:
    archive = archive_of(request)
    if name is not None:
        await _check_collection(archive, name)
    path = "/ssap" if name is None else f"/ssap/{name}"
    document = ssap_capabilities(
        archive.settings, path, await searched(archive.database.owner, name)
    )
    return Response(document, media_type=VOSI_TYPE)


async def _availability(request: Request, name: str | None) -> Response:
    archive = archive_of(request)
    if name is not None:
        await _check_collection(archive, name)
    document = await availability_document(archive.database.owner_copy)
    return Response(document, media_type=VOSI_TYPE, headers={"Cache-Control": "no-store"})


router = APIRouter(prefix="/ssap", tags=["SSAP"])
_READ = ["GET", "HEAD"]
_TYPES = {"char": "string", "double": "number", "int": "integer"}
_PARAMETERS: dict[str, Any] = {
    "parameters": [
        {
            "name": each.name,
            "in": "query",
            "required": each.required,
            "description": each.description,
            "schema": {"type": _TYPES[each.datatype]},
        }
        for each in INPUTS
    ]
}


@router.api_route("/capabilities", methods=_READ, summary="What this service can do")
async def capabilities(request: Request) -> Response:
    """The search of all collections and the VOSI resources."""
    return await _capabilities(request, None)


@router.api_route("/availability", methods=_READ, summary="Whether this service is up")
async def availability(request: Request) -> Response:
    """VOSI availability."""
    return await _availability(request, None)


@router.api_route("/{name}/capabilities", methods=_READ, summary="What a search can do")
async def capabilities_of(request: Request, name: str) -> Response:
    """The search of one collection and its VOSI resources."""
    return await _capabilities(request, name)


@router.api_route("/{name}/availability", methods=_READ, summary="Whether a search is up")
async def availability_of(request: Request, name: str) -> Response:
    """VOSI availability of the search of one collection."""
    return await _availability(request, name)


@router.api_route("", methods=[*_READ, "POST"], summary="Find spectra", openapi_extra=_PARAMETERS)
async def all_spectra(request: Request) -> Response:
    """One row for each spectrum and format (SSAP 1.1 §4)."""
    return await _answer(request, None)


@router.api_route(
    "/{name}",
    methods=[*_READ, "POST"],
    summary="Find spectra of one collection",
    openapi_extra=_PARAMETERS,
)
async def spectra_of(request: Request, name: str) -> Response:
    """The same of one collection."""
    return await _answer(request, name)
