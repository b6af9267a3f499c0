"""What a queue of chunks says of its end."""

from pathlib import Path

import pytest

from service.results.backlog import Backlog


async def test_it_is_over_once_all_is_read_and_the_end_is_known(tmp_path: Path) -> None:
    backlog = Backlog(str(tmp_path))
    await backlog.put(b"rows")
    assert not backlog.is_over
    await backlog.end()
    assert not backlog.is_over
    assert await backlog.get() == b"rows"
    assert backlog.is_over
    assert await backlog.get() is None


async def test_a_failure_after_the_end_is_none_of_the_rows(tmp_path: Path) -> None:
    backlog = Backlog(str(tmp_path))
    await backlog.end()
    await backlog.end(ConnectionError("lost while the connection was given back"))
    assert await backlog.get() is None


async def test_rows_that_failed_are_not_over(tmp_path: Path) -> None:
    backlog = Backlog(str(tmp_path))
    await backlog.put(b"rows")
    await backlog.end(ValueError("the third row"))
    assert await backlog.get() == b"rows"
    assert not backlog.is_over
    with pytest.raises(ValueError, match="the third row"):
        await backlog.get()
