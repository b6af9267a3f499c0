"""The documentation as pages: Markdown files of docs/, rendered with the archive's own address."""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore

from service.errors import NotFound

# A link to the folder docs/ of the repository, so that an installed archive brings it along.
DOCS = Path(__file__).parent / "docs"
ADDRESS_IN_DOCS = "http://127.0.0.1:8000"
_FIRST = ("index", "user-guide", "publisher-guide", "tables", "operations", "architecture")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]*(/[a-z0-9][a-z0-9-]*)?")
_NOT_IN_ID = re.compile(r"[^\w\- ]")
_HEADING = re.compile(r"^# (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Page:
    """One page of the documentation: name in the URL, title, and its rendered body."""

    name: str
    title: str
    html: str


@dataclass(frozen=True)
class Entry:
    """A line of the navigation."""

    name: str
    title: str


def navigation() -> list[Entry]:
    """All pages: the guides first, then the rest by title, decisions last."""
    names = [str(path.relative_to(DOCS).with_suffix("")) for path in DOCS.rglob("*.md")]
    entries = [Entry(name, _title(_source(name), name)) for name in names]

    def rank(entry: Entry) -> tuple[int, int, str]:
        first = _FIRST.index(entry.name) if entry.name in _FIRST else len(_FIRST)
        return "/" in entry.name, first, entry.name if "/" in entry.name else entry.title

    return sorted(entries, key=rank)


def page(name: str, base_url: str) -> Page:
    """One page with `base_url` in its examples. Raises NotFound for a name without a file."""
    if not _NAME.fullmatch(name) or not (DOCS / f"{name}.md").is_file():
        raise NotFound(f"there is no page '{name}' in the documentation; /docs lists them")
    source = _source(name)
    html = str(_renderer().render(source.replace(ADDRESS_IN_DOCS, base_url)))
    # On GitHub and in an editor, links go to the files; here, to the pages.
    html = re.sub(r'href="(?!https?:)([^"#]+)\.md(#[^"]*)?"', _page_link(name), html)
    html = html.replace('src="images/', 'src="/docs/images/')
    return Page(name, _title(source, name), html)


def _page_link(name: str) -> str:
    folder = f"{name.rpartition('/')[0]}/" if "/" in name else ""
    return rf'href="/docs/{folder}\1\2"'


def _source(name: str) -> str:
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


def _title(source: str, name: str) -> str:
    heading = _HEADING.search(source)
    return heading[1].strip() if heading else name


@cache
def _renderer() -> MarkdownIt:
    renderer = MarkdownIt("commonmark", {"html": False}).enable("table")
    renderer.core.ruler.push("heading_ids", _name_headings)
    return renderer


def _name_headings(state: StateCore) -> None:
    """Give headings the ids that GitHub gives them, so that links to them hold here too."""
    taken: Counter[str] = Counter()
    for token, inline in pairwise(state.tokens):
        if token.type == "heading_open":
            name = _NOT_IN_ID.sub("", inline.content.lower()).replace(" ", "-")
            token.attrSet("id", f"{name}-{taken[name]}" if taken[name] else name)
            taken[name] += 1
