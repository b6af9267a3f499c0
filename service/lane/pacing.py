"""Bytes a second, of one user and of all, over all API processes: a token bucket in Redis.

Each limit is one number, the moment at which everything sent so far would have been sent at its
rate. A sender moves it on by what it is going to send, and waits until it is near.
"""

import asyncio
import time

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

_ALL = "starhaul:lane:rate:all"
_USER = "starhaul:lane:rate:user:"
# So much may be sent at once after a pause.
_BURST_S = 0.5
_SLICE_S = 0.1
_SMALLEST_SLICE, _LARGEST_SLICE = 1 << 14, 1 << 20

# KEYS: the limits. ARGV: bytes, then bytes a second of each limit. Gives the seconds until due.
_SEND = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1e6
local due = now
for i, key in ipairs(KEYS) do
    local sent = math.max(tonumber(redis.call('GET', key) or now), now) + ARGV[1] / ARGV[i + 1]
    redis.call('SET', key, string.format('%.6f', sent), 'EX', math.ceil(sent - now) + 1)
    due = math.max(due, sent)
end
return tostring(due - now)
"""

_log = structlog.get_logger()


class Pacing:
    """The rates of users and of all, in bytes a second; None: no limit."""

    def __init__(self, redis: Redis, per_user: int | None, in_all: int | None) -> None:
        self._send = redis.register_script(_SEND)
        self._per_user = per_user
        self._in_all = in_all
        self._sent: dict[str, float] = {}

    @property
    def slice_bytes(self) -> int | None:
        """How much to send at once, so that a slow rate is even; None: without limits, anything."""
        rates = [rate for rate in (self._per_user, self._in_all) if rate is not None]
        if not rates:
            return None
        return min(max(int(min(rates) * _SLICE_S), _SMALLEST_SLICE), _LARGEST_SLICE)

    async def wait(self, user: str, octets: int) -> None:
        """Return when so many bytes may go to a user."""
        limits = ((_USER + user, self._per_user), (_ALL, self._in_all))
        rates = {key: rate for key, rate in limits if rate is not None}
        if not rates:
            return
        try:
            due = float(await self._send(keys=list(rates), args=[octets, *rates.values()]))
        except (RedisError, OSError, TimeoutError) as error:
            _log.warning("rates hold in this process alone", error=repr(error))
            due = self._due_here(rates, octets)
        if due > _BURST_S:
            await asyncio.sleep(due - _BURST_S)

    def _due_here(self, rates: dict[str, int], octets: int) -> float:
        """The same sum by this process's clock."""
        now = time.monotonic()
        self._sent = {key: moment for key, moment in self._sent.items() if moment > now}
        for key, rate in rates.items():
            self._sent[key] = max(self._sent.get(key, now), now) + octets / rate
        return max(self._sent[key] for key in rates) - now
