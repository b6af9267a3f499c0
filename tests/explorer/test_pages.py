"""Every page of the explorer as a browser without scripts has it, and its twins."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest
from lxml import etree

from service.html import sky_map
from tests.explorer.conftest import ODD, ODD_COLUMNS
from tests.explorer.reading import X, page, text
from tests.xsd import valid

_V = "{http://www.ivoa.net/xml/VOTable/v1.3}"
ODD_TABLE = f"/explorer/tables/{quote(ODD, safe='')}"
TWINNED = (
    "/explorer",
    "/explorer?q=star",
    "/explorer/schemas/demo",
    "/explorer/tables/demo.stars",
    "/explorer/tables/demo.stars/mag",
    "/explorer/tables/tap_schema.columns",
    ODD_TABLE,
    f"{ODD_TABLE}/{quote(ODD_COLUMNS[1], safe='')}",
    "/explorer/examples",
    "/explorer/examples/cone",
    "/explorer/functions",
)


def links(root: etree._Element) -> Iterator[str]:
    """Where a page leads within the explorer, without running queries."""
    for element in root.iter(f"{X}a", f"{X}link"):
        address = element.get("href", "")
        if address.startswith("/explorer") and "RUN=" not in address:
            yield address.partition("#")[0]


def test_every_page_is_reached_by_links_and_fit_for_all(client: httpx.Client) -> None:
    seen: set[str] = set()
    waiting = ["/explorer"]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        if re.search(r"\.(json|vot)(\?|$)", path):
            continue
        root = page(client, path)
        fit_for_all(root, path)
        if "?" not in path:
            waiting += links(root)
    kinds = {"schemas": 4, "tables": 30, "examples": 9, "functions": 1, "query": 1}
    for kind, least in kinds.items():
        assert sum(p.split("?")[0].startswith(f"/explorer/{kind}") for p in seen) >= least, kind


def fit_for_all(root: etree._Element, path: str) -> None:
    """What can be said of a page's accessibility without looking at it."""
    headings = [int(e.tag[-1]) for e in root.iter() if re.fullmatch(rf"{X}h[1-6]", str(e.tag))]
    assert headings.count(1) == 1, path
    assert all(b - a <= 1 for a, b in pairwise(headings)), path
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(ids) == len(set(ids)), path
    labelled = {e.get("for") for e in root.iter(f"{X}label")}
    for field in root.iter(f"{X}input", f"{X}textarea", f"{X}select"):
        assert field.get("type") == "hidden" or field.get("id") in labelled, path
    for name in root.xpath("//@aria-labelledby | //@aria-describedby"):
        assert name in ids, path
    for control in root.iter(f"{X}a", f"{X}button"):
        assert text(control) or control.get("aria-label"), path
    for figure in root.iter("{*}svg"):
        assert figure.get("aria-hidden") or figure.get("aria-label"), path
    for cell in root.iter(f"{X}th"):
        assert cell.get("scope") in ("col", "row"), path
    for scrolling in root.iterfind(f".//{X}div[@class='scroll']"):
        assert scrolling.get("tabindex") == "0", path
    assert root.get("lang") == "en"
    assert not root.findall(f".//{X}script[@src='']"), path
    assert all(script.get("src") for script in root.iter(f"{X}script")), path


def flat(words: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in words.items():
        if isinstance(value, dict):
            found |= flat(value, f"{prefix}{name}_")
        else:
            found[prefix + name] = value
    return found


def same(told: str | None, value: Any) -> bool:
    """Whether a text of a VOTable is a value of JSON."""
    if value is None or value == "":
        return not told
    if isinstance(value, bool):
        return told == str(value).lower()
    if isinstance(value, int | float):
        return told is not None and float(told) == value
    if isinstance(value, list):
        return told is not None and all(str(item)[:1] in told for item in value)
    return told is not None and told.split() == str(value).split()


@pytest.mark.parametrize("path", TWINNED)
def test_twins_say_the_same(client: httpx.Client, path: str) -> None:
    stem, _, query = path.partition("?")
    suffixed = [f"{stem}{suffix}{'?' if query else ''}{query}" for suffix in (".json", ".vot")]
    addresses = {e.get("href") for e in page(client, path).iter(f"{X}link")}
    assert set(suffixed) <= addresses
    told = client.get(suffixed[0])
    assert told.headers["content-type"] == "application/json"
    accepted = client.get(path, headers={"Accept": "application/json"})
    assert accepted.json() == told.json()
    votable = client.get(suffixed[1])
    assert votable.headers["content-type"] == "application/x-votable+xml"
    by_accept = client.get(path, headers={"Accept": "application/x-votable+xml"})
    assert by_accept.content == votable.content
    content = told.json()
    root = valid(votable.content, "VOTable.xsd")
    infos = {info.get("name"): info.get("value") for info in root.iter(f"{_V}INFO")}
    lists = {
        name: value
        for name, value in content.items()
        if isinstance(value, list) and not any(isinstance(item, str) for item in value)
    }
    for name, value in flat({k: v for k, v in content.items() if k not in lists}).items():
        assert same(infos.get(name), value), name
    tables = {table.get("name"): table for table in root.iter(f"{_V}TABLE")}
    assert set(tables) == {name for name, rows in lists.items() if rows}
    for name in tables:
        rows = lists[name]
        fields = [field.get("name") for field in tables[name].iter(f"{_V}FIELD")]
        cells = [[td.text for td in tr] for tr in tables[name].iter(f"{_V}TR")]
        assert len(cells) == len(rows)
        for row, texts in zip(rows, cells, strict=True):
            for field, value in flat(row).items():
                assert same(texts[fields.index(field)], value), (name, field)


def test_a_table_tells_all_that_is_known(client: httpx.Client) -> None:
    content = client.get(f"{ODD_TABLE}.json").json()
    assert content["rows"] == 7
    assert [column["name"] for column in content["columns"]] == list(ODD_COLUMNS)
    assert len(content["sample"]) == 5
    assert content["keys"][0]["target_table"] == "demo.stars"
    assert [example["query"] for example in content["examples"]] == [f"SELECT * FROM {ODD}"]
    stars = client.get("/explorer/tables/demo.stars.json").json()
    assert [key["from_table"] for key in stars["referred_by"]] == [ODD]
    root = page(client, "/explorer/tables/demo.stars")
    assert "20,000" in text(root)
    words = text(root)
    assert "pyvo.dal.TAPService" in words
    assert "stilts tapquery" in words
    assert "curl -sS" in words
    mag = root.xpath("//*[local-name()='tr'][.//*[text()='mag']]")[0]
    assert "0 to 24.9" in text(mag)  # its lowest and highest value


def test_names_and_values_are_never_markup(client: httpx.Client) -> None:
    paths = [
        "/explorer",
        "/explorer?q=odd",
        f"/explorer?q={quote('<script>alert')}",
        "/explorer/schemas/odd",
        ODD_TABLE,
        *(f"{ODD_TABLE}/{quote(name, safe='')}" for name in ODD_COLUMNS),
        f"/explorer/query?RUN=1&QUERY={quote(f'SELECT * FROM {ODD}')}",
        f"/explorer/query?RUN=1&QUERY={quote('SELECT <script>alert(3)</script>')}",
        "/explorer/examples",
    ]
    for path in paths:
        body = client.get(path).text
        assert not re.search(r"<script(?! src=\"/static/)|<img(?! src=\"/static/)|<em>odd", body)
        assert "javascript:" not in body
    heading = page(client, ODD_TABLE).find(f".//{X}h1")
    assert heading is not None
    assert heading.text == ODD


@pytest.mark.parametrize("column", ODD_COLUMNS)
def test_columns_of_any_name_have_a_page(client: httpx.Client, column: str) -> None:
    path = f"{ODD_TABLE}/{quote(column, safe='')}"
    root = page(client, path)
    assert text(root.find(f".//{X}h1")) == column
    assert client.get(f"{path}.json").json()["name"] == column
    counting = next(a.get("href") for a in root.iter(f"{X}a") if text(a) == "Count its values")
    assert client.get(counting).status_code == 200


@pytest.mark.parametrize(
    ("asked", "kind", "name"),
    [
        ("stars", "table", "demo.stars"),
        ("PHOT.MAG", "column", '"Größe"'),
        ("größe", "column", '"Größe"'),
        ("star name", "column", "name"),
        ("healpix center", "function", "ivo_healpix_center(hpxOrder INTEGER, hpxIndex BIGINT)"),
        ("cluster M 35", "example", "cone"),
        ("Tests", "schema", "demo"),
    ],
)
def test_search_finds(client: httpx.Client, asked: str, kind: str, name: str) -> None:
    found = client.get("/explorer.json", params={"q": asked}).json()
    assert any(m["kind"] == kind and m["name"].startswith(name) for m in found["matches"])
    root = page(client, f"/explorer?q={quote(asked)}")
    assert root.find(f".//{X}input[@id='q']").get("value") == asked


def test_search_finds_nothing_and_says_so(client: httpx.Client) -> None:
    asked = "no%_such'thing"
    assert f"Nothing matches “{asked}”" in text(page(client, f"/explorer?q={quote(asked)}"))


@pytest.mark.parametrize(
    "path",
    [
        "/explorer/schemas/none",
        "/explorer/tables/none",
        "/explorer/tables/demo.stars/none",
        "/explorer/tables/demo.stars/mag/none.json",
        "/explorer/examples/none",
        "/explorer/tables/%00",
        "/explorer/schemas/%00",
        "/explorer/tables/%ff",
    ],
)
def test_what_is_not_there_is_404(client: httpx.Client, path: str) -> None:
    page(client, path, status=404)


@pytest.mark.parametrize(
    "path", ["/explorer?q=%00", "/explorer?q=%ff", "/explorer/query?QUERY=%00"]
)
def test_what_is_no_text_is_no_trouble(client: httpx.Client, path: str) -> None:
    page(client, path)


def test_what_is_closed_is_not_shown(client: httpx.Client) -> None:
    content = client.get("/explorer/tables/ivoa.obscore.json").json()
    assert [row["obs_id"] for row in content["sample"]] == ["seen-by-all"]
    assert [cell["ra"] for cell in content["sky"]] == [20.0]
    paths = [a for a in TWINNED if "obscore" in a]
    paths += ["/explorer/tables/ivoa.obscore", "/explorer/tables/ivoa.obscore/target_name"]
    for path in paths:
        assert "kept-secret" not in client.get(path).text


def test_the_map_has_the_table_in_it(client: httpx.Client) -> None:
    root = page(client, "/explorer/tables/ivoa.obscore")
    (drawn,) = (path for path in root.iter("{*}path") if path.get("class") == "places")
    x, y = sky_map.mollweide(20.0, -60.0)
    assert drawn.get("d") == f"M{x:.1f} {y:.1f}h0"


def test_pages_answer_head(client: httpx.Client) -> None:
    for path in ("/explorer", "/explorer/tables/demo.stars", "/explorer/query?QUERY=SELECT+1"):
        response = client.head(path)
        assert response.status_code == 200
        assert response.content == b""


def test_the_home_page_leads_here(client: httpx.Client) -> None:
    root = page(client, "/")
    hero = root.find(f".//{X}a[@class='button']")
    assert hero is not None
    assert urlsplit(hero.get("href", "")).path == "/explorer"
