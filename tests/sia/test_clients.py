"""STILTS on SIA: images at a position, and no fault in an answer or an error."""

import csv
import io
import subprocess
from collections.abc import Callable

import httpx


def test_stilts_searches_and_finds_no_fault(
    archive: httpx.Client, require_tool: Callable[[str], str]
) -> None:
    stilts = require_tool("stilts")
    url = f"{archive.base_url}/sia/query"

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [stilts, "-batch", *arguments], capture_output=True, text=True, timeout=240
        )

    at = ("servicetype=sia2", "lon=10", "lat=20", "radius=60")
    found = run("cone", f"serviceurl={url}", *at, "ofmt=csv", "out=-")
    assert found.returncode == 0, found.stderr
    rows = list(csv.DictReader(io.StringIO(found.stdout)))
    direct = archive.get("/sia/query", params={"POS": "CIRCLE 10 20 60", "RESPONSEFORMAT": "csv"})
    assert len(rows) == len(direct.text.splitlines()) - 1 > 0
    error = archive.get("/sia/query", params={"POS": "x"}).text
    for linted in (
        run("votlint", f"votable={url}?MAXREC=5"),
        subprocess.run(
            [stilts, "-batch", "votlint", "votable=-"],
            input=error, capture_output=True, text=True, timeout=240,
        ),
    ):  # fmt: skip
        assert (linted.returncode, linted.stdout) == (0, ""), linted.stdout
