"""Which streams run, of all API processes: leases in Redis, renewed by the process that sends.

A process that dies renews nothing and its streams are forgotten after LEASE_S. An emptied Redis
knows all again after RENEWAL_S. While it is away each process counts its own streams.
"""

import asyncio
import contextlib
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import Enum

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

# The limits of who downloads again from a process that was killed count its streams so long. A
# process that is too busy to renew them in time lets some more in, until it does.
LEASE_S = 6
RENEWAL_S = 2

_ALL = "starhaul:lane:all"
_USER = "starhaul:lane:user:"
_TIMEOUT_S = 1.0

# KEYS: the user's streams, all streams. ARGV: the stream, both limits, seconds of the lease.
_TAKE = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1e6
for i, key in ipairs(KEYS) do
    redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
    if redis.call('ZCARD', key) >= tonumber(ARGV[i + 1]) then return i end
end
for _, key in ipairs(KEYS) do
    redis.call('ZADD', key, now + ARGV[4], ARGV[1])
    redis.call('EXPIRE', key, ARGV[4])
end
return 0
"""
# KEYS: all streams, then the user's for each stream. ARGV: seconds, then the streams.
_RENEW = """
local time = redis.call('TIME')
local ends = time[1] + time[2] / 1e6 + ARGV[1]
for i = 2, #KEYS do
    for _, key in ipairs({KEYS[1], KEYS[i]}) do
        redis.call('ZADD', key, ends, ARGV[i])
        redis.call('EXPIRE', key, ARGV[1])
    end
end
"""

_log = structlog.get_logger()


class Full(Enum):
    """What there is no room in."""

    USER = 1
    ALL = 2


@dataclass(frozen=True, slots=True)
class Room:
    """How many streams may run: of one user, and of all."""

    per_user: int
    in_all: int


class Leases:
    """The streams of this process, known to the others."""

    def __init__(self, redis: Redis, lease_s: int = LEASE_S) -> None:
        self._redis = redis
        self._lease_s = lease_s
        self._take = redis.register_script(_TAKE)
        self._renew = redis.register_script(_RENEW)
        self._mine: dict[str, str] = {}
        self._ending: set[asyncio.Task[None]] = set()

    async def take(self, user: str, room: Room) -> str | Full:
        """A new stream's id, or what is full."""
        stream = secrets.token_hex(8)
        keys = [_USER + user, _ALL]
        try:
            full = int(
                await self._take(
                    keys=keys, args=[stream, room.per_user, room.in_all, self._lease_s]
                )
            )
        except (RedisError, OSError, TimeoutError) as error:
            _log.warning("streams are counted in this process alone", error=repr(error))
            full = self._full_here(user, room)
        if full:
            return Full(full)
        self._mine[stream] = user
        return stream

    def _full_here(self, user: str, room: Room) -> int:
        if Counter(self._mine.values())[user] >= room.per_user:
            return Full.USER.value
        return Full.ALL.value if len(self._mine) >= room.in_all else 0

    def end(self, stream: str) -> None:
        """A stream has ended; the others hear of it in a moment."""
        forgetting = asyncio.create_task(self._forget(stream, self._mine.pop(stream)))
        self._ending.add(forgetting)
        forgetting.add_done_callback(self._ending.discard)

    async def _forget(self, stream: str, user: str) -> None:
        with contextlib.suppress(RedisError, OSError, TimeoutError):
            async with self._redis.pipeline(transaction=False) as pipeline:
                pipeline.zrem(_ALL, stream)
                pipeline.zrem(_USER + user, stream)
                await pipeline.execute()

    async def keep(self) -> None:
        """Renew until cancelled."""
        while True:
            await asyncio.sleep(RENEWAL_S)
            await self.renew()

    async def renew(self) -> None:
        """Hold all streams of this process for another lease."""
        mine = dict(self._mine)
        if not mine:
            return
        keys = [_ALL, *(_USER + user for user in mine.values())]
        try:
            await self._renew(keys=keys, args=[self._lease_s, *mine])
        except (RedisError, OSError, TimeoutError) as error:
            _log.warning("leases of streams are not renewed", error=repr(error))

    async def settle(self) -> None:
        """Wait until the others have heard of all ends."""
        await asyncio.gather(*self._ending)


@contextlib.asynccontextmanager
async def open_redis(url: str) -> AsyncIterator[Redis]:
    """A client with short timeouts: who waits for it is a download that could begin."""
    client = Redis.from_url(
        url, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S, protocol=2
    )
    try:
        yield client
    finally:
        await client.aclose()
