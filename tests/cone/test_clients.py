"""Real clients on cone search: pyvo, STILTS, curl."""

import csv
import io
import subprocess
from collections.abc import Callable

import pytest
import pyvo

from tests.serving import Service


def test_pyvo_searches_and_shows_errors(service: Service) -> None:
    cone = pyvo.dal.SCSService(f"{service.url}/cone/demo.stars")
    found = cone.search(pos=(10.0, 10.0), radius=3.0, verbosity=3)
    assert len(found)
    row = found[0]
    assert row.id == str(row["id"])
    assert abs(row.pos.ra.deg - row["ra"]) < 1e-9
    with pytest.raises(pyvo.dal.DALQueryError, match="outside 0 to 180"):
        cone.search(pos=(10.0, 10.0), radius=200.0)


def test_stilts_searches_matches_and_finds_no_fault(
    service: Service, require_tool: Callable[[str], str]
) -> None:
    stilts = require_tool("stilts")
    url = f"{service.url}/cone/demo.stars"

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [stilts, "-batch", *arguments], capture_output=True, text=True, timeout=240
        )

    at = ("lon=10", "lat=10", "radius=3")
    found = run("cone", f"serviceurl={url}", *at, "verb=1", "ofmt=csv", "out=-")
    assert found.returncode == 0, found.stderr
    rows = list(csv.DictReader(io.StringIO(found.stdout)))
    assert set(rows[0]) == {"id", "ra", "dec"}
    wrong = run("cone", f"serviceurl={url}", "lon=10", "lat=10", "radius=200")
    assert "SR=200.0 is outside 0 to 180" in wrong.stderr
    query = f"{url}?RA=10&DEC=10&SR=3"
    for asked in (query, f"{url}?RA=10&DEC=10&SR=0", f"{url}?RA=x", f"{query}&VERB=3&MAXREC=1"):
        linted = run("votlint", f"votable={asked}")
        assert (linted.returncode, linted.stdout) == (0, ""), linted.stdout
    matched = run(
        "coneskymatch", f"in={query}&MAXREC=20", "ra=ra", "dec=dec", "sr=0.00001", "find=all",
        f"serviceurl={url}", "usefoot=false", "ofmt=csv", "out=-",
    )  # fmt: skip
    assert matched.returncode == 0, matched.stderr
    assert len(list(csv.DictReader(io.StringIO(matched.stdout)))) == 20
