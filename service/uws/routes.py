"""The REST binding of UWS 1.1 (§2.2) for one room: a router that the room's protocol includes."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import cast

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from service.archive import archive_of
from service.errors import NotFound, UsageError
from service.multipart import incoming_files
from service.parameters import Parameters, read_parameters
from service.principal import client_of, principal_of
from service.uws import documents, store
from service.uws.controls import (
    list_filter,
    wanted_destruction,
    wanted_execution,
    wanted_phase,
    wanted_wait,
)
from service.uws.documents import MEDIA_TYPE, timestamp
from service.uws.job import Job
from service.uws.jobs import Jobs
from service.uws.room import Room

_READ = ["GET", "HEAD"]
_NO_STORE = {"Cache-Control": "no-store"}

Handler = Callable[[Request], Awaitable[Response]]


def jobs_of(request: Request) -> Jobs:
    """The jobs as this process reaches them."""
    return cast(Jobs, request.app.state.jobs)


async def job_of(request: Request, room: Room) -> Job:
    """The job that the path names; NotFound where there is none of this principal."""
    return await jobs_of(request).read(room, request.path_params["job_id"], principal_of(request))


async def parameters_of_request(request: Request) -> Parameters:
    """The parameters of URL and body."""
    return await read_parameters(request, max_body=archive_of(request).settings.max_body_bytes)


def _xml(content: bytes) -> Response:
    return Response(content, media_type=MEDIA_TYPE, headers=_NO_STORE)


def _text(content: str) -> Response:
    return PlainTextResponse(content, headers=_NO_STORE)


def _see(url: str) -> Response:
    return RedirectResponse(url, status_code=303, headers=_NO_STORE)


def prefers_html(request: Request) -> bool:
    """Whether a browser asks: it names text/html and no XML type before it (Java clients name
    text/html too, beside */*, and want XML)."""
    accept = request.headers.get("accept", "")
    return accept.startswith("text/html") and "application/xhtml+xml" in accept


class JobRoutes:
    """The handlers of one room."""

    def __init__(self, room: Room) -> None:
        self.room = room

    def _url(self, request: Request, job: Job) -> str:
        return self.room.job_url(archive_of(request).settings.base_url, job.id)

    @asynccontextmanager
    async def _with_files(self, request: Request) -> AsyncIterator[Parameters]:
        """The parameters of URL and body, with files where jobs here take some."""
        settings = archive_of(request).settings
        async with incoming_files(settings.scratch, settings.upload_bytes) as place:
            yield await read_parameters(
                request,
                max_body=settings.max_body_bytes,
                files=None if self.room.keep is None else place,
            )

    async def list(self, request: Request) -> Response:
        """GET /{jobs}"""
        parameters = await parameters_of_request(request)
        if self.room.start_page is not None and prefers_html(request):
            return self.room.start_page(request, parameters)
        phases, after, last = list_filter(parameters)
        archive = archive_of(request)
        async with archive.database.owner.connect() as connection:
            jobs = await store.list_jobs(
                connection,
                self.room,
                principal_of(request),
                phases=phases,
                after=after,
                last=last,
            )
        return _xml(documents.jobs_document(jobs, f"{archive.settings.base_url}{self.room.path}"))

    async def create(self, request: Request) -> Response:
        """POST /{jobs}, with PHASE=RUN to start at once (§2.2.3.1)"""
        async with self._with_files(request) as parameters:
            phase = wanted_phase(parameters)
            if phase == "ABORT":
                raise UsageError(
                    "PHASE=ABORT makes no sense for a new job; leave it out, or send RUN"
                )
            job_id = await jobs_of(request).create(
                self.room,
                parameters,
                principal_of(request),
                run=phase == "RUN",
                client=client_of(request),
            )
        return _see(self.room.job_url(archive_of(request).settings.base_url, job_id))

    async def show(self, request: Request) -> Response:
        """GET /{jobs}/{id}, blocking with WAIT (§2.2.1.1)"""
        job = await job_of(request, self.room)
        wait = wanted_wait(await parameters_of_request(request))
        if wait is not None:
            job = await jobs_of(request).wait(self.room, job, principal_of(request), *wait)
        if self.room.page is not None and prefers_html(request):
            return await self.room.page(request, job)
        return _xml(documents.job_document(job, self._url(request, job)))

    async def act(self, request: Request) -> Response:
        """POST /{jobs}/{id}: ACTION=DELETE, PHASE, or what the sub-resources take"""
        job = await job_of(request, self.room)
        parameters = await parameters_of_request(request)
        action = parameters.single("ACTION")
        if action is not None:
            if action.upper() != "DELETE":
                raise UsageError(f"ACTION={action!r} is unknown; a job takes ACTION=DELETE")
            return await self._delete(request, job)
        await self._change(request, job, parameters)
        return _see(self._url(request, job))

    async def delete(self, request: Request) -> Response:
        """DELETE /{jobs}/{id}"""
        return await self._delete(request, await job_of(request, self.room))

    async def _delete(self, request: Request, job: Job) -> Response:
        await jobs_of(request).remove(self.room, job.id)
        return _see(f"{archive_of(request).settings.base_url}{self.room.path}")

    async def _change(self, request: Request, job: Job, parameters: Parameters) -> None:
        """Do what the parameters of control say; UsageError where there is none."""
        jobs = jobs_of(request)
        given = set(parameters.values)
        if not given & {"PHASE", "EXECUTIONDURATION", "DESTRUCTION"}:
            raise UsageError(
                "nothing to do: send PHASE, EXECUTIONDURATION, DESTRUCTION or ACTION=DELETE"
            )
        async with jobs.archive.database.owner.begin() as connection:
            if "EXECUTIONDURATION" in given:
                await store.set_times(
                    connection, job.id, execution_duration=wanted_execution(parameters, self.room)
                )
            if "DESTRUCTION" in given:
                await store.set_times(
                    connection, job.id, destruction=wanted_destruction(parameters, self.room, job)
                )
        phase = wanted_phase(parameters)
        if phase == "RUN":
            await jobs.run(self.room, job)
        elif phase == "ABORT":
            await jobs.abort(job)

    async def change(self, request: Request) -> Response:
        """POST to /phase, /executionduration or /destruction"""
        job = await job_of(request, self.room)
        await self._change(request, job, await parameters_of_request(request))
        return _see(self._url(request, job))

    async def change_parameters(self, request: Request) -> Response:
        """POST to /parameters: those of a PENDING job are replaced by name; UPLOAD adds tables"""
        job = await job_of(request, self.room)
        async with self._with_files(request) as parameters:
            await jobs_of(request).change(self.room, job, parameters)
        return _see(self._url(request, job))

    async def quote(self, request: Request) -> Response:
        """GET /quote: unknown, an empty text (§2.2.2.3)"""
        await job_of(request, self.room)
        return _text("")

    async def error(self, request: Request) -> Response:
        """GET /error of a job that failed"""
        job = await job_of(request, self.room)
        if job.error_message is None:
            raise NotFound(f"job {job.id} has no error; its phase is {job.phase}")
        return self.room.error(job)

    def text(self, value: Callable[[Job], str]) -> Handler:
        """A handler that answers one property of a job as text/plain."""

        async def handler(request: Request) -> Response:
            return _text(value(await job_of(request, self.room)))

        return handler

    async def parameters(self, request: Request) -> Response:
        """GET /parameters"""
        return _xml(documents.parameters_document(await job_of(request, self.room)))

    async def results(self, request: Request) -> Response:
        """GET /results"""
        job = await job_of(request, self.room)
        return _xml(documents.results_document(job, self._url(request, job)))


def job_routes(room: Room) -> APIRouter:
    """Every resource of UWS below the room's path but /results/{name}, which is the room's own."""
    router = APIRouter()
    handlers = JobRoutes(room)

    def add(path: str, handler: Handler, methods: list[str]) -> None:
        router.add_route(room.path + path, handler, methods=methods, include_in_schema=False)

    add("", handlers.list, _READ)
    add("", handlers.create, ["POST"])
    add("/{job_id}", handlers.show, _READ)
    add("/{job_id}", handlers.act, ["POST"])
    add("/{job_id}", handlers.delete, ["DELETE"])
    add("/{job_id}/phase", handlers.text(lambda job: job.phase), _READ)
    duration = handlers.text(lambda job: str(job.execution_duration))
    add("/{job_id}/executionduration", duration, _READ)
    destruction = handlers.text(lambda job: timestamp(job.destruction))
    add("/{job_id}/destruction", destruction, _READ)
    for name in ("phase", "executionduration", "destruction"):
        add(f"/{{job_id}}/{name}", handlers.change, ["POST"])
    add("/{job_id}/owner", handlers.text(lambda job: job.owner or ""), _READ)
    add("/{job_id}/quote", handlers.quote, _READ)
    add("/{job_id}/error", handlers.error, _READ)
    add("/{job_id}/parameters", handlers.parameters, _READ)
    add("/{job_id}/parameters", handlers.change_parameters, ["POST"])
    add("/{job_id}/results", handlers.results, _READ)
    return router
