"""The parts of the lane, on a real Redis: leases of streams, rates, turns."""

import asyncio
import time

from redis.asyncio import Redis

from service.lane.leases import Full, Leases, Room, open_redis
from service.lane.pacing import Pacing
from service.lane.turns import Turns
from tests.lane.conftest import forget

_ROOM = Room(per_user=2, in_all=3)
_NOWHERE = "redis://127.0.0.1:1"


async def _taken(leases: Leases, user: str) -> str:
    stream = await leases.take(user, _ROOM)
    assert isinstance(stream, str)
    return stream


async def test_streams_of_all_processes_are_counted(redis: Redis) -> None:
    here, there = Leases(redis), Leases(redis)
    first = await _taken(here, "ada")
    await _taken(there, "ada")
    assert await here.take("ada", _ROOM) is Full.USER
    await _taken(there, "bob")
    assert await here.take("bob", _ROOM) is Full.ALL
    here.end(first)
    await here.settle()
    await _taken(there, "ada")


async def test_streams_of_a_process_that_died_end_by_themselves(redis: Redis) -> None:
    dead, alive = Leases(redis, lease_s=1), Leases(redis, lease_s=1)
    await _taken(dead, "ada")
    await _taken(alive, "ada")
    for _ in range(3):
        await asyncio.sleep(0.5)
        await alive.renew()
    await _taken(Leases(redis), "ada")
    assert await Leases(redis).take("ada", _ROOM) is Full.USER


async def test_an_emptied_redis_learns_again(redis: Redis) -> None:
    leases = Leases(redis)
    for _ in range(2):
        await _taken(leases, "ada")
    await forget(redis)
    await redis.script_flush()
    await leases.renew()
    assert await leases.take("ada", _ROOM) is Full.USER


async def test_without_redis_a_process_counts_its_own() -> None:
    async with open_redis(_NOWHERE) as nowhere:
        leases = Leases(nowhere)
        streams = [await _taken(leases, "ada") for _ in range(2)]
        assert await leases.take("ada", _ROOM) is Full.USER
        await _taken(leases, "bob")
        assert await leases.take("bob", _ROOM) is Full.ALL
        await leases.renew()
        leases.end(streams[0])
        await leases.settle()
        await _taken(leases, "ada")


async def _seconds(paces: list[Pacing], user: str, octets: int) -> float:
    begin = time.monotonic()
    for pacing in paces:
        await pacing.wait(user, octets)
    return time.monotonic() - begin


async def test_a_rate_holds_over_all_processes(redis: Redis) -> None:
    """Half a second may go at once; what is sent beyond has to wait."""
    processes = [Pacing(redis, per_user=1_000_000, in_all=None) for _ in range(3)]
    assert await _seconds(processes, "ada", 500_000) >= 0.95
    assert await _seconds(processes[:1], "bob", 100_000) < 0.5


async def test_all_users_together_have_a_rate(redis: Redis) -> None:
    pacing = Pacing(redis, per_user=10_000_000, in_all=1_000_000)
    begin = time.monotonic()
    await pacing.wait("ada", 1_000_000)
    await pacing.wait("bob", 500_000)
    assert time.monotonic() - begin >= 0.95


async def test_a_rate_holds_without_redis() -> None:
    async with open_redis(_NOWHERE) as nowhere:
        pacing = Pacing(nowhere, per_user=1_000_000, in_all=5_000_000)
        assert await _seconds([pacing] * 3, "ada", 500_000) >= 0.95


async def test_no_limit_asks_nobody() -> None:
    async with open_redis(_NOWHERE) as nowhere:
        pacing = Pacing(nowhere, per_user=None, in_all=None)
        assert pacing.slice_bytes is None
        assert await _seconds([pacing] * 1_000, "ada", 1 << 30) < 1


async def test_users_get_turns_not_streams() -> None:
    turns, order = Turns(), []

    async def stream(user: str, number: int) -> None:
        await turns.next(user)
        order.append(f"{user}{number}")

    streams = [("ada", 1), ("ada", 2), ("ada", 3), ("ada", 4), ("bob", 1), ("bob", 2)]
    await asyncio.gather(*(stream(*each) for each in streams))
    assert order == ["ada1", "ada2", "bob1", "ada3", "bob2", "ada4"]


async def test_one_buffer_for_each_turn_of_the_loop() -> None:
    turns, sent, most = Turns(), 0, 0

    async def stream(user: str) -> None:
        nonlocal sent
        for _ in range(20):
            await turns.next(user)
            sent += 1

    streams = asyncio.gather(*(stream(f"user {number}") for number in range(10)))
    while not streams.done():
        before = sent
        await asyncio.sleep(0)
        most = max(most, sent - before)
    assert (sent, most) == (200, 1)


async def test_a_stream_that_left_takes_no_turn() -> None:
    turns = Turns()
    await turns.next("ada")
    gone = asyncio.ensure_future(turns.next("ada"))
    await asyncio.sleep(0)
    gone.cancel()
    async with asyncio.timeout(30):
        await turns.next("bob")
        await turns.next("ada")
