"""Who asks SIA: STILTS finds images and no fault; what is closed is found by its readers alone."""

import csv
import io
import subprocess
from collections.abc import Callable, Iterator

import asyncpg
import httpx
import pytest

from service.access import command
from tests.conftest import run
from tests.serving import Service
from tests.sia.conftest import DID, outlines


def test_stilts_searches_and_finds_no_fault(
    archive: httpx.Client, require_tool: Callable[[str], str]
) -> None:
    stilts = require_tool("stilts")
    url = f"{archive.base_url}/sia/query"

    def task(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [stilts, "-batch", *arguments], capture_output=True, text=True, timeout=240
        )

    at = ("servicetype=sia2", "lon=10", "lat=20", "radius=60")
    found = task("cone", f"serviceurl={url}", *at, "ofmt=csv", "out=-")
    assert found.returncode == 0, found.stderr
    rows = list(csv.DictReader(io.StringIO(found.stdout)))
    direct = archive.get("/sia/query", params={"POS": "CIRCLE 10 20 60", "RESPONSEFORMAT": "csv"})
    assert len(rows) == len(direct.text.splitlines()) - 1 > 0
    error = archive.get("/sia/query", params={"POS": "x"}).text
    for linted in (
        task("votlint", f"votable={url}?MAXREC=5"),
        subprocess.run(
            [stilts, "-batch", "votlint", "votable=-"],
            input=error, capture_output=True, text=True, timeout=240,
        ),
    ):  # fmt: skip
        assert (linted.returncode, linted.stdout) == (0, ""), linted.stdout


_NUMBER = 17


@pytest.fixture
def closed(archive: httpx.Client, service: Service) -> Iterator[str]:
    """The identifier of an image that is ada's alone."""

    async def set_readers(readers: list[str] | None) -> None:
        connection = await asyncpg.connect(service.database_url)
        await connection.execute(
            "UPDATE archive.dataset SET readable_by = $1 WHERE obs_id = $2",
            readers,
            f"outline-{_NUMBER}",
        )
        await connection.close()

    run(set_readers(["ada"]))
    yield f"{DID}Outline-{_NUMBER}"
    run(set_readers(None))


@pytest.mark.parametrize("name", [None, "bob", "ada"])
def test_only_who_may_read_an_image_finds_it(
    archive: httpx.Client, service: Service, closed: str, name: str | None
) -> None:
    headers = {}
    if name is not None:
        headers["authorization"] = f"Bearer {command.make(service.database_url, name, None)}"
    lon, lat = outlines()[_NUMBER][0]
    by_cone = {"RA": lon, "DEC": lat, "SR": 0.001, "RESPONSEFORMAT": "csv", "VERB": "1"}
    for path, parameters in (
        ("/sia/query", {"ID": closed, "RESPONSEFORMAT": "csv"}),
        ("/cone/ivoa.obscore", by_cone),
    ):
        answer = archive.get(path, params=parameters, headers=headers)
        assert answer.status_code == 200, answer.text
        assert (closed in answer.text) == (name == "ada")
    wrong = archive.get("/sia/query", headers={"authorization": "Bearer nonsense"})
    assert wrong.status_code == 401
    assert "DefaultFault: " in wrong.text
    assert wrong.headers["www-authenticate"]
