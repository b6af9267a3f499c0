"""Credentials over HTTP: what is taken, how the rest is refused, and that no query changes whose
they are."""

import base64
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import asyncpg
import httpx
import pytest
from asgi_lifespan import LifespanManager

from service.access import command
from service.app import create_app
from service.config import Settings
from tests.conftest import run
from tests.serving import Service
from tests.xsd import valid

_ORIGIN = {"origin": "https://aladin.cds.unistra.fr"}
_DATA = ("/files/1", "/bulk", "/bulk/" + "0" * 32 + "/results/result", "/datalink/links?ID=x")
_TAP = ("/tap/sync?QUERY=SELECT+1&LANG=ADQL", "/tap/async", "/tap/tables", "/tap/capabilities")


@dataclass(frozen=True)
class Door:
    """The archive with one dataset that is ada's alone, and a token of hers."""

    url: str
    database_url: str
    token: str

    def count(self, query: str, **headers: str) -> httpx.Response:
        """A query sent with such headers."""
        return httpx.get(
            f"{self.url}/tap/sync",
            params={"QUERY": query, "LANG": "ADQL", "FORMAT": "csv"},
            headers=headers,
            timeout=60,
        )


_COUNT = "SELECT COUNT(*) AS n FROM ivoa.obscore"


async def _close_a_dataset(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(
        "WITH made AS (INSERT INTO archive.collection (name, root, config) "
        "VALUES ('c', '/', '{}') RETURNING id) "
        "INSERT INTO archive.dataset (collection_id, calib_level, obs_collection, obs_id, "
        "obs_publisher_did, readable_by) SELECT id, 2, 'c', 'x', 'ivo://x', '{ada}' FROM made"
    )
    await connection.close()


@pytest.fixture(scope="module")
def door(service: Service) -> Door:
    run(_close_a_dataset(service.database_url))
    return Door(service.url, service.database_url, command.make(service.database_url, "ada", None))


def _basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def test_bearer_and_basic_are_the_same(door: Door) -> None:
    for authorization in (
        f"Bearer {door.token}",
        f"bearer {door.token}",
        _basic("ada", door.token),
        _basic("anything", door.token),
    ):
        answer = door.count(_COUNT, authorization=authorization)
        assert answer.text.split() == ["n", "1"]
        assert answer.headers["x-vo-authenticated"] == "ada"
    assert door.count(_COUNT).text.split() == ["n", "0"]


@pytest.mark.parametrize("path", [*_DATA, *_TAP, "/", "/explorer", "/docs", "/nowhere"])
@pytest.mark.parametrize("authorization", ["Bearer wrong", _basic("ada", "wrong"), "Bearer"])
def test_wrong_credentials_are_said_in_the_form_of_the_protocol(
    door: Door, path: str, authorization: str
) -> None:
    """Asked by a browser too: a download must never be a page."""
    headers = {"authorization": authorization, "accept": "text/html", **_ORIGIN}
    answer = httpx.get(door.url + path, headers=headers)
    assert answer.status_code == 401
    challenges = answer.headers.get_list("www-authenticate")
    assert [each.split()[0] for each in challenges] == ["Basic", "Bearer"]
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "WWW-Authenticate" in answer.headers["access-control-expose-headers"]
    assert answer.headers["cache-control"] == "no-store"
    if path in _TAP:
        assert answer.headers["content-type"] == "application/x-votable+xml"
        (info,) = valid(answer.content, "VOTable.xsd").iterfind(".//{*}INFO[@value='ERROR']")
        assert "token" in str(info.text)
    else:
        assert answer.headers["content-type"] == "application/problem+json"
        assert "token" in answer.json()["detail"]


def test_posts_with_wrong_credentials_do_nothing(door: Door) -> None:
    for room in ("/tap/async", "/bulk"):
        answer = httpx.post(
            door.url + room,
            data={"QUERY": _COUNT, "LANG": "ADQL", "PHASE": "RUN"},
            headers={"authorization": "Bearer wrong"},
        )
        assert answer.status_code == 401


def test_capabilities_say_that_there_is_something_to_log_in_to(door: Door) -> None:
    for service in ("tap", "bulk", "datalink"):
        url = f"{door.url}/{service}/capabilities"
        for answer in (httpx.get(url), httpx.head(url)):
            assert answer.status_code == 200
            found = answer.headers.get_list("www-authenticate")
            assert [each.split()[0] for each in found] == ["Basic", "Bearer"]
        known = httpx.head(url, headers={"authorization": f"Bearer {door.token}"})
        assert "www-authenticate" not in known.headers
        assert known.headers["x-vo-authenticated"] == "ada"


def test_preflights_allow_the_header(door: Door) -> None:
    asked = {
        **_ORIGIN,
        "access-control-request-method": "GET",
        "access-control-request-headers": "authorization,range",
    }
    for path in (*_DATA, *_TAP):
        answer = httpx.options(door.url + path, headers=asked)
        assert answer.status_code == 200
        assert "authorization" in answer.headers["access-control-allow-headers"]
        assert answer.headers["access-control-allow-origin"] == "*"


def test_a_revoked_and_an_expired_token_end_within_seconds(door: Door) -> None:
    url = door.database_url
    revoked, expiring = command.make(url, "rita", None), command.make(url, "emil", "1h")
    for token in (revoked, expiring):
        assert door.count(_COUNT, authorization=f"Bearer {token}").status_code == 200
    command.revoke(url, "rita")
    run(_expire(url, "emil"))
    deadline = time.monotonic() + 30
    for token in (revoked, expiring):
        while door.count(_COUNT, authorization=f"Bearer {token}").status_code != 401:
            assert time.monotonic() < deadline
            time.sleep(0.2)


async def test_a_token_nobody_can_look_up_is_no_wrong_one(redis_url: str, tmp_path: Path) -> None:
    """Without a database: 503 in the form of the protocol, for a later try."""
    nowhere = "postgresql://x@127.0.0.1:1/x"
    settings = Settings(
        home_dir=tmp_path, database_url=nowhere, read_database_url=nowhere, redis_url=redis_url
    )
    headers = {"authorization": "Bearer some"}
    async with LifespanManager(create_app(settings)) as manager:
        transport = httpx.ASGITransport(manager.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            for path, form in (("/tap/sync", "x-votable+xml"), ("/files/1", "problem+json")):
                answer = await client.get(path, headers=headers)
                assert (answer.status_code, int(answer.headers["retry-after"]) > 0) == (503, True)
                assert answer.headers["content-type"] == f"application/{form}"


async def _expire(url: str, principal: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(
        "UPDATE archive.token SET expires = now() - $2::interval WHERE principal = $1",
        *(principal, timedelta(seconds=1)),
    )
    await connection.close()


def test_netrc_serves_curl_and_wget(
    door: Door, tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text(f"machine 127.0.0.1 login ada password {door.token}\n")
    netrc.chmod(0o600)
    url = f"{door.url}/tap/sync?LANG=ADQL&FORMAT=csv&QUERY={_COUNT.replace(' ', '+')}"
    for fetch in (
        [require_tool("curl"), "-sS", "--fail-with-body", "-n", url],
        [require_tool("wget"), "-q", "--auth-no-challenge", "-O", "-", url],
    ):
        done = subprocess.run(
            fetch, capture_output=True, text=True, check=True, env={"HOME": str(tmp_path)}
        )
        assert done.stdout.split() == ["n", "1"]


_ATTEMPTS = [
    "SELECT set_config('starhaul.principal', 'ada', false) AS s FROM ivoa.obscore",
    "SELECT pg_catalog.set_config('starhaul.principal', 'ada', false) AS s FROM ivoa.obscore",
    'SELECT "set_config"(\'starhaul.principal\', \'ada\', false) AS s FROM ivoa.obscore',
    "SELECT COUNT(*) AS n FROM ivoa.obscore WHERE set_config('starhaul.principal','ada',1=1)='ada'",
    "SELECT current_setting('starhaul.principal') AS s FROM ivoa.obscore",
    "SELECT starhaul.may_read(obs_id) AS s FROM ivoa.obscore",
    "SET starhaul.principal = 'ada'",
    f"{_COUNT}; SET starhaul.principal = 'ada'",
    f"SET starhaul.principal = 'ada'; {_COUNT}",
    f"{_COUNT} WHERE obs_id = 'x'; SET starhaul.principal = 'ada'; --'",
    f"{_COUNT} WHERE obs_id = E'\\'; SET starhaul.principal = \\'ada'",
    f"{_COUNT} WHERE obs_id = $$x$$",
    "SELECT COUNT(*) AS n FROM archive.dataset",
    "SELECT COUNT(*) AS n FROM pg_settings",
    "SELECT * FROM archive.token",
]  # fmt: skip


@pytest.mark.parametrize("query", _ATTEMPTS)
def test_no_query_changes_who_asks(door: Door, query: str) -> None:
    """Refused as ADQL, before PostgreSQL hears of it; and the next on that connection is nobody."""
    assert door.count(query).status_code == 400
    assert door.count(query, authorization=f"Bearer {door.token}").status_code == 400
    assert door.count(_COUNT).text.split() == ["n", "0"]


def test_text_that_looks_like_sql_is_text(door: Door) -> None:
    for literal in (
        "''); SELECT set_config(''starhaul.principal'', ''ada'', false); --",
        "\\''); SELECT set_config(\\''starhaul.principal\\'', \\''ada\\'', false); --",
    ):
        query = f"SELECT COUNT(*) AS n, '{literal}' AS s FROM ivoa.obscore GROUP BY s"
        answer = door.count(query.replace(" GROUP BY s", f" WHERE '{literal}' = '{literal}'"))
        assert answer.status_code == 200, answer.text
        assert answer.text.splitlines()[1].startswith("0,")
