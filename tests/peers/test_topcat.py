"""TOPCAT itself, on a screen of its own: its TAP window opened, filled, run (topcat.jython)."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import Stack, absent

_JARS = [Path("/usr/share/java") / name for name in ("jython.jar", "starlink-topcat.jar")]
_DRIVER = Path(__file__).with_name("topcat.jython")


@pytest.fixture(scope="module")
def findings(
    stack: Stack,
    display: str,
    require_tool: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Any]:
    """What TOPCAT shows of this archive, from opening it to leaving."""
    if not all(jar.exists() for jar in _JARS):
        absent("Debian's packages topcat and jython are not installed")
    home = tmp_path_factory.mktemp("topcat")
    found = home / "findings.json"
    command = [
        *(require_tool("java"), f"-Duser.home={home}", "-cp", ":".join(map(str, _JARS))),
        *("org.python.util.jython", str(_DRIVER), f"{stack.url}/tap", str(found)),
    ]
    done = subprocess.run(
        command,
        cwd=home,
        env={**os.environ, "DISPLAY": display},
        capture_output=True,
        text=True,
        errors="replace",
        timeout=300,
    )
    assert found.exists(), done.stderr[-4000:]
    document: dict[str, Any] = json.loads(found.read_text())
    return document


def test_its_tree_has_every_table(stack: Stack, findings: dict[str, Any]) -> None:
    tables = httpx.get(
        f"{stack.url}/tap/sync",
        params={
            "LANG": "ADQL",
            "FORMAT": "csv",
            "QUERY": "SELECT table_name FROM tap_schema.tables",
        },
    )
    assert set(findings["tables"]) >= set(tables.text.split()[1:])
    assert findings["languages"] == ["ADQL-2.1", "ADQL-2.0"]


def test_its_menu_has_our_examples_and_takes_each(stack: Stack, findings: dict[str, Any]) -> None:
    """Its parser is of ADQL 2.0 whatever the language: POINT wants a frame, so ours has one.

    Without a frame it objects, and runs it all the same.
    """
    ours = httpx.get(f"{stack.url}/explorer/examples.json").json()["examples"]
    assert [name for name, _, _ in findings["examples"]] == [e["title"] for e in ours]
    assert [text for _, text, _ in findings["examples"]] == [e["query"] for e in ours]
    assert [name for name, _, objections in findings["examples"] if objections] == []
    assert findings["objections without a frame"] == ["ADQL-2.0", "ADQL-2.1"]
    assert findings["without a frame"] == 1


def test_it_reads_our_functions(findings: dict[str, Any]) -> None:
    """All signatures but those of arrays, for which its library has no type."""
    assert all(line.rstrip('"').endswith("[]") for line in findings["unread signatures"])


def test_it_loads_what_a_query_finds(findings: dict[str, Any]) -> None:
    """At once, as a job, and joined with a table that it loaded before."""
    assert (findings["sync"], findings["async"], findings["upload"]) == (7, 5, 7)


@pytest.mark.parametrize("how", ["mistake", "async mistake"])
def test_it_shows_what_is_wrong(findings: dict[str, Any], how: str) -> None:
    assert "column 'nope' not found" in findings[how]
    assert "line 1, column 8" in findings[how]


def test_its_window_of_ssa_finds_spectra(stack: Stack, findings: dict[str, Any]) -> None:
    asked = {"REQUEST": "queryData", "POS": "92.25,24.33", "SIZE": "1"}
    answer = httpx.get(f"{stack.url}/ssap", params=asked)
    rows, columns = findings["spectra"]
    assert rows == answer.text.count("<TR>") > 0
    assert ["access_url", "meta.ref.url", "ssa:Access.Reference"] in columns


@pytest.mark.parametrize(
    ("window", "path", "asked", "column"),
    [
        ("cone", "/cone/ivoa.obscore", {"RA": 92.25, "DEC": 24.33, "SR": 0.5}, "POS_EQ_RA_MAIN"),
        ("images", "/sia/query", {"POS": "CIRCLE 184.5 12.7 1"}, "pos.eq.ra"),
    ],
)
def test_its_windows_of_cone_search_and_sia_find_rows(
    stack: Stack, findings: dict[str, Any], window: str, path: str, asked: Any, column: str
) -> None:
    """SIA's window asks for a diameter and sends half of it."""
    answer = httpx.get(f"{stack.url}{path}", params={**asked, "RESPONSEFORMAT": "csv"})
    rows, columns = findings[window]
    assert rows == len(answer.text.splitlines()) - 1 > 0
    assert [ucd for name, ucd, _ in columns if name == "s_ra"] == [column]


def test_its_window_of_cone_search_shows_what_is_wrong(findings: dict[str, Any]) -> None:
    assert "SR=190.0 is outside 0 to 180" in findings["wide cone"]
