"""The box for queries: dry runs, rows, what it says of their number, and what it leads to."""

import re
import subprocess
import sys
from collections.abc import Callable

import httpx
import pytest
from lxml import etree

from tests.explorer.conftest import ODD
from tests.explorer.reading import X, page, text


def ask(client: httpx.Client, query: str, run: int = 1) -> httpx.Response:
    """The page after a click on Run or Check."""
    sent = {"QUERY": query, "RUN": str(run)}
    return client.post("/explorer/query", data=sent, follow_redirects=True)


def shown(response: httpx.Response) -> etree._Element:
    return etree.fromstring(response.content)


def test_a_form_becomes_an_address(client: httpx.Client) -> None:
    sent = {"QUERY": "SELECT TOP 3 id\r\nFROM demo.stars", "RUN": "1"}
    response = client.post("/explorer/query", data=sent)
    assert response.status_code == 303
    address = response.headers["location"]
    assert address == "/explorer/query?QUERY=SELECT+TOP+3+id%0AFROM+demo.stars&RUN=1"
    root = page(client, address)
    assert root.find(f".//{X}textarea").text.strip() == "SELECT TOP 3 id\nFROM demo.stars"
    assert "This is the whole result." in text(root)
    assert len(root.findall(f".//{X}tbody/{X}tr")) == 3


def test_a_long_query_needs_no_address(client: httpx.Client) -> None:
    numbers = ", ".join(str(number) for number in range(1, 2000))
    query = f"SELECT id FROM demo.stars WHERE id IN ({numbers})"
    response = client.post("/explorer/query", data={"QUERY": query, "RUN": "1"})
    assert response.status_code == 200
    root = shown(response)
    assert "Cut after 100 rows" in text(root)
    form = next(f for f in root.iter(f"{X}form") if f.get("action") == "/tap/sync")
    assert form.find(f"{X}input[@name='QUERY']").get("value") == query
    assert {b.get("value") for b in form.iter(f"{X}button")} >= {"csv", "fits", "votable"}


def test_a_cut_result_says_so_and_leads_to_all_of_it(client: httpx.Client) -> None:
    root = shown(ask(client, "SELECT id, ra, mag FROM demo.stars WHERE id <= 4321"))
    words = text(root)
    assert "Cut after 100 rows; the query has more." in words
    assert "about 4,3" in words
    assert "Uses the index on id" in words
    assert len(root.findall(f".//{X}tbody/{X}tr")) == 100
    downloads = {a.text: a.get("href") for a in root.iter(f"{X}a") if a.get("download") == ""}
    assert set(downloads) >= {"votable", "votable/td", "csv", "tsv", "json", "fits", "parquet"}
    assert len(client.get(downloads["csv"]).text.splitlines()) == 4322


def test_exactly_as_many_rows_as_are_shown_are_not_cut(client: httpx.Client) -> None:
    words = text(shown(ask(client, "SELECT TOP 100 id FROM demo.stars")))
    assert "This is the whole result." in words
    assert "Cut after" not in words
    assert "without an index" in text(shown(ask(client, "SELECT name FROM demo.stars", run=0)))


def test_a_check_runs_nothing(client: httpx.Client) -> None:
    root = shown(ask(client, "SELECT id FROM demo.stars", run=0))
    assert "Valid ADQL, 1 column, about 20,000 rows" in text(root)
    assert root.find(f".//{X}table") is None


def test_the_place_of_an_error_is_marked(client: httpx.Client) -> None:
    response = ask(client, "SELECT id,\n  magg\nFROM demo.stars")
    assert response.status_code == 400
    root = shown(response)
    (mark,) = root.iter(f"{X}mark")
    assert mark.text == "magg"
    words = text(root)
    assert "Column 'magg' not found (line 2, column 3). Did you mean mag?" in words
    assert root.find(f".//{X}li[@value='2']") is not None
    ended = shown(ask(client, "SELECT id FROM"))
    assert len(list(ended.iter(f"{X}mark"))) == 1


def test_notes_stand_once(client: httpx.Client) -> None:
    query = "SELECT id / 2 AS a, id / 2 AS b FROM demo.stars WHERE id = 3"
    root = shown(ask(client, query))
    notes = [p for p in root.iter(f"{X}p") if p.get("class") == "judgement note"]
    assert len(notes) == 1
    assert "line 1, column 8; line 1, column 21" in text(notes[0])


def test_values_are_shortened_linked_and_aligned(client: httpx.Client) -> None:
    root = shown(ask(client, f"SELECT * FROM {ODD} ORDER BY id"))
    row = root.findall(f".//{X}tbody/{X}tr")[1]
    cells = [text(cell) for cell in row]
    assert cells[1] == "<img src=x onerror=alert(2)>"
    assert cells[3] == "9 10 11 12 … (9 values)"
    assert cells[5] == "x" * 59 + "…"
    assert row[4].get("class") == "number"
    assert row[5].get("title") == "x" * 100
    assert not list(row.iter(f"{X}img"))


def test_datasets_lead_to_their_links_and_to_bulk(client: httpx.Client) -> None:
    root = shown(ask(client, "SELECT obs_publisher_did, s_xel1, access_url FROM ivoa.obscore"))
    (did,) = (a for a in root.iter(f"{X}a") if text(a) == "ivo://test/x?seen-by-all")
    browser = {"Accept": "text/html,application/xhtml+xml"}
    links = etree.fromstring(client.get(did.get("href"), headers=browser).content)
    assert [text(heading) for heading in links.iter(f"{X}h1")] == ["seen-by-all"]
    assert root.find(f".//{X}td[@class='null number']") is not None
    bulk = next(form for form in root.iter(f"{X}form") if form.get("action") == "/bulk")
    assert bulk.find(f"{X}input[@name='PHASE']").get("value") == "RUN"


def test_a_query_that_fails_while_it_runs_says_why(client: httpx.Client) -> None:
    response = ask(client, "SELECT 1e308 * (mag + 1000) FROM demo.stars")
    assert response.status_code == 400
    assert "No rows. A number of the query becomes too large" in text(shown(response))


def test_the_verdict_alone(client: httpx.Client) -> None:
    good = client.post("/explorer/query/verdict", data={"QUERY": "SELECT id FROM demo.stars"})
    assert "Valid ADQL" in good.text
    assert "<html" not in good.text
    bad = client.post("/explorer/query/verdict", data={"QUERY": "SELECT <b>"})
    assert bad.status_code == 200
    assert "&lt;" in bad.text
    assert client.post("/explorer/query/verdict", data={"QUERY": " "}).text.strip() == ""


def test_nothing_asked_shows_where_to_start(client: httpx.Client) -> None:
    assert "Start from an example" in text(page(client, "/explorer/query"))


@pytest.mark.parametrize(
    ("tool", "command"),
    [("pyvo", (sys.executable, "-")), ("topcat", ("sh", "-eu")), ("curl", ("sh", "-eu"))],
)
def test_lines_to_copy_work_whatever_is_in_the_query(
    client: httpx.Client,
    tool: str,
    command: tuple[str, ...],
    require_tool: Callable[[str], str],
) -> None:
    for peer in ("stilts", "curl"):
        require_tool(peer)
    query = f"SELECT TOP 1 id, '$HOME `x` \\ it''s' AS odd\nFROM {ODD}"
    root = shown(ask(client, query, run=0))
    snippet = root.find(f".//{X}code[@id='snippet-{tool}']")
    assert snippet is not None
    done = subprocess.run(
        command, input=snippet.text, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, f"{snippet.text}\n{done.stdout}\n{done.stderr}"
    told = done.stdout
    if tool == "topcat":  # its plain tables escape quotes and backslashes
        told = re.sub(r"\\(.)", r"\1", told)
    assert "$HOME `x` \\ it's" in told
