"""The database is away: a VOTable with a fault's name that says when to come back."""

import httpx
from asgi_lifespan import LifespanManager

from service.app import create_app
from service.config import Settings
from tests.xsd import valid

_NOBODY_LISTENS = "postgresql://starhaul@127.0.0.1:9/starhaul"


async def test_a_database_that_is_away_is_a_transient_fault(settings: Settings) -> None:
    away = settings.model_copy(update={"database_url": _NOBODY_LISTENS})
    async with LifespanManager(
        create_app(away), startup_timeout=60, shutdown_timeout=60
    ) as manager:
        transport = httpx.ASGITransport(app=manager.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://archive") as client:
            answer = await client.get("/datalink/links", params={"ID": "ivo://a/b"})
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    (status,) = valid(answer.content, "VOTable.xsd").iterfind(".//{*}INFO[@name='QUERY_STATUS']")
    assert (status.get("value"), str(status.text).partition(":")[0]) == ("ERROR", "TransientFault")
    assert "127.0.0.1" not in answer.text
