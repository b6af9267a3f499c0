"""The FastAPI application: protocol routers on one archive, and one way for errors to leave it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response

import adql
from service import problems
from service.access.credentials import CHALLENGES
from service.access.middleware import PrincipalMiddleware
from service.archive import Archive, CatalogueCache
from service.bulk import routes as bulk
from service.bulk.readers import open_readers
from service.cone import routes as cone
from service.cone.errors import error_response as cone_error
from service.config import Settings
from service.database import open_database
from service.datalink import routes as datalink
from service.errors import StarhaulError, Unauthorized
from service.examples import ExamplesCache
from service.explorer import routes as explorer
from service.files import routes as files
from service.lane.lane import open_lane
from service.methods import OptionsMiddleware
from service.multipart import remove_abandoned
from service.pages import routes as pages
from service.pages.errors import page_or_problem
from service.previews import routes as previews
from service.problems import problem
from service.published import published_services
from service.registry import routes as registry
from service.registry.snapshot import RegistryCache
from service.request_id import HEADER, RequestIdMiddleware
from service.results.errors import error_response as votable_error
from service.results.errors import fault_response as fault_error
from service.rooms import ROOMS
from service.sia import routes as sia
from service.soda import routes as soda
from service.soda.errors import REASON
from service.soda.errors import error_response as soda_error
from service.soda.making import PARTIAL
from service.soda.room import SODA_ROOM
from service.spectra import routes as spectra
from service.spectra.converters import open_converters
from service.ssap import routes as ssap
from service.ssap.errors import error_response as ssap_error
from service.tap.jobs import TAP_ROOM
from service.tap.routes import router as tap_router
from service.uws.jobs import open_jobs
from service.uws.routes import prefers_html

_EXPOSED = [
    "ETag",
    "Content-Range",
    "Accept-Ranges",
    "Repr-Digest",
    "Content-Disposition",
    "Location",
    "Retry-After",
    "WWW-Authenticate",
    "X-VO-Authenticated",
    REASON,
    PARTIAL,
    HEADER,
]


_Form = Callable[[Exception], Response]
# What errors look like below a path whose protocol has a form of its own.
_FORMS: dict[str, _Form] = {
    TAP_ROOM.path: votable_error,
    "/tap/sync": votable_error,
    "/cone/": cone_error,
    "/sia": fault_error,
    "/soda/sync": soda_error,
    SODA_ROOM.path: soda_error,
    "/ssap": ssap_error,
}


def _own_form(path: str, forms: dict[str, _Form]) -> _Form | None:
    return next((form for prefix, form in forms.items() if path.startswith(prefix)), None)


def _respond(request: Request, error: StarhaulError) -> Response:
    """The error in the form of the protocol that was asked (DESIGN §10)."""
    if error.status == Unauthorized.status:
        return _challenge(request, error)
    own = _own_form(request.url.path, _FORMS)
    if own is soda_error and prefers_html(request):
        own = None  # the form of a dataset's page leads here
    return page_or_problem(request, error) if own is None else own(error)


def _challenge(request: Request, error: StarhaulError) -> Response:
    """401: never a page, which a download would keep for data."""
    own = _own_form(request.url.path, {"/tap/": votable_error, **_FORMS})
    response = problem(error) if own is None else own(error)
    for challenge in CHALLENGES:
        response.headers.append("WWW-Authenticate", challenge)
    return response


def create_app(settings: Settings | None = None) -> FastAPI:
    """The archive's API as an ASGI application; settings come from the environment by default."""
    settings = settings or Settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        adql.warm()
        await remove_abandoned(settings.scratch)
        async with open_database(settings) as database:
            archive = Archive(
                settings=settings, database=database, catalogue=CatalogueCache(database)
            )
            app.state.archive = archive
            app.state.examples = ExamplesCache(archive)
            app.state.registry = RegistryCache(archive, published_services)
            async with open_jobs(archive, ROOMS) as jobs, open_lane(settings) as lane:
                app.state.jobs = jobs
                app.state.lane = lane
                async with (
                    open_readers(settings) as readers,
                    open_converters(settings.scratch) as converters,
                ):
                    app.state.readers = readers
                    app.state.converters = converters
                    yield

    app = FastAPI(
        title=settings.title,
        version="0.1.0",
        lifespan=lifespan,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.add_middleware(PrincipalMiddleware)
    problems.install(app, _respond)
    app.include_router(tap_router)  # first: its requests are the most, and routes are tried in turn
    app.include_router(pages.routes())
    app.include_router(explorer.router)
    app.include_router(bulk.router)
    app.include_router(files.router)
    app.include_router(spectra.router)
    app.include_router(previews.router)
    app.include_router(datalink.router)
    app.include_router(ssap.router)
    app.include_router(cone.router)
    app.include_router(sia.router)
    app.include_router(soda.router)
    app.include_router(registry.router)
    app.add_middleware(OptionsMiddleware)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["GET", "HEAD", "POST", "DELETE", "OPTIONS"],
        allow_headers=["*"],
        expose_headers=_EXPOSED,
    )
    app.add_middleware(RequestIdMiddleware)
    return app
