"""The bulk lane of one API process: streams let in, paced, and sent in turn."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import cast

from starlette.requests import Request
from starlette.types import Message, Scope, Send

from service.config import Settings
from service.database import NotConfigured
from service.errors import StarhaulError, TooMany, Unavailable
from service.lane.leases import Full, Leases, Room, open_redis
from service.lane.pacing import Pacing
from service.lane.turns import Turns
from service.principal import client_of, principal_of
from service.storage.buffers import BUFFER_BYTES
from service.storage.outlet import PacedOutlet, outlet_of

# An end and the next beginning overtake each other: connections of one client are not in order.
_PATIENCE_S = 2.0
_LOOK_AGAIN_S = 0.1
_RETRY_USER_S = 5
_RETRY_ALL_S = 15
# Sent by another process at once where no rate is limited.
_LONGEST_RUN = 4 * BUFFER_BYTES
# A client that takes nothing for so long has gone, or may come back with a range.
_STALLED_S = 600


def user_of(request: Request) -> str:
    """Whom fair use counts: the principal, or the address of an anonymous client."""
    principal = principal_of(request)
    return f"address {client_of(request)}" if principal is None else f"principal {principal}"


@dataclass(frozen=True)
class Lane:
    """Streams of parts and files, beside all else that this process answers."""

    room: Room
    leases: Leases
    pacing: Pacing
    turns: Turns = field(default_factory=Turns)

    @asynccontextmanager
    async def stream(self, user: str) -> AsyncIterator[None]:
        """A stream that runs for the time of the block.

        TooMany where the user has as many as one may have, Unavailable where all users together
        have.
        """
        stream = await self._enter(user)
        try:
            yield
        finally:
            self.leases.end(stream)

    async def _enter(self, user: str) -> str:
        deadline = asyncio.get_running_loop().time() + _PATIENCE_S
        while isinstance(found := await self.leases.take(user, self.room), Full):
            if asyncio.get_running_loop().time() > deadline:
                raise self._refusal(found)
            await asyncio.sleep(_LOOK_AGAIN_S)
        return found

    def _refusal(self, full: Full) -> TooMany | Unavailable:
        if full is Full.USER:
            return TooMany(
                f"you read {self.room.per_user} parts and files at once, as many as one user may; "
                "use fewer connections, or wait until one ends",
                retry_after=_RETRY_USER_S,
            )
        return Unavailable(
            f"{self.room.in_all} downloads run, as many as this archive sends at once; "
            "try again in a while",
            retry_after=_RETRY_ALL_S,
        )

    def at_pace(self, user: str, send: Send) -> Send:
        """The same `send`, no faster than a user may read."""

        async def send_at_pace(message: Message) -> None:
            for piece in self._pieces(message):
                octets = len(piece.get("body", b""))
                if octets:
                    await self.pacing.wait(user, octets)
                await _send_within(_STALLED_S, send, piece)

        return send_at_pace

    def in_turn(self, user: str, send: Send) -> Send:
        """The same, and in turn with other users."""

        async def send_in_turn(message: Message) -> None:
            if message.get("body"):
                await self.turns.next(user)
            await send(message)

        return self.at_pace(user, send_in_turn)

    def outlet(self, user: str, scope: Scope) -> PacedOutlet | None:
        """The socket of a user's connection, at the same pace and in the same turn."""

        async def pace(octets: int) -> None:
            await self.pacing.wait(user, octets)
            await self.turns.next(user)

        outlet = outlet_of(scope)
        if outlet is None:
            return None
        return PacedOutlet(outlet, pace, self.pacing.slice_bytes or _LONGEST_RUN, _STALLED_S)

    def _pieces(self, message: Message) -> Iterator[Message]:
        """A message in pieces that keep a slow pace even."""
        most = self.pacing.slice_bytes
        body = message.get("body", b"")
        if most is None or len(body) <= most:
            yield message
            return
        view = memoryview(body)
        for first in range(0, len(body), most):
            more = message.get("more_body", False) or first + most < len(body)
            yield {**message, "body": view[first : first + most], "more_body": more}


async def _send_within(seconds: float, send: Send, message: Message) -> None:
    try:
        async with asyncio.timeout(seconds):
            await send(message)
    except TimeoutError:
        raise StarhaulError(f"the client took nothing for {seconds:.0f} s") from None


@asynccontextmanager
async def open_lane(settings: Settings) -> AsyncIterator[Lane]:
    """The lane of this process, known to the others by Redis."""
    if settings.redis_url is None:
        raise NotConfigured("no broker: set STARHAUL_REDIS_URL, or use `starhaul up`")
    async with open_redis(settings.redis_url) as redis:
        leases = Leases(redis)
        pacing = Pacing(redis, settings.bulk_bytes_per_s_per_user, settings.bulk_bytes_per_s)
        renewing = asyncio.create_task(leases.keep())
        try:
            room = Room(settings.bulk_streams_per_user, settings.bulk_streams)
            yield Lane(room, leases, pacing)
        finally:
            renewing.cancel()
            with suppress(asyncio.CancelledError):
                await renewing
            await leases.settle()


def lane_of(request: Request) -> Lane:
    """The lane of the process that answers this request."""
    return cast(Lane, request.app.state.lane)
