"""A large result beside others: it fails late, is read slowly, or runs while 64 clients ask."""

import asyncio
import time

import httpx
import psutil
import pytest
from lxml import etree

from tests.conftest import CI
from tests.serving import Service

_ROWS = 1_000_000 if CI else 200_000
_LATE = _ROWS * 9 // 10
_ALLOWED_BYTES = 150 * 2**20
_CLIENTS, _SECONDS = 64, 30 if CI else 2
# In order of id: PostgreSQL begins a scan of a large table where the one before it is.
_FAILS_LATE = (
    f"SELECT id, 1e308 * CASE WHEN id = {_LATE} THEN 100 ELSE 1 END AS x FROM demo.stars "
    "ORDER BY id"
)
_FIRST = "SELECT TOP 1 id FROM demo.stars ORDER BY id"
_ALL = "SELECT * FROM demo.stars ORDER BY id"
_POOL = 8  # connections for queries


@pytest.fixture(scope="module")
def stars() -> int:
    return _ROWS


def _ask(service: Service, query: str, form: str) -> httpx.Response:
    parameters = {"LANG": "ADQL", "QUERY": query, "FORMAT": form}
    return httpx.get(f"{service.url}/tap/sync", params=parameters, timeout=60)


@pytest.mark.parametrize("form", ["votable", "votable/td"])
def test_a_votable_says_that_a_late_row_failed(service: Service, form: str) -> None:
    response = _ask(service, _FAILS_LATE, form)
    assert response.status_code == 200
    root = etree.fromstring(response.content, etree.XMLParser(huge_tree=True))
    statuses = root.findall(".//{*}INFO[@name='QUERY_STATUS']")
    assert [status.get("value") for status in statuses] == ["OK", "ERROR"]
    said = statuses[1].text or ""
    assert "too large" in said
    assert "SELECT" not in said


@pytest.mark.parametrize("form", ["csv", "tsv", "json", "parquet", "arrow"])
def test_any_other_format_breaks_off(service: Service, form: str) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        _ask(service, _FAILS_LATE, form)


def test_fits_fails_before_its_first_byte(service: Service) -> None:
    response = _ask(service, _FAILS_LATE, "fits")
    assert response.status_code == 400
    assert b"too large" in response.content


def test_connections_come_back_after_failures(service: Service) -> None:
    for _ in range(_POOL + 1):
        with pytest.raises(httpx.RemoteProtocolError):
            _ask(service, _FAILS_LATE, "csv")
    assert _ask(service, _FIRST, "csv").text == "id\n1\n"


@pytest.mark.parametrize("form", ["votable", "csv"])
def test_connections_come_back_from_clients_that_leave(service: Service, form: str) -> None:
    everything = {"LANG": "ADQL", "QUERY": _ALL, "FORMAT": form}
    url = f"{service.url}/tap/sync"
    for _ in range(_POOL + 1):
        with httpx.stream("GET", url, params=everything, timeout=60) as response:
            next(response.iter_raw())
    assert _ask(service, _FIRST, "csv").text == "id\n1\n"


async def _tiny(service: Service, until: float) -> list[int]:
    """The status of each tiny query that one client sent until then."""
    statuses = []
    parameters = {"LANG": "ADQL", "QUERY": _FIRST, "FORMAT": "csv"}
    async with httpx.AsyncClient(timeout=60) as client:
        while time.monotonic() < until or not statuses:
            response = await client.get(f"{service.url}/tap/sync", params=parameters)
            statuses.append(response.status_code)
    return statuses


async def _everything(service: Service, until: float) -> list[int]:
    """The bytes of each whole table that one client read until then."""
    sizes = []
    plain = {"Accept-Encoding": "identity"}
    parameters = {"LANG": "ADQL", "QUERY": _ALL}
    async with httpx.AsyncClient(timeout=60) as client:
        while time.monotonic() < until or not sizes:
            async with client.stream(
                "GET", f"{service.url}/tap/sync", params=parameters, headers=plain
            ) as response:
                sizes.append(sum([len(piece) async for piece in response.aiter_raw()]))
    return sizes


async def _peak(process: psutil.Process, until: float) -> int:
    peak = 0
    while time.monotonic() < until:
        peak = max(peak, process.memory_info().rss)
        await asyncio.sleep(0.02)
    return peak


async def test_many_clients_beside_a_large_result(service: Service) -> None:
    process = psutil.Process(service.pid)
    _ask(service, _FIRST, "csv")
    idle = process.memory_info().rss
    until = time.monotonic() + _SECONDS
    sizes, peak, *answers = await asyncio.gather(
        _everything(service, until),
        _peak(process, until),
        *(_tiny(service, until) for _ in range(_CLIENTS)),
    )
    assert {status for statuses in answers for status in statuses} == {200}
    assert max(sizes) - min(sizes) < 1000  # lines of base64 end where pieces end
    assert peak - idle < _ALLOWED_BYTES
