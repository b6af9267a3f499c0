"""Small results leave at once; a text sent again is not translated again until a table changes."""

import time

import asyncpg
import httpx
import pytest

from tests.conftest import run
from tests.serving import Service


def _ask(service: Service, query: str, form: str) -> httpx.Response:
    parameters = {"LANG": "ADQL", "QUERY": query, "FORMAT": form}
    return httpx.get(f"{service.url}/tap/sync", params=parameters, timeout=30)


@pytest.mark.parametrize("form", ["votable", "votable/td", "csv", "json", "fits", "parquet"])
def test_a_small_result_has_its_length(service: Service, form: str) -> None:
    response = _ask(service, "SELECT TOP 3 id, name FROM demo.stars", form)
    assert response.status_code == 200
    assert int(response.headers["content-length"]) > 0
    assert "transfer-encoding" not in response.headers


def test_a_large_result_is_streamed(service: Service) -> None:
    response = _ask(service, "SELECT * FROM demo.stars", "csv")
    assert "content-length" not in response.headers
    assert response.text.count("\n") == 20_001


async def _rename(url: str, old: str, new: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(f"ALTER TABLE demo.stars RENAME {old} TO {new}")
    await connection.execute(
        "UPDATE tap_schema.columns SET column_name = $2 "
        "WHERE table_name = 'demo.stars' AND column_name = $1",
        old,
        new,
    )
    await connection.close()


def test_a_column_that_was_renamed_is_seen(service: Service) -> None:
    query = "SELECT TOP 1 mag FROM demo.stars"
    assert _ask(service, query, "csv").status_code == 200
    run(_rename(service.database_url, "mag", "magnitude"))
    try:
        renamed = query.replace("mag", "magnitude")
        deadline = time.monotonic() + 15
        while (found := _ask(service, renamed, "csv").status_code) != 200:
            assert time.monotonic() < deadline, found
            time.sleep(0.2)
        response = _ask(service, query, "csv")
        assert response.status_code == 400
        assert "mag" in response.text
    finally:
        run(_rename(service.database_url, "magnitude", "mag"))
