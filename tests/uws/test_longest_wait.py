"""WAIT is bounded whatever a client asks for, below the timeouts of clients and proxies."""

import time

import httpx
import pytest
from asgi_lifespan import LifespanManager

from service.app import create_app
from service.config import Settings
from service.uws import jobs

_QUERY = {"LANG": "ADQL", "QUERY": "SELECT TOP 1 obs_id FROM ivoa.obscore"}


def test_it_is_fifty_seconds() -> None:
    """pyvo and STILTS give up after 60 s without an answer."""
    assert jobs.LONGEST_WAIT_S == 50


@pytest.mark.parametrize(
    "wait", [{"WAIT": "-1"}, {"WAIT": "3600"}, {"WAIT": "-1", "PHASE": "PENDING"}]
)
async def test_it_bounds_what_is_asked(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, wait: dict[str, str]
) -> None:
    """With the bound at 1 s, so that the test does not take 50."""
    monkeypatch.setattr(jobs, "LONGEST_WAIT_S", 1.0)
    async with LifespanManager(create_app(settings)) as manager:
        transport = httpx.ASGITransport(app=manager.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://archive") as client:
            job = (await client.post("/tap/async", data=_QUERY)).headers["location"]
            begun = time.monotonic()
            answer = await client.get(job, params=wait, timeout=30)
            assert b">PENDING<" in answer.content
            assert 0.9 < time.monotonic() - begun < 10
