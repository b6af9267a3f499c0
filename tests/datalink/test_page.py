"""The same URL in a browser: what a dataset is, its picture, its files, and why there are none."""

import httpx
import pytest
from lxml import html

from tests.datalink.conftest import DATASETS, DID

PATH = "/datalink/links"
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def _page(links: httpx.Client, *ids: str) -> html.HtmlElement:
    answer = links.get(PATH, params={"ID": list(ids)}, headers=BROWSER)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "Accept" in answer.headers["vary"]
    return html.fromstring(answer.text)


def test_a_dataset_of_several_files(links: httpx.Client) -> None:
    page = _page(links, DID + "several")
    assert page.xpath("//article//h3/text()") == ["Data", "Previews"]
    files = page.xpath("//ul[@class='files']//a[not(@class)]")
    assert [file.text for file in files] == ["b.fits", "a.fits", "preview.png"]
    (picture,) = page.xpath("//figure//img/@src")
    assert picture == files[2].get("href")
    assert page.xpath("//form[@class='package']/input[@name='ID']/@value") == [DID + "several"]
    assert page.xpath("//h1/text()") == ["A title"]


def test_a_spectrum_has_a_plot_and_its_forms(links: httpx.Client) -> None:
    page = _page(links, DID + "drawn.fits")
    (picture,) = page.xpath("//figure//img")
    assert "/previews/" in picture.get("src")
    assert picture.get("alt") == "The spectrum as a plot: A title"
    buttons = page.xpath("//a[@class='get']")
    assert [button.get("aria-label") for button in buttons] == [
        "Download drawn.fits",
        "Download The spectrum in one layout, as FITS table",
        "Download The spectrum in one layout, as VOTable",
        "Download The spectrum as a plot",
    ]
    assert not page.xpath("//form[@class='package']")  # of one file


def test_every_kind_of_dataset_has_a_page(links: httpx.Client) -> None:
    names = [name for name, *_ in DATASETS]
    page = _page(links, *(DID + name for name in names), "<script>alert(1)</script>")
    assert page.xpath("//article//p[@class='did']/code/text()") == [
        *(DID + name for name in names),
        "<script>alert(1)</script>",
    ]
    alerts = page.xpath("//p[@role='alert']/text()")
    assert len(alerts) == 4
    assert f"{DID}hidden.fits cannot be found, or you may not read it" in alerts
    assert not page.xpath("//main//script")
    assert page.xpath("//span[@class='closed']/text()") == ["needs a login"] * 2
    for name in names:
        assert len(_page(links, DID + name).xpath("//h1")) == 1


def test_without_an_identifier_it_asks_for_one(links: httpx.Client) -> None:
    assert _page(links).xpath("//form/input/@name") == ["ID"]


def test_of_many_the_first_are_shown(links: httpx.Client) -> None:
    page = _page(links, *(f"{DID}{n}" for n in range(30)))
    assert page.xpath("//h1/text()") == ["30 datasets"]
    assert len(page.xpath("//article")) == 20


@pytest.mark.parametrize(
    ("headers", "params"),
    [
        ({"Accept": "text/html, image/gif, image/jpeg, */*; q=0.2"}, {}),  # Java's
        ({"Accept": "*/*"}, {}),
        (BROWSER, {"RESPONSEFORMAT": "votable"}),
    ],
)
def test_programs_get_the_table(
    links: httpx.Client, headers: dict[str, str], params: dict[str, str]
) -> None:
    answer = links.get(PATH, headers=headers, params=params)
    assert answer.headers["content-type"] == "application/x-votable+xml;content=datalink"
    assert "Accept" in answer.headers["vary"]


def test_a_wrong_request_is_a_page_too(links: httpx.Client) -> None:
    answer = links.get(PATH, headers=BROWSER, params={"RESPONSEFORMAT": "pdf"})
    assert (answer.status_code, answer.headers["content-type"]) == (400, "text/html; charset=utf-8")
