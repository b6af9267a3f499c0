"""/tap/async: a query as a UWS job, its result a file in the work store (TAP 1.1 §2.1)."""

import asyncio
import shutil
from collections.abc import Iterator, Mapping
from contextlib import aclosing, contextmanager
from pathlib import Path

import aiofiles
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from service.archive import Archive, archive_of
from service.errors import Gone, NotFound
from service.language import translated
from service.parameters import Parameters
from service.results.descriptors import dataset_services
from service.results.rows import rows_of
from service.results.stream import encoded
from service.results.votable import error_document
from service.tap.errors import MEDIA_TYPE, error_response
from service.tap.query import TapQuery, result_infos, tap_query
from service.tasks.broker import INTERACTIVE
from service.uploads import kept
from service.uploads.session import Uploads, opened_uploads
from service.uws.job import COMPLETED, Job, Result
from service.uws.room import Room
from service.uws.routes import job_of
from service.uws.run import Run

_PARTIAL = ".partial"


def _folder(archive: Archive, job_id: str) -> Path:
    return kept.job_folder(archive.settings, "tap", job_id)


def _query(archive: Archive, job: Job) -> TapQuery:
    """What the job asks for; UsageError where a parameter is wrong, when it runs (TAP 1.1 §2.7)."""
    values = {name: tuple(given) for name, given in job.parameters.items()}
    return tap_query(Parameters(values), default_maxrec=archive.settings.default_maxrec)


async def run_query(run: Run) -> None:
    """Stream the result into a file that gets its name once it is whole."""
    archive = run.archive
    query = _query(archive, run.job)
    folder = _folder(archive, run.job.id)
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    files = await kept.kept_files(folder, query.uploads)
    opened = opened_uploads(query.uploads, files, archive.settings, run.job.owner)
    async with opened as uploads:
        with _unfinished(folder, run.lease.attempt) as partial:
            await _run_with(run, query, uploads, partial)


@contextmanager
def _unfinished(folder: Path, attempt: int) -> Iterator[Path]:
    """The file of a result while it is written: nothing of it is left, nor of earlier attempts."""
    for number in range(1, attempt):
        (folder / f"{number}{_PARTIAL}").unlink(missing_ok=True)
    path = folder / f"{attempt}{_PARTIAL}"
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


async def _run_with(run: Run, query: TapQuery, uploads: Uploads, partial: Path) -> None:
    archive = run.archive
    catalogue = uploads.seen_with(await archive.catalogue.get())
    translation = await translated(query.text, query.language, catalogue)
    form = query.form
    origin = ("job", run.job.id, "")
    infos = result_infos(query, translation, archive.settings, run.job.run_id, origin)
    pool = archive.database.uploads if query.uploads else archive.database.reader
    async with (
        uploads.slot(pool) as reader,
        run.cancellable(reader.get_server_pid()),
        rows_of(reader, translation, maxrec=query.maxrec, form=form.form, timeout_s=None) as rows,
        aiofiles.open(partial, "wb") as file,
        aclosing(
            encoded(
                rows,
                form,
                infos=infos,
                maxrec=query.maxrec,
                whole_or_nothing=True,
                spool_folder=str(partial.parent),
                services=dataset_services(
                    [column.meta for column in translation.columns], archive.settings
                ),
            )
        ) as pieces,
    ):
        async for piece in pieces:
            await file.write(piece)
    size = (await asyncio.to_thread(partial.stat)).st_size
    async with archive.database.owner.begin() as connection:
        await run.complete(connection, [Result("result", "results/result", form.media_type, size)])
        # Under the lease: an attempt that lost it cannot replace the result of a later one.
        await asyncio.to_thread(partial.replace, partial.with_name("result"))


async def keep_files(archive: Archive, job_id: str, files: Mapping[str, Path]) -> None:
    """Keep the files of a request with the job."""
    await kept.keep_files(_folder(archive, job_id), files)


async def forget_result(archive: Archive, job_id: str) -> None:
    """Remove the job's files."""
    await asyncio.to_thread(shutil.rmtree, _folder(archive, job_id), ignore_errors=True)


def votable_error(job: Job) -> Response:
    """The error of a job as a VOTable (TAP 1.1 §2.5), with status 200 as UWS has it."""
    return Response(error_document(job.error_message or ""), media_type=MEDIA_TYPE)


TAP_ROOM = Room(
    name="tap",
    path="/tap/async",
    queue=INTERACTIVE,
    run=run_query,
    forget=forget_result,
    keep=keep_files,
    accumulating=("UPLOAD",),
    error=votable_error,
)


async def result(request: Request) -> Response:
    """GET /tap/async/{id}/results/result, with Range, ETag and HEAD."""
    try:
        return await _result_file(request)
    except Exception as error:
        return error_response(error)


async def _result_file(request: Request) -> Response:
    archive = archive_of(request)
    job = await job_of(request, TAP_ROOM)
    if job.phase != COMPLETED:
        reason = f": {job.error_message}" if job.error_message else ""
        raise NotFound(f"job {job.id} has no result; its phase is {job.phase}{reason}")
    path = _folder(archive, job.id) / "result"
    if not await asyncio.to_thread(path.is_file):
        raise Gone(f"the result of job {job.id} is no longer in the work store; run the job again")
    form = _query(archive, job).form
    return FileResponse(
        path, media_type=form.media_type, filename=f"result-{job.id[:8]}.{form.extension}"
    )
