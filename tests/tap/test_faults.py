"""The database is away: a VOTable that says when to come back."""

import httpx
from asgi_lifespan import LifespanManager

from service.app import create_app
from service.config import Settings
from tests.xsd import valid

_NOBODY_LISTENS = "postgresql://starhaul_reader@127.0.0.1:9/starhaul"


async def _ask(settings: Settings, query: str) -> httpx.Response:
    async with LifespanManager(create_app(settings)) as manager:
        transport = httpx.ASGITransport(app=manager.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://archive") as client:
            return await client.post("/tap/sync", data={"LANG": "ADQL", "QUERY": query})


async def test_a_database_that_is_away_is_a_503(settings: Settings) -> None:
    away = settings.model_copy(update={"read_database_url": _NOBODY_LISTENS})
    response = await _ask(away, "SELECT TOP 1 obs_id FROM ivoa.obscore")
    assert response.status_code == 503
    assert int(response.headers["retry-after"]) > 0
    root = valid(response.content, "VOTable.xsd")
    (status,) = root.iterfind(".//{*}INFO[@name='QUERY_STATUS']")
    assert status.get("value") == "ERROR"
    assert "database" in (status.text or "")
    assert "127.0.0.1" not in response.text
