"""`starhaul serve` and `starhaul worker`: one process each, as production runs them."""

import asyncio
import gc
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from service.allocation import keep_freed_memory
from service.config import Settings
from service.errors import UsageError

_GRACE_S = 5  # for transfers in progress when the API is asked to stop

_WaitForGo = Annotated[bool, typer.Option("--wait-for-go", hidden=True)]


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    fd: Annotated[int | None, typer.Option(hidden=True)] = None,
    wait_for_go: _WaitForGo = False,
) -> None:
    """Run the API alone. It needs STARHAUL_DATABASE_URL, _READ_DATABASE_URL and _REDIS_URL."""
    settings = _production_settings()
    keep_freed_memory()
    with _kept_for_good():
        import uvicorn

        import adql
        from service.app import create_app
        from service.logs import configure_logs
        from service.outlets import OutletProtocol
        from service.uws.one_store import refuse_other_stores

        configure_logs()
        app = create_app(settings)
        adql.warm()
    _await_go(wait_for_go)
    asyncio.run(refuse_other_stores(settings))
    config = uvicorn.Config(
        app,
        http=OutletProtocol,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        headers=[("Server", "Starhaul")],
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_graceful_shutdown=_GRACE_S,
    )
    listener = None
    if fd is None:
        from service.embedded.address import listen

        listener = listen(host, port)
    else:
        listener = socket.socket(fileno=fd)
    uvicorn.Server(config).run(sockets=[listener])


def worker(
    processes: Annotated[
        int | None, typer.Option(min=1, help="Pool processes; default: one for each slot.")
    ] = None,
    wait_for_go: _WaitForGo = False,
) -> None:
    """Run a Celery worker alone. It needs the same environment as the API."""
    settings = _production_settings()
    keep_freed_memory()
    with _kept_for_good():
        from service.logs import configure_logs
        from service.uws.one_store import refuse_other_stores
        from service.worker import run_worker

    configure_logs()
    slots = settings.interactive_slots + settings.preview_slots
    slots += settings.bulk_slots + settings.background_slots
    _await_go(wait_for_go)
    asyncio.run(refuse_other_stores(settings))
    run_worker(settings, processes or slots)


def _production_settings() -> Settings:
    """The settings; UsageError names what is missing, before anything slow is imported."""
    settings = Settings()
    needed = ("database_url", "read_database_url", "redis_url")
    missing = [f"STARHAUL_{name.upper()}" for name in needed if getattr(settings, name) is None]
    if missing:
        raise UsageError(
            f"set {', '.join(missing)} (docs/operations.md), or use `starhaul up`, which brings "
            "its own PostgreSQL and Redis"
        )
    return settings


@contextmanager
def _kept_for_good() -> Iterator[None]:
    """Keep what is made inside out of the garbage collector's sight: it lives as long as the
    process, and going through it again and again took 0.3 s of a start, as long again before the
    first fork of a worker, and an eighth of the time of tiny queries."""
    gc.disable()
    yield
    gc.freeze()
    gc.enable()


def _await_go(wait: bool) -> None:
    """Wait for the line `starhaul up` sends once the database is migrated."""
    if wait and not sys.stdin.readline():
        sys.exit(1)  # the archive ended before it was ready
