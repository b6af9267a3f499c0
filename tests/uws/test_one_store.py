"""Processes of one archive have one work store."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from service.config import Settings
from service.database import owner_url
from service.errors import UsageError
from service.uws.listening import PhaseListener, phase_listener
from service.uws.one_store import refuse_other_stores, store_key


async def _connected(listener: PhaseListener) -> None:
    for _ in range(3_000):
        if listener.connected:
            return
        await asyncio.sleep(0.01)
    pytest.fail("the listener did not connect")


def _with_store(settings: Settings, store: Path | str) -> Settings:
    return settings.model_copy(update={"work_store": str(store)})


async def test_another_store_than_that_of_running_processes_is_refused(
    settings: Settings, tmp_path: Path
) -> None:
    here = _with_store(settings, tmp_path / "here")
    others = [_with_store(settings, tmp_path / "elsewhere"), _with_store(settings, "s3://b/p")]
    (tmp_path / "mounted").symlink_to(tmp_path / "here")
    async with AsyncExitStack() as running:
        for _ in range(2):
            listener = await running.enter_async_context(
                phase_listener(owner_url(here), store_key(here))
            )
            await _connected(listener)
        await refuse_other_stores(here)
        await refuse_other_stores(_with_store(settings, tmp_path / "mounted"))
        for other in others:
            with pytest.raises(UsageError, match="not the one of this archive's other"):
                await refuse_other_stores(other)
    await _accepted(others[0])


async def _accepted(settings: Settings) -> None:
    """PostgreSQL takes a moment to notice that a connection has ended."""
    for _ in range(600):
        try:
            return await refuse_other_stores(settings)
        except UsageError:
            await asyncio.sleep(0.05)
    pytest.fail("the store is still refused")


def test_a_store_that_cannot_be_used_is_named(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UsageError, match=r"file cannot be used: .*; let the account"):
        store_key(_with_store(settings, tmp_path / "file"))
