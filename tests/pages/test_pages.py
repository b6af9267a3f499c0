"""The pages over a real database that holds two small collections."""

import datetime
import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser

import asyncpg
import httpx
import pytest
from asgi_lifespan import LifespanManager

from service.app import create_app
from service.config import Settings
from service.pages import documentation

_DATASET = """
    INSERT INTO archive.dataset (collection_id, dataproduct_type, calib_level, obs_collection,
        obs_id, obs_publisher_did, s_ra, s_dec, t_min, t_max, em_min, em_max, readable_by, hpx)
    VALUES ($1, $2, 2, $3, $4, 'ivo://test/pages?' || $4, $5, $6, 58000, 58001, $7, $8, $9, $10)
    RETURNING id
"""
_HOLDING = """
    INSERT INTO archive.holding (collection_id, dataset_id, path, media_type, size, mtime_ns,
        ctime_ns, inode, sha256, crc32, reader, readable_by)
    VALUES ($1, $2, $3, 'application/fits', $4, 0, 0, 0, sha256(''), 0, 'test', $5)
"""
ACCEPT_HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


async def restarting() -> None:
    """What a request meets while the database restarts."""
    raise ConnectionRefusedError("/secret/socket")


@pytest.fixture(scope="module")
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application; the database holds 3 open datasets and a closed one."""
    assert settings.database_url is not None
    connection = await asyncpg.connect(settings.database_url)
    collections = {}
    for name, title in (("first", "Spectra of <everything>"), ("second", "Images")):
        collections[name] = await connection.fetchval(
            "INSERT INTO archive.collection (name, root, title, config, ingested) "
            "VALUES ($1, '/nowhere', $2, '{}', $3) RETURNING id",
            name,
            title,
            datetime.datetime.now(datetime.UTC),
        )
    rows = (
        ("first", "spectrum", "a", 150.0, 2.0, 3.8e-7, 9.2e-7, None, 1_500_000),
        ("first", "spectrum", "b", 150.01, 2.01, 3.8e-7, 9.2e-7, None, 500_000),
        ("second", "image", "c", 20.0, -60.0, 1.0e-6, 2.4e-6, None, 1_000_000),
        ("second", "image", "secret", 20.0, -60.0, 1.0e-6, 5.0e-6, ["insider"], 7_000_000),
    )
    for collection, kind, name, ra, dec, em_min, em_max, readers, size in rows:
        key, cell = collections[collection], int(ra) * 10**15
        dataset = await connection.fetchval(
            _DATASET, key, kind, collection, name, ra, dec, em_min, em_max, readers, cell
        )
        await connection.execute(_HOLDING, key, dataset, f"{name}.fits", size, readers)
    await connection.close()
    app = create_app(settings)
    app.add_api_route("/restarting", restarting)
    async with LifespanManager(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://archive") as found:
            yield found


class Outline(HTMLParser):
    """Headings, links and addresses of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.levels: list[int] = []
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what matters."""
        values = {name: value or "" for name, value in attrs}
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))
        if tag in ("script", "img", "link", "iframe"):
            self.loaded.append(values.get("src", values.get("href", "")))
        if tag == "a":
            self.links.append(values["href"])
        if "id" in values:
            self.ids.append(values["id"])


async def test_home_counts_what_is_open_to_all(client: httpx.AsyncClient) -> None:
    response = await client.get("/", headers=ACCEPT_HTML)
    assert response.status_code == 200
    assert "<strong>3</strong> datasets in 2 collections" in response.text
    assert "<strong>3 MB</strong>" in response.text
    assert "380 to 920 nm" in response.text
    assert "1 to 2.4 µm" in response.text  # not 5 µm: that one is closed
    assert "2017-09-04 to 2017-09-05" in response.text
    assert "Spectra of &lt;everything&gt;" in response.text
    assert response.text.count("<circle") == 2


async def test_the_example_is_where_most_datasets_are(client: httpx.AsyncClient) -> None:
    assert "CIRCLE(150.0" in (await client.get("/")).text


async def test_pages_load_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    for path in ("/", "/docs", "/nowhere"):
        response = await client.get(path, headers=ACCEPT_HTML)
        outline = Outline(response.text)
        assert outline.loaded
        for address in outline.loaded:
            assert address.startswith("/static/")
            assert (await client.get(address)).status_code == 200
        assert "default-src 'self'" in response.headers["content-security-policy"]


async def test_headings_descend_by_one_and_ids_are_unique(client: httpx.AsyncClient) -> None:
    for path in ("/", *(f"/docs/{entry.name}" for entry in documentation.navigation())):
        outline = Outline((await client.get(path)).text)
        assert outline.levels.count(1) == 1, path
        steps = zip(outline.levels, outline.levels[1:], strict=False)
        assert all(after - before <= 1 for before, after in steps), path
        assert len(outline.ids) == len(set(outline.ids)), path


async def test_head_has_no_body(client: httpx.AsyncClient) -> None:
    response = await client.head("/")
    assert response.status_code == 200
    assert response.content == b""


async def test_documentation_shows_the_archives_own_address(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    settings.public_url = "https://archive.example"
    try:
        guide = (await client.get("/docs/user-guide")).text
    finally:
        settings.public_url = documentation.ADDRESS_IN_DOCS
    assert "https://archive.example/tap" in guide
    assert documentation.ADDRESS_IN_DOCS not in guide


@pytest.mark.parametrize("name", [entry.name for entry in documentation.navigation()])
async def test_links_of_the_documentation_lead_somewhere(
    client: httpx.AsyncClient, name: str
) -> None:
    response = await client.get(f"/docs/{name}")
    assert response.status_code == 200
    for link in Outline(response.text).links:
        if link.startswith(("/docs", "#")):
            path, _, part = link.partition("#")
            linked = await client.get(path or f"/docs/{name}")
            assert linked.status_code == 200, link
            assert not part or f'id="{part}"' in linked.text, link
        assert not link.endswith(".md"), link


@pytest.mark.parametrize(
    "path",
    [
        "/docs/nothing",
        "/docs/../README",
        "/docs/..%2fREADME",
        "/static/..%2froutes.py",
        "/static/x",
    ],
)
async def test_unknown_pages_are_404_in_the_form_that_was_asked_for(
    client: httpx.AsyncClient, path: str
) -> None:
    page = await client.get(path, headers=ACCEPT_HTML)
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["x-request-id"] in page.text
    assert Outline(page.text).levels == [1]
    plain = await client.get(path)
    assert plain.status_code == 404
    assert plain.headers["content-type"] == "application/problem+json"


async def test_java_clients_get_no_page(client: httpx.AsyncClient) -> None:
    java = "text/html, image/gif, image/jpeg, */*; q=0.2"
    response = await client.get("/nowhere", headers={"Accept": java})
    assert response.headers["content-type"] == "application/problem+json"


async def test_an_outage_says_when_to_come_back(client: httpx.AsyncClient) -> None:
    page = await client.get("/restarting", headers=ACCEPT_HTML)
    assert page.status_code == 503
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["retry-after"] in re.findall(r"Try again in (\d+) seconds", page.text)
    assert "/secret/socket" not in page.text
    assert (await client.get("/restarting")).json()["status"] == 503


async def test_limits_are_told_to_people_and_programs(client: httpx.AsyncClient) -> None:
    page = await client.get("/limits", headers=ACCEPT_HTML)
    assert page.headers["content-type"].startswith("text/html")
    told = (await client.get("/limits")).json()
    assert told["downloads"]["streams_per_user"] == Settings().bulk_streams_per_user
    assert f"<td>{told['downloads']['streams_per_user']}; more get status 429</td>" in page.text
    for kind in ("queries", "bulk"):
        limits = (await client.get(told[kind])).json()
        assert limits.get("downloads", told["downloads"]) == told["downloads"]
    capabilities = (await client.get("/bulk/capabilities")).text
    assert f"{told['downloads']['streams']} to all" in capabilities
