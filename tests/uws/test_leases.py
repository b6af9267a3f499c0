"""Leases and admission against a real database, without workers."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from schema.url import async_url
from service.uws import lease, store
from service.uws.admission import admit
from service.uws.job import Result
from service.uws.lease import ATTEMPTS, LeaseLost
from service.uws.room import Room
from service.uws.run import Run
from service.uws.sweep import sweep
from tests.conftest import TestDatabase


async def _no_work(_run: Run) -> None:
    """A room whose jobs are never run here."""


_ROOM = Room("bulk", "/bulk", "bulk", run=_no_work)


@pytest.fixture
async def engine(database: TestDatabase) -> AsyncIterator[AsyncEngine]:
    """The owner's engine on an empty database."""
    engine = create_async_engine(async_url(database.url))
    async with engine.begin() as connection:
        await connection.execute(text("TRUNCATE uws.job CASCADE"))
    yield engine
    await engine.dispose()


async def _queued(engine: AsyncEngine, owner: str | None = None, client: str | None = None) -> str:
    async with engine.begin() as connection:
        job = await store.create(connection, _ROOM, {}, owner=owner, client=client, run_id=None)
        await store.queue(connection, job)
    return job


async def _admit(engine: AsyncEngine, slots: int) -> list[str]:
    async with engine.begin() as connection:
        return [job for job, _ in await admit(connection, {"bulk": slots})]


async def _execute(engine: AsyncEngine, sql: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(sql))


async def _phase(engine: AsyncEngine, job: str) -> str:
    async with engine.connect() as connection:
        return (await store.read(connection, _ROOM, job, None)).phase


async def test_free_slots_go_round_the_owners(engine: AsyncEngine) -> None:
    many = [await _queued(engine, "many") for _ in range(4)]
    anonymous = [await _queued(engine) for _ in range(2)]
    one = await _queued(engine, "one")
    assert await _admit(engine, 3) == [many[0], anonymous[0], one]
    assert await _admit(engine, 3) == []
    assert await _admit(engine, 4) == [many[1]]
    await _execute(engine, f"UPDATE uws.job SET phase = 'COMPLETED' WHERE id = '{one}'")
    assert await _admit(engine, 4) == [anonymous[1]]


async def test_anonymous_clients_take_turns_and_an_owner_is_one_wherever_from(
    engine: AsyncEngine,
) -> None:
    flood = [await _queued(engine, client="192.0.2.1") for _ in range(4)]
    ada = [await _queued(engine, "ada", client=f"198.51.100.{n}") for n in range(3)]
    late = await _queued(engine, client="192.0.2.2")
    assert await _admit(engine, 3) == [flood[0], ada[0], late]
    for running in (flood[0], ada[0], late):
        await _execute(engine, f"UPDATE uws.job SET phase = 'EXECUTING' WHERE id = '{running}'")
    assert await _admit(engine, 5) == [flood[1], ada[1]]
    later = await _queued(engine, "zoe")
    await _execute(engine, f"UPDATE uws.job SET phase = 'COMPLETED' WHERE id = '{ada[0]}'")
    assert await _admit(engine, 5) == [later]


async def test_many_principals_share_the_slots_evenly(engine: AsyncEngine) -> None:
    """Whoever sent a hundred jobs waits for each of them behind whoever sent one."""
    for user in range(8):
        for _ in range(100 if user == 0 else 3):
            await _queued(engine, f"user {user}")
    rounds = []
    for _ in range(3):
        admitted = await _admit(engine, 8)
        rows = await _owners(engine, admitted)
        rounds.append(sorted(rows))
        await _execute(
            engine, "UPDATE uws.job SET phase = 'COMPLETED' WHERE dispatched IS NOT NULL"
        )
    assert rounds == [[f"user {user}" for user in range(8)]] * 3
    assert await _owners(engine, await _admit(engine, 8)) == ["user 0"] * 8


async def _owners(engine: AsyncEngine, jobs: list[str]) -> list[str]:
    async with engine.connect() as connection:
        found = await connection.execute(
            text("SELECT owner FROM uws.job WHERE id = ANY(:jobs)"), {"jobs": jobs}
        )
        return [row.owner for row in found]


async def test_a_second_call_for_the_same_job_finds_it_taken(engine: AsyncEngine) -> None:
    job = await _queued(engine)
    async with engine.begin() as connection:
        assert await lease.take(connection, job) is None  # not admitted yet
    await _admit(engine, 1)
    async with engine.begin() as connection:
        assert await lease.take(connection, job) is not None
        assert await lease.take(connection, job) is None


async def test_who_was_thought_dead_changes_nothing(engine: AsyncEngine) -> None:
    job = await _queued(engine)
    await _admit(engine, 1)
    async with engine.begin() as connection:
        first = await lease.take(connection, job)
    await _execute(engine, "UPDATE uws.job SET lease_expires = now() - interval '1 second'")
    async with engine.begin() as connection:
        second = await lease.take(connection, job)
    assert first is not None
    assert second is not None
    assert (first.attempt, second.attempt) == (1, 2)
    for change in (
        lambda c: lease.renew(c, first),
        lambda c: lease.fail(c, first, "no"),
        lambda c: lease.complete(c, first, [Result("result", "results/result")]),
    ):
        with pytest.raises(LeaseLost):
            async with engine.begin() as connection:
                await change(connection)
    async with engine.begin() as connection:
        await lease.complete(connection, second, [Result("result", "results/result")])
    assert await _phase(engine, job) == "COMPLETED"


async def test_an_expired_lease_completes_nothing(engine: AsyncEngine) -> None:
    job = await _queued(engine)
    await _admit(engine, 1)
    async with engine.begin() as connection:
        held = await lease.take(connection, job)
    assert held is not None
    await _execute(engine, "UPDATE uws.job SET lease_expires = now() - interval '1 second'")
    with pytest.raises(LeaseLost):
        async with engine.begin() as connection:
            await lease.complete(connection, held, [])


async def test_a_job_is_given_up_after_its_attempts(engine: AsyncEngine) -> None:
    job = await _queued(engine)
    await _admit(engine, 1)
    for _ in range(ATTEMPTS):
        async with engine.begin() as connection:
            assert await lease.take(connection, job) is not None
        await _execute(
            engine,
            "UPDATE uws.job SET lease_expires = now() - interval '1 second', "
            "dispatched = now() - interval '1 hour'",
        )
        async with engine.begin() as connection:
            found = await sweep(connection)
        assert found is not None
    assert found == ([], [])
    async with engine.connect() as connection:
        ended = await store.read(connection, _ROOM, job, None)
    assert ended.phase == "ERROR"
    assert ended.error_message is not None
    assert "tried 3 times" in ended.error_message


async def test_the_sweep_calls_again_for_a_lost_message_but_not_at_once(
    engine: AsyncEngine,
) -> None:
    job = await _queued(engine)
    await _admit(engine, 1)
    calls = []
    for seconds in (0, 11, 11, 21):
        await _execute(
            engine, f"UPDATE uws.job SET dispatched = now() - interval '{seconds} seconds'"
        )
        async with engine.begin() as connection:
            found = await sweep(connection)
        assert found is not None
        calls.append(found[0])
    assert calls == [[], [(job, "bulk")], [], [(job, "bulk")]]


async def test_only_one_process_sweeps_at_a_time(engine: AsyncEngine) -> None:
    async with engine.begin() as first, engine.begin() as second:
        assert await sweep(first) is not None
        assert await sweep(second) is None
