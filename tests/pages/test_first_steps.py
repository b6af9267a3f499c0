"""The first steps on the home page of the running archive work as printed."""

import csv
import subprocess
import sys
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Literal

import httpx
import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.conftest import Stack

FOUND = "SIM-CLUSTER"  # what the example's cone holds in the demo archive


class Snippets(HTMLParser):
    """Text and links of the elements whose id begins with `snippet-`."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: dict[str, str] = {}
        self.links: dict[str, str] = {}
        self._open = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin to listen."""
        values = {name: value or "" for name, value in attrs}
        if values.get("id", "").startswith("snippet-"):
            self._open = values["id"].removeprefix("snippet-")
            self.links[self._open] = values.get("href", "")

    def handle_endtag(self, tag: str) -> None:
        """Stop listening."""
        self._open = ""

    def handle_data(self, data: str) -> None:
        """Collect."""
        if self._open:
            self.texts[self._open] = self.texts.get(self._open, "") + data


@pytest.fixture(scope="module")
def snippets(stack: Stack) -> Snippets:
    """What the home page offers to copy."""
    return Snippets(httpx.get(f"{stack.url}/").raise_for_status().text)


def run(command: tuple[str, ...], text: str, where: Path) -> str:
    """Standard output of an interpreter that reads a snippet; the test fails with its errors."""
    done = subprocess.run(
        command, input=text, cwd=where, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_pyvo(snippets: Snippets, tmp_path: Path) -> None:
    assert FOUND in run((sys.executable, "-"), snippets.texts["pyvo"], tmp_path)


def test_curl(snippets: Snippets, tmp_path: Path, require_tool: Callable[[str], str]) -> None:
    require_tool("curl")
    rows = list(csv.DictReader(run(("sh", "-eu"), snippets.texts["curl"], tmp_path).splitlines()))
    assert any(row["target_name"].startswith(FOUND) for row in rows)
    assert all(float(row["em_max"]) > 5e-7 for row in rows)


def test_topcat(snippets: Snippets, tmp_path: Path, require_tool: Callable[[str], str]) -> None:
    require_tool("stilts")
    assert FOUND in run(("sh", "-eu"), snippets.texts["topcat"], tmp_path)


def test_browser(snippets: Snippets) -> None:
    response = httpx.get(snippets.links["browser"]).raise_for_status()
    rows = list(csv.DictReader(response.text.splitlines()))
    assert any(row["target_name"].startswith(FOUND) for row in rows)
    assert httpx.head(rows[0]["access_url"]).status_code == 200


@pytest.fixture(scope="module")
def browser(require_tool: Callable[[str], str]) -> Iterator[Browser]:
    """Debian's Chromium, headless."""
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=require_tool("chromium"), args=["--no-sandbox"]
        )
        yield found
        found.close()


@pytest.mark.parametrize("width", [400, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_in_a_browser(
    browser: Browser, stack: Stack, width: int, scheme: Literal["light", "dark"]
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        permissions=["clipboard-read", "clipboard-write"],
    )
    page = context.new_page()
    elsewhere: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: elsewhere.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    for path in ("/", "/docs/user-guide", "/nowhere"):
        page.goto(f"{stack.url}{path}")
        assert page.evaluate("document.documentElement.scrollWidth") == width, path
    assert all(url.startswith(stack.url) for url in elsewhere)
    assert [text for text in complaints if "404" not in text] == []
    page.goto(stack.url)
    page.locator(".code:has(#snippet-curl) button").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.locator("#snippet-curl").text_content()
    context.close()


def test_the_page_by_keyboard(browser: Browser, stack: Stack) -> None:
    page = browser.new_page()
    page.goto(stack.url)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.close()


def test_the_page_without_scripts(browser: Browser, stack: Stack) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(stack.url)
    assert page.locator("#snippet-pyvo").is_visible()
    assert page.locator("button").count() == 0
    context.close()
