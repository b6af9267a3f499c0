"""/tap/async: a query as a UWS job, its result a file in the work store (TAP 1.1 §2.1)."""

from collections.abc import Mapping
from contextlib import aclosing
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from service.archive import Archive, archive_of
from service.errors import Gone, NotFound
from service.language import translated
from service.parameters import Parameters
from service.results.errors import MEDIA_TYPE, error_response
from service.results.rows import rows_of
from service.results.services import dataset_services
from service.results.stream import encoded
from service.results.votable import error_document
from service.storage.sending import Content
from service.storage.single import ContentResponse, file_buffers, version_of
from service.storage.work import WorkStore, work_store
from service.tap.query import TapQuery, result_infos, tap_query
from service.tasks.broker import INTERACTIVE
from service.uploads import kept
from service.uploads.session import Uploads, opened_uploads
from service.uws.job import COMPLETED, Job, Result
from service.uws.lease import LeaseLost
from service.uws.room import Room
from service.uws.routes import job_of
from service.uws.run import Run

_ROOM = "tap"


def _key(job_id: str, attempt: int) -> str:
    """Where the work store has the result of an attempt.

    That of the attempt which completed the job is served: an attempt that lost its lease cannot
    replace the result of a later one.
    """
    return f"{kept.job_key(_ROOM, job_id)}/result-{attempt}"


def _query(archive: Archive, job: Job) -> TapQuery:
    """What the job asks for; UsageError where a parameter is wrong, when it runs (TAP 1.1 §2.7)."""
    values = {name: tuple(given) for name, given in job.parameters.items()}
    return tap_query(Parameters(values), default_maxrec=archive.settings.default_maxrec)


async def run_query(run: Run) -> None:
    """Stream the result into the work store, and complete the job once it is whole."""
    settings = run.archive.settings
    job = run.job
    query = _query(run.archive, job)
    store = work_store(settings.work_store_url)
    for attempt in range(1, run.lease.attempt):
        await store.remove(_key(job.id, attempt))
    async with (
        kept.kept_files(settings, _ROOM, job.id, query.uploads) as files,
        opened_uploads(query.uploads, files, settings, job.owner) as uploads,
    ):
        size = await _write(run, query, uploads, store)
    try:
        async with run.archive.database.owner.begin() as connection:
            result = Result("result", "results/result", query.form.media_type, size)
            await run.complete(connection, [result])
    except LeaseLost:
        await store.remove(_key(job.id, run.lease.attempt))
        raise


async def _write(run: Run, query: TapQuery, uploads: Uploads, store: WorkStore) -> int:
    """Run the query; the size of its result in bytes."""
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
        aclosing(
            encoded(
                rows,
                form,
                infos=infos,
                maxrec=query.maxrec,
                whole_or_nothing=True,
                spool_folder=str(archive.settings.scratch),
                services=dataset_services(
                    [column.meta for column in translation.columns], archive.settings
                ),
            )
        ) as pieces,
    ):
        return await store.write(_key(run.job.id, run.lease.attempt), pieces)


async def keep_files(archive: Archive, job_id: str, files: Mapping[str, Path]) -> None:
    """Keep the files of a request with the job."""
    await kept.keep_files(archive.settings, _ROOM, job_id, files)


async def forget_result(archive: Archive, job_id: str) -> None:
    """Remove the job's files."""
    await kept.forget_files(archive.settings, _ROOM, job_id)


def votable_error(job: Job) -> Response:
    """The error of a job as a VOTable (TAP 1.1 §2.5), with status 200 as UWS has it."""
    return Response(error_document(job.error_message or ""), media_type=MEDIA_TYPE)


TAP_ROOM = Room(
    name=_ROOM,
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
    key = _key(job.id, job.attempt)
    store = work_store(archive.settings.work_store_url)
    state = await store.state(key)
    if state is None:
        raise Gone(f"the result of job {job.id} is no longer in the work store; run the job again")
    form = _query(archive, job).form
    return ContentResponse(
        Content(
            size=state.size,
            version=version_of(state),
            media_type=form.media_type,
            filename=f"result-{job.id[:8]}.{form.extension}",
            buffers=lambda span: file_buffers(
                lambda wanted: store.files.open(key, state, b"", wanted), key, span
            ),
        )
    )
