"""The two ways into PostgreSQL: the owner's engine for our tables, the reader's pool for users.

User queries log in as starhaul_reader (DESIGN §10); nothing else does.
"""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from schema.url import async_url
from service.config import Settings
from service.errors import StarhaulError, Unavailable

_RETRY_AFTER_S = 5
# Results depend on how PostgreSQL writes moments and numbers, whatever the server is set to.
_AS_TEXT = {"DateStyle": "ISO", "TimeZone": "UTC", "extra_float_digits": "1"}
_OUTAGES = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InterfaceError,
    ConnectionError,
    TimeoutError,
    socket.gaierror,
)
_UNREACHABLE = {errno.ENOENT, errno.EHOSTUNREACH, errno.ENETUNREACH}


class NotConfigured(StarhaulError):
    """A process was started without the URL of a part it needs."""

    status = 500
    title = "Not configured"


@dataclass(frozen=True, slots=True)
class Database:
    """`owner`: SQLAlchemy on our own tables. `reader`: raw asyncpg for user queries and COPY.

    `uploads`: `reader`, or where that is a replica, one that may make temporary tables.
    `owner_copy`: raw asyncpg that logs in as the owner, for COPY out of our own tables.
    """

    owner: AsyncEngine
    reader: "asyncpg.Pool[asyncpg.Record]"
    uploads: "asyncpg.Pool[asyncpg.Record]"
    owner_copy: "asyncpg.Pool[asyncpg.Record]"


def is_outage(error: BaseException) -> bool:
    """Whether an error means that the database cannot be reached now, but will be again."""
    if isinstance(error, DBAPIError):
        original = error.orig
        return error.connection_invalidated or (
            original is not None and is_outage(original.__cause__ or original)
        )
    if isinstance(error, _OUTAGES):
        return True
    # A socket that cannot be reached has no file name; a file of ours that is missing has one.
    return isinstance(error, OSError) and error.errno in _UNREACHABLE and error.filename is None


def outage() -> Unavailable:
    """The error that users see while the database is down."""
    return Unavailable(
        "the database is not available at the moment; the request can be sent again",
        retry_after=_RETRY_AFTER_S,
    )


def owner_url(settings: Settings) -> str:
    """The owner's URL, or an error that says how to give it."""
    if settings.database_url is None:
        raise NotConfigured(
            "no database: set STARHAUL_DATABASE_URL, or use `starhaul up`, which brings its own"
        )
    return settings.database_url


@asynccontextmanager
async def open_database(
    settings: Settings, *, reader_size: int = 8, owner_size: int = 5
) -> AsyncIterator[Database]:
    """Open both pools; connections are made when first needed, so the database may come later."""
    owner = create_async_engine(
        async_url(owner_url(settings)),
        pool_size=owner_size,
        pool_pre_ping=True,
        connect_args={
            "server_settings": {
                "application_name": "starhaul-owner",
                "starhaul.public_url": settings.base_url,
            },
            "timeout": 10,
        },
    )
    if settings.read_database_url is None:
        raise NotConfigured("no database for queries: set STARHAUL_READ_DATABASE_URL")
    reader = await _reader_pool(settings.read_database_url, settings, reader_size)
    uploads = reader
    if settings.upload_database_url is not None:
        uploads = await _reader_pool(settings.upload_database_url, settings, reader_size)
    owner_copy = await asyncpg.create_pool(
        owner_url(settings),
        min_size=0,
        max_size=owner_size,
        timeout=10,
        server_settings={
            "application_name": "starhaul-owner-copy",
            "starhaul.public_url": settings.base_url,
            "jit": "off",
            **_AS_TEXT,
        },
    )
    try:
        yield Database(owner=owner, reader=reader, uploads=uploads, owner_copy=owner_copy)
    finally:
        for pool in {reader, uploads, owner_copy}:
            try:
                await asyncio.wait_for(pool.close(), timeout=5)
            except TimeoutError:
                pool.terminate()
        await owner.dispose()


async def _reader_pool(url: str, settings: Settings, size: int) -> "asyncpg.Pool[asyncpg.Record]":
    return await asyncpg.create_pool(
        url,
        min_size=0,
        max_size=size,
        timeout=10,
        server_settings={
            "application_name": "starhaul-reader",
            "starhaul.public_url": settings.base_url,
            "jit": "off",
            **_AS_TEXT,
        },
    )
