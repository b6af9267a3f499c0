"""The HTTP side of /bulk: UWS jobs, their manifests, their parts."""

import re
from collections.abc import AsyncIterator, Callable
from functools import partial

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from service.archive import Archive, archive_of
from service.bulk.bag_tar import bag_tar
from service.bulk.cache import directory_of
from service.bulk.connections import connections
from service.bulk.damage import record_damage, refusal_of
from service.bulk.dialects import DIALECTS, Dialect
from service.bulk.estimating import answer_estimate
from service.bulk.layout_cache import LayoutCache
from service.bulk.manifest import PLAIN, LinesQuery, ManifestQuery
from service.bulk.metalink import METALINK, metalink
from service.bulk.package import FrozenPackage, open_package, package_id
from service.bulk.part import DamagedMember
from service.bulk.part_file import PartFile
from service.bulk.products import product_of
from service.bulk.readers import readers_of
from service.bulk.records import part_hashes, part_sums
from service.bulk.repair import REPAIR
from service.bulk.request import hashes_first
from service.bulk.results import TAR, part_files, part_href
from service.bulk.room import BULK_ROOM
from service.bulk.vosi import vosi_routes
from service.errors import NotFound, StarhaulError
from service.lane.lane import lane_of, user_of
from service.lane.response import BulkResponse
from service.parameters import Parameters
from service.principal import client_of, principal_of
from service.problems import problem, user_error
from service.results import arrow, json_rows, separated, tabledata
from service.results.format import Format
from service.results.response import Result, ResultResponse, result_headers
from service.results.wire import Query
from service.storage.digests import repr_digest
from service.storage.sending import Content, content_disposition
from service.uws.job import Job
from service.uws.routes import job_of, job_routes, jobs_of

_PART = re.compile(r".+-(\d{5,6})\.[a-z]+")
_READ = ["GET", "HEAD"]


def _cache(request: Request) -> LayoutCache:
    state = request.app.state
    if not hasattr(state, "bulk_layouts"):
        state.bulk_layouts = LayoutCache(directory_of(archive_of(request).settings))
    cache: LayoutCache = state.bulk_layouts
    return cache


async def part(request: Request) -> Response:
    """GET /bulk/{id}/parts/{digest}/{name}-00001.tar, with Range."""
    archive = archive_of(request)
    job = await job_of(request, BULK_ROOM)
    package = await open_package(archive, _cache(request), job)
    number = _number(request, package)
    wanted = package.part(number, hashing=hashes_first(job.parameters))
    repair = f"{BULK_ROOM.job_url(archive.settings.base_url, job.id)}/repair"
    async with archive.database.owner.connect() as connection:
        sums = await part_sums(connection, package.id, number)
        refusal = await refusal_of(connection, package.id, wanted, repair)

    async def damaged(error: StarhaulError) -> None:
        await record_damage(archive, package.id, error)
        if isinstance(error, DamagedMember):
            error.facts = refusal.facts(error.seq, error.message)

    outlet = lane_of(request).outlet(user_of(request), request.scope)
    content = Content(
        size=wanted.plan.size,
        version=wanted.version,
        media_type=package.layout.form.MEDIA_TYPE,
        filename=request.path_params["name"],
        buffers=partial(readers_of(request).buffers, wanted, outlet=outlet),
        check=refusal.check,
        damaged=damaged,
        extra=repr_digest(sums.get(number)),
    )
    return BulkResponse(request, content)


def _number(request: Request, package: FrozenPackage) -> int:
    """The number of the part that the path names; NotFound where it is no part's path."""
    digest, name = request.path_params["digest"], request.path_params["name"]
    found = _PART.fullmatch(name)
    number = int(found[1]) if found else 0
    exists = 1 <= number <= len(package.layout.parts)
    if not exists or f"parts/{digest}/{name}" != part_href(package.layout, number):
        raise NotFound(f"the package has no part {name}; its results list the parts")
    return number


async def product(request: Request) -> Response:
    """GET /bulk/{id}/members/{number}: a member that a job made, by itself."""
    archive = archive_of(request)
    job = await job_of(request, BULK_ROOM)
    content = await product_of(archive, await package_id(archive, job), request.path_params["seq"])
    return BulkResponse(request, content)


async def repair(request: Request) -> Response:
    """POST /bulk/{id}/repair: a successor of the job, of which it keeps all undamaged parts."""
    job = await job_of(request, BULK_ROOM)
    asked = {name: tuple(values) for name, values in job.parameters.items()} | {REPAIR: (job.id,)}
    successor = await jobs_of(request).create(
        *(BULK_ROOM, Parameters(asked), principal_of(request)),
        run=True,
        client=client_of(request),
    )
    url = BULK_ROOM.job_url(archive_of(request).settings.base_url, successor)
    return RedirectResponse(url, status_code=303, headers={"Cache-Control": "no-store"})


_TABLES: dict[str, tuple[Callable[[int], Query], Format]] = {
    "result": (partial(ManifestQuery, kind="manifest"), tabledata.FORMAT),
    "manifest.parquet": (partial(ManifestQuery, kind="manifest"), arrow.PARQUET),
    "manifest.csv": (partial(ManifestQuery, kind="manifest"), separated.CSV),
    "manifest.json": (partial(ManifestQuery, kind="manifest"), json_rows.FORMAT),
    "damage": (partial(ManifestQuery, kind="damage"), tabledata.FORMAT),
    "SHA256SUMS": (partial(LinesQuery, kind="sums"), PLAIN),
    "files.txt": (partial(LinesQuery, kind="urls"), PLAIN),
}
_ARIA2 = "files.aria2.txt"
_BAG, _METALINK = "bag.tar", "parts.meta4"
_PARTS_AT_ONCE = 64  # with the hashes of their pieces, 8 kB each
_FIRST_ROW_S = 60.0


async def result(request: Request) -> Response:
    """GET /bulk/{id}/results/{name}: the manifest and its dialects."""
    archive = archive_of(request)
    job = await job_of(request, BULK_ROOM)
    name = request.path_params["name"]
    streams = archive.settings.bulk_streams_per_user
    if name == _ARIA2:
        downloads = connections(streams).downloads
        listed = partial(LinesQuery, kind="aria2", downloads=downloads)
        return await _streamed(request, job, name, listed, PLAIN)
    if name in _TABLES:
        return await _streamed(request, job, name, *_TABLES[name])
    if name not in (_BAG, _METALINK, *DIALECTS):
        known = ", ".join([*_TABLES, _ARIA2, *DIALECTS, _METALINK, _BAG])
        raise NotFound(f"a bulk job has no result {name}; it has {known} and parts")
    package = await open_package(archive, _cache(request), job)
    if name == _BAG:
        bag = await bag_tar(archive, package)
        file = Content(len(bag.octets), bag.version, TAR, _file_name(job, name), bag.buffers)
        return BulkResponse(request, file)
    headers = {
        "Content-Disposition": content_disposition(_file_name(job, name)),
        "Cache-Control": "no-cache",  # hashes are added to some of these as they become known
    }
    if name == _METALINK:
        if request.method == "HEAD":
            return Response(media_type=METALINK, headers=headers)
        document = metalink(package.layout.name, _with_pieces(archive, package, job))
        return StreamingResponse(document, media_type=METALINK, headers=headers)
    dialect = DIALECTS[name]
    parts = await _parts(archive, package, job, dialect)
    content = dialect.write(package.layout.name, parts, streams)
    return Response(content, media_type=dialect.media_type, headers=headers)


async def _parts(
    archive: Archive, package: FrozenPackage, job: Job, dialect: Dialect
) -> list[PartFile]:
    """The parts with the checksums that the list shows."""
    url, layout = BULK_ROOM.job_url(archive.settings.base_url, job.id), package.layout
    if not dialect.sums:
        return part_files(layout, url, {})
    async with archive.database.owner.connect() as connection:
        return part_files(layout, url, await part_sums(connection, package.id))


async def _with_pieces(
    archive: Archive, package: FrozenPackage, job: Job
) -> AsyncIterator[list[PartFile]]:
    """The parts with all their hashes, some at a time."""
    url, layout = BULK_ROOM.job_url(archive.settings.base_url, job.id), package.layout
    end = len(layout.parts) + 1
    for first in range(1, end, _PARTS_AT_ONCE):
        numbers = range(first, min(first + _PARTS_AT_ONCE, end))
        async with archive.database.owner.connect() as connection:
            hashes = await part_hashes(connection, package.id, numbers)
        yield part_files(layout, url, {}, hashes, numbers)


async def _streamed(
    request: Request, job: Job, name: str, query: Callable[[int], Query], form: Format
) -> Response:
    archive = archive_of(request)
    identity = await package_id(archive, job)
    headers = result_headers(form, gzip=False) | {
        "Content-Disposition": content_disposition(_file_name(job, name))
    }
    if request.method == "HEAD":
        return Response(headers=headers, media_type=form.media_type)
    response = ResultResponse(
        archive.database.owner_copy,
        Result(query(identity), form, maxrec=None, timeout_s=_FIRST_ROW_S),
        gzip=False,
        on_error=lambda error: problem(user_error(error)),
    )
    response.headers.update(headers)
    return response


_SAVED_AS = {"result": "manifest-{job}.vot", "damage": "damage-{job}.vot"}


def _file_name(job: Job, name: str) -> str:
    """What a browser saves a result as."""
    return _SAVED_AS.get(name, name).format(job=job.id[:8])


router = APIRouter()
router.include_router(vosi_routes)
router.add_route("/bulk/estimate", answer_estimate, methods=[*_READ, "POST"])
router.include_router(job_routes(BULK_ROOM))
router.add_route("/bulk/{job_id}/results/{name}", result, methods=_READ, include_in_schema=False)
router.add_route("/bulk/{job_id}/members/{seq}", product, methods=_READ, include_in_schema=False)
router.add_route("/bulk/{job_id}/repair", repair, methods=["POST"], include_in_schema=False)
router.add_route(
    "/bulk/{job_id}/parts/{digest}/{name}", part, methods=_READ, include_in_schema=False
)
