"""`starhaul token`: tokens made, listed, revoked, in sentences."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from schema.url import async_url
from service.access import tokens
from service.access.tokens import Token
from service.database import is_outage
from service.errors import NotFound, StarhaulError, Unavailable, UsageError

_PERIOD = re.compile(r"(\d{1,5})\s*([hdwy])")
_HOURS = {"h": 1, "d": 24, "w": 7 * 24, "y": 365 * 24}


def moment_of_expiry(text: str, now: datetime) -> datetime:
    """When a token ends: after a period ("12h", "30d", "8w", "1y") or at a moment (ISO 8601, UTC
    where it names no zone); UsageError where it is neither, or over."""
    period = _PERIOD.fullmatch(text.strip().lower())
    try:
        if period is not None:
            moment = now + timedelta(hours=int(period[1]) * _HOURS[period[2]])
        else:
            moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise UsageError(
            f"--expires {text!r} is neither a period like 30d (h, d, w, y) nor a time like "
            "2027-01-31T12:00:00Z"
        ) from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if moment <= now:
        raise UsageError(f"--expires {text!r} is over already; give a time to come")
    return moment


def make(database_url: str, name: str, expires: str | None) -> str:
    """A new token of a principal: its text, told this once."""
    until = None if expires is None else moment_of_expiry(expires, datetime.now(UTC))

    async def work() -> str:
        async with _database(database_url) as connection:
            return await tokens.make(connection, name, until)

    return asyncio.run(work())


def listed(database_url: str) -> list[Token]:
    """All tokens."""

    async def work() -> list[Token]:
        async with _database(database_url) as connection:
            return await tokens.list_tokens(connection)

    return asyncio.run(work())


def revoke(database_url: str, which: str) -> Sequence[Token]:
    """End a token by its number, or all of a principal; NotFound where there is none."""

    async def work() -> Sequence[Token]:
        async with _database(database_url) as connection:
            return await tokens.revoke(connection, which)

    ended = asyncio.run(work())
    if not ended:
        raise NotFound(f"there is no token {which!r}; starhaul token --list tells which there are")
    return ended


def lines(found: Sequence[Token]) -> Iterator[str]:
    """A table of tokens."""
    if not found:
        return
    width = max(len("principal"), *(len(token.principal) for token in found))
    yield f"{'number':>6}  {'principal':{width}}  {'made':16}  expires"
    for token in found:
        made = f"{token.created.astimezone(UTC):%Y-%m-%dT%H:%M}"
        yield f"{token.id:6}  {token.principal:{width}}  {made:16}  {_end(token)}"


def _end(token: Token) -> str:
    if token.expires is None:
        return "never"
    over = " (is over)" if token.expires <= datetime.now(UTC) else ""
    return f"{token.expires.astimezone(UTC):%Y-%m-%dT%H:%M}{over}"


@asynccontextmanager
async def _database(database_url: str) -> AsyncIterator[AsyncConnection]:
    """A transaction of the owner's; its troubles in words for the operator."""
    engine = create_async_engine(async_url(database_url), connect_args={"timeout": 10})
    try:
        async with engine.begin() as connection:
            yield connection
    except ProgrammingError:
        raise StarhaulError(
            "the database has no table of tokens; bring it to this version: starhaul init"
        ) from None
    except Exception as error:
        if not is_outage(error):
            raise
        raise Unavailable(
            f"the database cannot be reached ({type(error).__name__}); start it, then run the "
            "command again"
        ) from None
    finally:
        await engine.dispose()
