"""Every example of the documentation that is marked `run` works as printed.

The blocks of one language on one page are one session: later ones use what earlier ones left.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from service.access import command
from service.pages.documentation import ADDRESS_IN_DOCS
from tests.conftest import ROOT, Stack

PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
# Its readers have a token, and a home of their own to keep it in.
TOKENS = "docs/tokens.md"
INTERPRETERS = {"python": (sys.executable, "-"), "sh": ("sh", "-eu")}
TOOLS = ("aria2c", "curl", "sha256sum", "stilts", "tar", "wget")


def sessions() -> list[tuple[str, str, str]]:
    """Page, language and text of each session."""
    found: dict[tuple[str, str], str] = {}
    for page in PAGES:
        for token in MarkdownIt().parse(page.read_text(encoding="utf-8")):
            words = token.info.split()
            if token.type == "fence" and words[1:] == ["run"]:
                key = (str(page.relative_to(ROOT)), words[0])
                found[key] = found.get(key, "") + token.content
    return [(page, language, text) for (page, language), text in found.items()]


def test_the_guides_have_examples() -> None:
    assert {page for page, _, _ in sessions()} >= {
        "README.md",
        "docs/user-guide.md",
        "docs/tables.md",
    }


@pytest.mark.parametrize(
    ("page", "language", "text"), sessions(), ids=[f"{page}:{kind}" for page, kind, _ in sessions()]
)
def test_examples_run(
    page: str,
    language: str,
    text: str,
    stack: Stack,
    tmp_path: Path,
    require_tool: Callable[[str], str],
) -> None:
    for tool in TOOLS:
        require_tool(tool)
    done = subprocess.run(
        INTERPRETERS[language],
        input=text.replace(ADDRESS_IN_DOCS, stack.url),
        cwd=tmp_path,
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "STARHAUL_HOME_DIR": str(stack.home),
            **(_token(stack, tmp_path) if page == TOKENS else {}),
        },
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, f"{page}\n{done.stdout}\n{done.stderr}"
    assert done.stdout.strip(), f"{page} prints nothing"


def _token(stack: Stack, home: Path) -> dict[str, str]:
    """The environment of somebody whom the operator gave a token."""
    url = json.loads((stack.home / "run.json").read_text())["database_url"]
    return {"STARHAUL_TOKEN": command.make(url, "ada", "1d"), "HOME": str(home)}
