"""The job list with its filters (UWS 1.1 §2.2.2.1), and what clients may ask of it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from schema.url import async_url
from service.errors import UsageError
from service.parameters import parameters_of
from service.uws import store
from service.uws.controls import list_filter
from service.uws.documents import jobs_document
from service.uws.room import Room
from service.uws.run import Run
from tests.conftest import TestDatabase
from tests.xsd import valid


async def _no_work(_run: Run) -> None:
    """A room whose jobs are never run here."""


_ROOM = Room("tap", "/tap/async", "interactive", run=_no_work)
_PHASES = ("PENDING", "COMPLETED", "ERROR", "COMPLETED")
_FIRST = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
async def connection(database: TestDatabase) -> AsyncIterator[AsyncConnection]:
    """One job a day of `me`, in these phases, and one of somebody else."""
    engine = create_async_engine(async_url(database.url))
    async with engine.connect() as connection:
        for day, phase in enumerate((*_PHASES, "COMPLETED")):
            owner = "me" if day < len(_PHASES) else "other"
            job = await store.create(connection, _ROOM, {}, owner=owner, run_id=f"day {day}")
            await connection.execute(
                text("UPDATE uws.job SET phase = :phase, created = :created WHERE id = :id"),
                {"phase": phase, "created": _FIRST + timedelta(days=day), "id": job},
            )
        yield connection
    await engine.dispose()


@pytest.mark.parametrize(
    ("asked", "days"),
    [
        ({}, [3, 2, 1, 0]),
        ({"PHASE": ["COMPLETED"]}, [3, 1]),
        ({"PHASE": ["PENDING", "ERROR"]}, [2, 0]),
        ({"AFTER": ["2026-01-02T00:00:00Z"]}, [3, 2]),
        ({"AFTER": ["2026-01-02T01:00:00+02:00"]}, [3, 2, 1]),
        ({"AFTER": ["2026-01-01T12:00:00"]}, [3, 2, 1]),
        ({"LAST": ["2"]}, [3, 2]),
        ({"PHASE": ["COMPLETED"], "AFTER": ["2026-01-01T00:00:00Z"], "LAST": ["1"]}, [3]),
        ({"PHASE": ["ARCHIVED"]}, []),
    ],
)
async def test_filters(
    connection: AsyncConnection, asked: dict[str, list[str]], days: list[int]
) -> None:
    given = parameters_of((name, value) for name, values in asked.items() for value in values)
    phases, after, last = list_filter(given)
    jobs = await store.list_jobs(connection, _ROOM, "me", phases=phases, after=after, last=last)
    assert [job.run_id for job in jobs] == [f"day {day}" for day in days]
    valid(jobs_document(jobs, "http://archive/tap/async"), "UWS.xsd")


async def test_nobody_sees_jobs_of_others(connection: AsyncConnection) -> None:
    assert await store.list_jobs(connection, _ROOM, None) == []
    assert len(await store.list_jobs(connection, _ROOM, "other")) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LAST", "0"),
        ("LAST", "-1"),
        ("LAST", "some"),
        ("AFTER", "yesterday"),
        ("AFTER", "2026-13-01"),
        ("PHASE", "DONE"),
    ],
)
def test_wrong_filters_are_named(name: str, value: str) -> None:
    with pytest.raises(UsageError, match=f"{name}='{value}'"):
        list_filter(parameters_of([(name, value)]))
