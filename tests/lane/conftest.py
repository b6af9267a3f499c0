"""The Redis that the tests of the bulk lane use."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from service.lane.leases import open_redis


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """A Redis that knows of no streams."""
    async with open_redis(redis_url) as client:
        await forget(client)
        yield client


async def forget(client: Redis) -> None:
    """Have Redis forget the lane, as if it had been emptied."""
    for key in await client.keys("starhaul:lane:*"):
        await client.delete(key)
