"""A result of a million rows passes through the API without staying in it."""

import httpx
import psutil
import pytest

from tests.serving import Service

_ALLOWED_BYTES = 150 * 2**20


@pytest.fixture(scope="module")
def stars() -> int:
    return 1_000_000


def _streamed(url: str, rows: int, form: str, process: psutil.Process) -> tuple[int, int]:
    """Bytes of the result, and the API's peak resident bytes while it was read."""
    query = f"SELECT TOP {rows} * FROM demo.stars"
    size = peak = 0
    parameters = {"LANG": "ADQL", "QUERY": query, "FORMAT": form}
    plain = {"Accept-Encoding": "identity"}
    with httpx.stream(
        "GET", f"{url}/tap/sync", params=parameters, headers=plain, timeout=60
    ) as response:
        assert response.status_code == 200
        for piece in response.iter_raw():
            size += len(piece)
            peak = max(peak, process.memory_info().rss)
    return size, peak


@pytest.mark.parametrize("form", ["votable", "votable/td", "csv"])
def test_memory_does_not_grow_with_the_result(service: Service, form: str) -> None:
    process = psutil.Process(service.pid)
    _streamed(service.url, 1, form, process)
    idle = process.memory_info().rss
    small, _ = _streamed(service.url, 100_000, form, process)
    size, peak = _streamed(service.url, 1_000_000, form, process)
    assert size > 9 * small
    assert peak - idle < _ALLOWED_BYTES
