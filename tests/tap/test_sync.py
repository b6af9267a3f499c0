"""/tap/sync over HTTP: what each client sends, what each mistake is told."""

import asyncio
import io
import time
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from astropy.io.votable import parse, parse_single_table
from lxml import etree

from service.language import LANGUAGES
from tests.serving import QUERY_TIMEOUT_S, Service
from tests.xsd import valid

_QUERY = "SELECT TOP 3 id, name, mag FROM demo.stars ORDER BY id"
_JAVA = {
    "User-Agent": "STILTS/3.4.7-debian Java/17.0.15",
    "Accept": "text/html, image/gif, image/jpeg, */*; q=0.2",
}
_PYVO = {"User-Agent": "pyVO/1.9.1", "Accept": "*/*", "Accept-Encoding": "gzip, deflate"}
_ASTROQUERY = {"User-Agent": "astroquery/0.4.11", "Accept": "text/plain"}
_TOPCAT_COUNT = "SELECT COUNT(*) AS nrow FROM TAP_SCHEMA.columns"


@pytest.fixture(scope="module")
def client(service: Service) -> httpx.Client:
    return httpx.Client(base_url=f"{service.url}/tap", timeout=30)


def _table(response: httpx.Response) -> Any:
    assert response.status_code == 200, response.text
    valid(response.content, "VOTable.xsd")
    return parse_single_table(io.BytesIO(response.content)).array


def _infos(response: httpx.Response) -> dict[str, str]:
    resource = parse(io.BytesIO(response.content)).resources[0]
    return {info.name: info.value for info in resource.infos}


def _message(response: httpx.Response) -> str:
    """The text of the error, which has to be the only QUERY_STATUS and without a table."""
    assert response.headers["content-type"] == "application/x-votable+xml"
    root = valid(response.content, "VOTable.xsd")
    (status,) = root.iterfind(".//{*}INFO[@name='QUERY_STATUS']")
    assert status.get("value") == "ERROR"
    assert not list(root.iter("{*}TABLE"))
    (request_id,) = root.iterfind(".//{*}INFO[@name='request_id']")
    assert request_id.get("value") == response.headers["x-request-id"]
    return status.text or ""


# What the clients were recorded to send.
_RECORDED: list[tuple[dict[str, str], dict[str, str]]] = [
    (_JAVA, {"REQUEST": "doQuery", "LANG": "ADQL", "QUERY": _QUERY}),
    (_JAVA, {"LANG": "ADQL", "QUERY": _QUERY}),
    (_JAVA, {"REQUEST": "doQuery", "LANG": "ADQL-2.0", "QUERY": _QUERY, "FORMAT": "votable/b2"}),
    (_PYVO, {"REQUEST": "doQuery", "LANG": "ADQL", "MAXREC": "100", "QUERY": _QUERY}),
    (
        _ASTROQUERY,
        {
            "REQUEST": "doQuery",
            "LANG": "ADQL",
            "FORMAT": "votable",
            "tapclient": "aqtappy1-20200428.1",
            "QUERY": _QUERY.replace("SELECT ", "SELECT  "),
            "PHASE": "RUN",
        },
    ),
    ({}, {"lang": "adql", "query": _QUERY, "Dummy": "ignore-me"}),
]


@pytest.mark.parametrize(("headers", "form"), _RECORDED)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_recorded_requests(
    client: httpx.Client, method: str, headers: dict[str, str], form: dict[str, str]
) -> None:
    where = {"params": form} if method == "GET" else {"data": form}
    response = client.request(method, "/sync", headers=headers, **where)
    table = _table(response)
    assert list(table["id"]) == [1, 2, 3]
    assert list(table["name"]) == ["star 1", "star 2", "star 3"]
    assert _infos(response)["QUERY_STATUS"] == "OK"


def test_topcat_counts_columns_when_it_opens(client: httpx.Client) -> None:
    response = client.post("/sync", data={"LANG": "ADQL", "QUERY": _TOPCAT_COUNT})
    assert _table(response)["nrow"][0] > 50


def test_a_multipart_form(client: httpx.Client) -> None:
    parts = {"QUERY": (None, _QUERY), "LANG": (None, "ADQL")}
    assert len(_table(client.post("/sync", files=parts))) == 3


def test_metadata_comes_from_tap_schema(client: httpx.Client) -> None:
    query = "SELECT TOP 1 ra, seen, mag AS m FROM demo.stars"
    response = client.get("/sync", params={"LANG": "ADQL", "QUERY": query})
    ra, seen, mag = parse_single_table(io.BytesIO(response.content)).fields
    assert (ra.unit, ra.ucd, ra.datatype) == ("deg", "pos.eq.ra;meta.main", "double")
    assert (seen.xtype, seen.arraysize) == ("timestamp", "*")
    assert (mag.name, mag.unit, mag.description) == ("m", "mag", "The mag of a star")


def test_a_missing_lang_is_noted(client: httpx.Client) -> None:
    assert _infos(client.get("/sync", params={"QUERY": _QUERY}))["LANG"] == "ADQL"
    assert "LANG" not in _infos(client.get("/sync", params={"QUERY": _QUERY, "LANG": "ADQL"}))


def test_declared_languages_are_those_accepted(client: httpx.Client) -> None:
    (language,) = etree.fromstring(client.get("/capabilities").content).iter("language")
    name = language.findtext("name")
    declared = {f"{name}-{version.text}" for version in language.iter("version")}
    assert {name, *declared} == set(LANGUAGES)
    for lang in LANGUAGES:
        assert len(_table(client.get("/sync", params={"QUERY": _QUERY, "LANG": lang}))) == 3


def test_the_result_says_where_it_is_from(client: httpx.Client) -> None:
    response = client.get("/sync", params={"QUERY": _QUERY, "LANG": "ADQL", "RUNID": "run 7"})
    infos = _infos(response)
    assert infos["query"] == _QUERY
    assert infos["request_id"] == response.headers["x-request-id"]
    assert infos["RUNID"] == "run 7"


def test_maxrec_cuts_and_says_so(client: httpx.Client) -> None:
    form = {"LANG": "ADQL", "QUERY": "SELECT id FROM demo.stars"}
    response = client.post("/sync", data={**form, "MAXREC": "2"})
    assert len(_table(response)) == 2
    assert (
        b'value="OVERFLOW">the result was cut after 2 rows (MAXREC); there are more: give a '
        in (response.content)
    )
    assert (
        b"OVERFLOW"
        not in client.post("/sync", data={"LANG": "ADQL", "QUERY": _QUERY, "MAXREC": "3"}).content
    )


@pytest.mark.parametrize(
    ("top", "maxrec", "rows", "status"),
    [(5, 2, 2, "OVERFLOW"), (2, 5, 2, "OK"), (3, 3, 3, "OK"), (3, 0, 0, "OVERFLOW")],
)
def test_maxrec_beats_top(
    client: httpx.Client, top: int, maxrec: int, rows: int, status: str
) -> None:
    query = f"SELECT TOP {top} id FROM demo.stars"
    form = {"LANG": "ADQL", "QUERY": query, "MAXREC": str(maxrec)}
    response = client.get("/sync", params=form)
    assert len(_table(response)) == rows
    statuses = etree.fromstring(response.content).iterfind(".//{*}INFO[@name='QUERY_STATUS']")
    assert [found.get("value") for found in statuses][-1] == status


@pytest.mark.parametrize("form", ["votable", "csv"])
def test_a_huge_maxrec_is_no_limit(client: httpx.Client, form: str) -> None:
    query = {"LANG": "ADQL", "QUERY": _QUERY, "MAXREC": "9" * 30, "FORMAT": form}
    response = client.get("/sync", params=query)
    assert response.status_code == 200
    assert b"OVERFLOW" not in response.content


def test_head_checks_the_query(client: httpx.Client) -> None:
    good = client.head("/sync", params={"LANG": "ADQL", "QUERY": _QUERY, "FORMAT": "csv"})
    assert (good.status_code, good.content) == (200, b"")
    assert good.headers["content-type"].startswith("text/csv")
    bad = client.head("/sync", params={"LANG": "ADQL", "QUERY": "SELECT nothing FROM demo.stars"})
    assert bad.status_code == 400


_WRONG: list[tuple[dict[str, Any], str]] = [
    ({"QUERY": "DUFF QUERY"}, "DUFF"),
    ({"QUERY": "SELECT magg FROM demo.stars"}, "did you mean mag"),
    ({"QUERY": "SELECT id FROM demo.star"}, "line 1, column 16"),
    ({}, "QUERY is missing"),
    ({"LANG": "OOBLECK"}, "LANG='OOBLECK'"),
    ({"REQUEST": "getCapabilities"}, "doQuery"),
    ({"MAXREC": "-1"}, "MAXREC='-1'"),
    ({"MAXREC": "many"}, "MAXREC='many'"),
    ({"MAXREC": ["1", "2"]}, "give it once"),
    ({"RESPONSEFORMAT": "docx"}, "votable"),
    ({"UPLOAD": "t1,param:t1"}, "upload t1: the request has no file named 't1'"),
    (
        {"QUERY": "SELECT SUM(1e308 + id) FROM demo.stars"},
        "becomes too large or too small",
    ),
]


@pytest.mark.parametrize(("wrong", "said"), _WRONG)
def test_mistakes_are_named(client: httpx.Client, wrong: dict[str, Any], said: str) -> None:
    form = {"LANG": "ADQL", "QUERY": _QUERY, **wrong} if wrong else {"LANG": "ADQL"}
    response = client.post("/sync", data=form)
    assert response.status_code == 400
    message = _message(response)
    assert said in message
    assert "Traceback" not in message
    assert str(Path.cwd()) not in message


def test_a_body_beyond_the_bound_is_refused(client: httpx.Client) -> None:
    response = client.post("/sync", data={"LANG": "ADQL", "QUERY": "x" * (17 * 2**20)})
    assert response.status_code == 413
    assert "larger than" in _message(response)


def test_unknown_resources_are_votable_errors(client: httpx.Client) -> None:
    response = client.get("/nothing")
    assert response.status_code == 404
    assert "'nothing'" in _message(response)
    assert client.get("", follow_redirects=False).status_code == 303
    assert client.delete("/sync").status_code == 405


def test_a_query_that_takes_too_long(client: httpx.Client) -> None:
    query = "SELECT COUNT(*) FROM demo.stars AS a, demo.stars AS b WHERE a.mag + b.mag > 3"
    begun = time.monotonic()
    response = client.post("/sync", data={"LANG": "ADQL", "QUERY": query})
    assert response.status_code == 400
    assert "narrow it down" in _message(response)
    assert time.monotonic() - begun < QUERY_TIMEOUT_S + 10


async def _active(url: str, mark: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        return int(
            await connection.fetchval(
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE state = 'active' AND query LIKE $1 AND usename = 'starhaul_reader'",
                f"COPY%{mark}%",
            )
        )
    finally:
        await connection.close()


async def _until(url: str, mark: str, wanted: int) -> None:
    # Less than the limit at which the query would end by itself.
    async with asyncio.timeout(QUERY_TIMEOUT_S - 1):
        while await _active(url, mark) != wanted:  # noqa: ASYNC110 (PostgreSQL gives no event)
            await asyncio.sleep(0.02)


async def test_a_client_that_leaves_before_the_first_row(service: Service) -> None:
    query = "SELECT COUNT(*) FROM demo.stars AS a, demo.stars AS b WHERE a.mag + b.mag > 4713"
    form = {"LANG": "ADQL", "QUERY": query}
    async with httpx.AsyncClient() as client:
        asking = asyncio.create_task(client.post(f"{service.url}/tap/sync", data=form))
        await _until(service.database_url, "4713", 1)
        asking.cancel()
    await _until(service.database_url, "4713", 0)


async def test_a_client_that_leaves_in_the_middle(service: Service) -> None:
    query = "SELECT a.id, b.name FROM demo.stars AS a, demo.stars AS b WHERE a.id <> 4714"
    form = {"LANG": "ADQL", "QUERY": query}
    async with (
        httpx.AsyncClient() as client,
        client.stream("POST", f"{service.url}/tap/sync", data=form) as response,
    ):
        octets = response.aiter_raw()
        await anext(octets)
        await _until(service.database_url, "4714", 1)
    await _until(service.database_url, "4714", 0)
