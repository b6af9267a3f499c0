"""/bulk in a browser, where service descriptors lead clients that can only GET."""

import httpx
from lxml import html

from tests.conftest import Stack

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def test_a_get_shows_what_would_be_packed_and_makes_nothing(stack: Stack) -> None:
    asked = {"ID": ["ivo://a/b?<i>", "ivo://a/c"], "SEMANTICS": "this preview", "PHASE": "RUN"}
    answer = httpx.get(f"{stack.url}/bulk", params=asked, headers=BROWSER)
    assert (answer.status_code, answer.headers["vary"].partition(",")[0]) == (200, "Accept")
    page = html.fromstring(answer.text)
    assert page.xpath("//h1/text()") == ["2 datasets, one package"]
    (form,) = page.xpath("//form[@class='start']")
    assert (form.get("method"), form.get("action")) == ("post", f"{stack.url}/bulk")
    hidden = [(i.get("name"), i.get("value")) for i in form.xpath(".//input")]
    assert hidden == [("ID", "ivo://a/b?<i>"), ("ID", "ivo://a/c"), ("SEMANTICS", "this preview")]
    (button,) = form.xpath(".//button")
    assert (button.get("name"), button.get("value")) == ("PHASE", "RUN")
    sent = httpx.post(form.get("action"), data={"ID": hidden[0][1], "PHASE": "RUN"})
    assert sent.status_code == 303


def test_without_parameters_it_asks_for_a_query(stack: Stack) -> None:
    page = html.fromstring(httpx.get(f"{stack.url}/bulk", headers=BROWSER).text)
    (query,) = page.xpath("//textarea[@name='QUERY']")
    sent = httpx.post(f"{stack.url}/bulk", data={"QUERY": query.text, "PHASE": "RUN"})
    assert sent.status_code == 303


def test_programs_get_the_list_of_jobs(stack: Stack) -> None:
    answer = httpx.get(f"{stack.url}/bulk")
    assert answer.headers["content-type"].startswith("text/xml")
