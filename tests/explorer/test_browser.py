"""The explorer in Chromium: from a search to a result, at both widths, by day and by night."""

from collections.abc import Callable, Iterator
from typing import Literal

import httpx
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.conftest import Stack

PAGES = (
    "/explorer",
    "/explorer?q=wavelength",
    "/explorer/schemas/ivoa",
    "/explorer/tables/ivoa.obscore",
    "/explorer/tables/ivoa.obscore/t_exptime",
    "/explorer/tables/ivoa.obscore/dataproduct_type",
    "/explorer/tables/tap_schema.columns",
    "/explorer/examples",
    "/explorer/examples/cone",
    "/explorer/functions",
    "/explorer/query",
    "/explorer/query?RUN=1&QUERY=SELECT+*+FROM+ivoa.obscore",
    "/explorer/query?QUERY=SELECT+magg+FROM+ivoa.obscore",
    "/tap/examples",
)
# The contrast of every text with what lies behind it, by WCAG 2.1 (1.4.3): those below 4.5.
FAINT = """() => {
  const light = (c) => c.map((v) => v / 255)
    .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const style = getComputedStyle(e);
      const colour = rgb(style.backgroundColor);
      if (style.backgroundColor.startsWith("rgb") && (colour.length < 4 || colour[3] === 1))
        return colour.slice(0, 3);
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const e of document.querySelectorAll("main a, main p, main td, main th, main dt, main dd, main span, main button, main label, main code")) {
    const words = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!words || !e.checkVisibility()) continue;
    const colour = rgb(getComputedStyle(e).color);
    if (!getComputedStyle(e).color.startsWith("rgb")) continue;
    const [a, b] = [light(colour.slice(0, 3)), light(behind(e))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) found.push(e.outerHTML.slice(0, 90));
  }
  return found;
}"""  # noqa: E501


@pytest.fixture(scope="module")
def browser(require_tool: Callable[[str], str]) -> Iterator[Browser]:
    """Debian's Chromium, headless."""
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=require_tool("chromium"), args=["--no-sandbox"]
        )
        yield found
        found.close()


@pytest.mark.parametrize(("width", "scheme"), [(400, "dark"), (400, "light"), (1440, "light")])
def test_pages_fit_and_can_be_read(
    browser: Browser, stack: Stack, width: int, scheme: Literal["light", "dark"]
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    for path in PAGES:
        page.goto(f"{stack.url}{path}", wait_until="domcontentloaded")
        assert page.evaluate("document.documentElement.scrollWidth") == width, path
        assert page.evaluate(FAINT) == [], path
    assert complaints == []
    context.close()


def from_search_to_result(page: Page, url: str) -> None:
    """What a newcomer does: search, open the table, open an example, run it."""
    page.goto(f"{url}/explorer")
    page.get_by_role("searchbox").fill("obscore dataset")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="ivoa.obscore", exact=True).first.click()
    assert page.get_by_role("heading", level=1).inner_text() == "ivoa.obscore"
    page.get_by_role("link", name="A map of the sky", exact=True).click()
    assert "ivo_healpix_index" in page.locator("pre.query").inner_text()
    page.get_by_role("link", name="Run", exact=True).click()
    assert "Cut after 100 rows; the query has more." in page.locator(".truncated").inner_text()
    assert page.locator("table.rows tbody tr").count() == 100


def test_from_search_to_result_without_scripts(browser: Browser, stack: Stack) -> None:
    context = browser.new_context(java_script_enabled=False)
    from_search_to_result(context.new_page(), stack.url)
    context.close()


def test_the_verdict_follows_what_is_written(browser: Browser, stack: Stack) -> None:
    page = browser.new_page()
    from_search_to_result(page, stack.url)
    box = page.get_by_label("ADQL", exact=True)
    box.fill("SELECT target_nam FROM ivoa.obscore")
    page.locator("#verdict mark", has_text="target_nam").wait_for()
    assert page.locator("#verdict").inner_text().count("Did you mean target_name?") == 1
    box.fill("SELECT TOP 2 target_name FROM ivoa.obscore")
    page.locator("#verdict .good").wait_for()
    box.press("Control+Enter")
    page.get_by_text("This is the whole result.").wait_for()
    assert page.locator("table.rows tbody tr").count() == 2
    with page.expect_download() as download:
        page.get_by_role("link", name="csv", exact=True).click()
    assert download.value.path().read_text().splitlines()[0] == "target_name"
    page.close()


def test_snippets_are_copied_as_they_stand(browser: Browser, stack: Stack) -> None:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(f"{stack.url}/explorer/examples/cone")
    page.locator(".code:has(pre.query) button").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == httpx.get(f"{stack.url}/explorer/examples/cone.json").json()["query"]
    page.goto(f"{stack.url}/tap/examples")  # XHTML, whose scripts run at another moment
    assert page.locator(".code button").count() == page.locator("pre").count() > 5
    context.close()
