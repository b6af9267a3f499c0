"""/tap/check: queries answered without being run."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import asyncpg
import httpx
import pytest

from tests.serving import Service

_COLUMN_KEYS = ["name", "datatype", "arraysize", "xtype", "unit", "ucd", "utype", "description"]
_ITEMS = 50_000
_LONG = "SELECT id FROM demo.stars WHERE id IN ({})"


@pytest.fixture(scope="module")
def client(service: Service) -> httpx.Client:
    return httpx.Client(base_url=f"{service.url}/tap", timeout=60)


def _checked(client: httpx.Client, query: str, **more: str) -> dict[str, Any]:
    response = client.get("/check", params={"QUERY": query, **more})
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    checked: dict[str, Any] = response.json()
    return checked


def test_a_valid_query(client: httpx.Client) -> None:
    checked = _checked(
        client, "SELECT s.ra AS alpha, AVG(s.mag) FROM demo.stars AS s GROUP BY s.ra"
    )
    assert checked["valid"]
    assert (checked["errors"], checked["notes"]) == ([], [])
    alpha, mean = checked["columns"]
    assert list(alpha) == _COLUMN_KEYS
    assert list(alpha.values()) == [
        *("alpha", "double", None, None, "deg", "pos.eq.ra;meta.main", None, "The ra of a star")
    ]
    assert (mean["datatype"], mean["unit"]) == ("double", "mag")
    assert checked["tables"] == [{"schema_name": "demo", "table_name": "stars"}]
    assert checked["language"] == "ADQL"
    assert not {"sql", "estimate"} & set(checked)


def test_an_invalid_query_has_its_place(client: httpx.Client) -> None:
    checked = _checked(client, "SELECT id,\n  magg FROM demo.stars", SQL="1", EXPLAIN="1")
    (error,) = checked.pop("errors")
    assert (error["line"], error["column"], error["length"]) == (2, 3, 4)
    assert error["suggestion"] == "mag"
    assert "'magg'" in error["message"]
    assert checked == {
        "valid": False, "notes": [], "language": "ADQL", "columns": [], "tables": []
    }  # fmt: skip


def test_notes_are_told_here_and_in_results(client: httpx.Client) -> None:
    query = "SELECT TOP 1 id / 7 AS q FROM demo.stars"
    (note,) = _checked(client, query)["notes"]
    assert (note["line"], note["column"], note["length"]) == (1, 14, 6)
    result = client.get("/sync", params={"QUERY": query, "FORMAT": "votable"})
    assert '<INFO name="warning" value="' in result.text
    assert note["message"] in result.text
    assert "at line 1, column 14" in result.text


def test_sql_and_estimate_when_asked(client: httpx.Client) -> None:
    query = "SELECT TOP 7 id FROM demo.stars WHERE name <> 'it''s'"
    checked = _checked(client, query, sql="true", explain="1")
    assert checked["sql"].startswith("SELECT ")
    assert checked["estimate"]["rows"] == 7
    assert checked["estimate"]["cost"] > 0
    assert checked["estimate"]["scans"] == ["stars"]
    assert checked["estimate"]["indexes"] == []


def test_the_index_that_finds_the_rows_is_named(client: httpx.Client) -> None:
    checked = _checked(client, "SELECT name FROM demo.stars WHERE id = 17", explain="1")
    assert checked["estimate"]["indexes"] == [{"name": "stars_pkey", "keys": "id"}]
    assert checked["estimate"]["scans"] == []


async def test_a_query_that_cannot_be_planned_now_is_valid_and_says_why(
    client: httpx.Client, service: Service
) -> None:
    connection = await asyncpg.connect(service.database_url)
    try:
        async with connection.transaction():
            await connection.execute("LOCK TABLE demo.stars")
            checked = await asyncio.to_thread(
                _checked, client, "SELECT id FROM demo.stars", EXPLAIN="1"
            )
    finally:
        await connection.close()
    assert checked["valid"]
    assert "estimate" not in checked
    assert "no estimate" in checked["notes"][-1]["message"]


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({}, "QUERY is missing"),
        ({"QUERY": "SELECT 1 FROM demo.stars", "LANG": "SQL"}, "ADQL-2.1"),
        ({"QUERY": "SELECT 1 FROM demo.stars", "SQL": "yes"}, "SQL='yes'"),
        ({"QUERY": ["a", "b"]}, "give it once"),
    ],
)
def test_wrong_parameters_are_a_problem(
    client: httpx.Client, parameters: dict[str, Any], said: str
) -> None:
    response = client.post("/check", data=parameters)
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"
    assert said in response.json()["detail"]


def test_the_language_is_that_of_lang(client: httpx.Client) -> None:
    case = "SELECT CASE WHEN mag > 5 THEN 1 ELSE 0 END AS faint FROM demo.stars"
    assert _checked(client, case)["valid"]
    assert _checked(client, case, LANG="ADQL")["valid"]
    for standard in ("ADQL-2.1", "ADQL-2.0"):
        refused = _checked(client, case, LANG=standard)
        assert not refused["valid"]
        assert refused["language"] == standard
    reserved_later = "SELECT id AS offset FROM demo.stars"
    assert _checked(client, reserved_later, LANG="ADQL-2.0")["valid"]
    assert not _checked(client, reserved_later, LANG="ADQL-2.1")["valid"]


def test_head_and_cross_origin_requests(client: httpx.Client) -> None:
    query = {"QUERY": "SELECT id FROM demo.stars"}
    assert client.head("/check", params=query).status_code == 200
    response = client.get("/check", params=query, headers={"Origin": "http://editor.example"})
    assert response.headers["access-control-allow-origin"] == "*"


def test_openapi_describes_it(service: Service) -> None:
    document = httpx.get(f"{service.url}/api/openapi.json").json()
    operations = document["paths"]["/tap/check"]
    assert {p["name"] for p in operations["get"]["parameters"]} == {
        *("QUERY", "LANG", "SQL", "EXPLAIN")
    }
    assert "multipart/form-data" in operations["post"]["requestBody"]["content"]
    assert set(document["components"]["schemas"]["CheckColumn"]["properties"]) == set(_COLUMN_KEYS)


def _megabyte() -> str:
    """A query of more than a million characters over the first stars."""
    return _LONG.format(", ".join(f"{i:>20}" for i in range(1, _ITEMS + 1)))


@pytest.mark.parametrize("form", ["data", "files"])
@pytest.mark.parametrize("path", ["/check", "/sync"])
def test_others_are_answered_while_a_megabyte_is_parsed(
    client: httpx.Client, stars: int, path: str, form: str
) -> None:
    query = _megabyte()
    assert len(query) > 1_000_000
    fields = {"LANG": "ADQL", "QUERY": query, "FORMAT": "csv"}
    sent: dict[str, Any] = (
        {"data": fields} if form == "data" else {"files": {k: (None, v) for k, v in fields.items()}}
    )
    with ThreadPoolExecutor(1) as pool:
        posting = pool.submit(client.post, path, **sent)
        answers = 0
        while not posting.done():
            assert client.get("/availability").status_code == 200
            answers += 1
    response = posting.result()
    assert response.status_code == 200, response.text
    assert answers > 2  # where parsing held them up, one or two
    if path == "/check":
        assert response.json()["valid"]
    else:
        assert response.text.count("\n") == 1 + stars
