"""Uploads from the clients astronomers use, at once and by jobs."""

import re
import subprocess
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import httpx
import numpy as np
import pytest
import pyvo
from astropy.table import Table
from astroquery.utils.tap.core import TapPlus

from tests.conftest import CI, Stack
from tests.publish.everything import cells
from tests.uploads.conftest import votable

JOIN = (
    "SELECT t.name, o.obs_id FROM TAP_UPLOAD.mine AS t JOIN ivoa.obscore AS o "
    "ON DISTANCE(t.ra, t.dec, o.s_ra, o.s_dec) < 0.001"
)


@pytest.fixture(scope="module")
def tap(stack: Stack) -> pyvo.dal.TAPService:
    return pyvo.dal.TAPService(f"{stack.url}/tap")


@pytest.fixture(scope="module")
def mine(tap: pyvo.dal.TAPService) -> Table:
    """Three places with an observation each, and one without."""
    seen = tap.search("SELECT TOP 3 obs_id, s_ra, s_dec FROM ivoa.obscore WHERE s_dec IS NOT NULL")
    return Table(
        {
            "name": [*(f"near {row['obs_id']}" for row in seen), "far"],
            "ra": [*seen["s_ra"], 1.0],
            "dec": [*seen["s_dec"], -89.9],
        }
    )


def _names(found: Table) -> set[str]:
    return {str(name) for name in cells(found, "name")}


def test_pyvo(tap: pyvo.dal.TAPService, mine: Table, tmp_path: Path) -> None:
    expected = set(mine["name"][:3])
    path = tmp_path / "mine.vot"
    path.write_bytes(votable(mine))
    for upload in (mine, str(path)):
        found = tap.run_sync(JOIN, uploads={"mine": upload})
        assert _names(found.to_table()) == expected
    assert _names(tap.run_async(JOIN, uploads={"mine": mine}).to_table()) == expected


def test_pyvo_shows_what_is_wrong_with_a_url(tap: pyvo.dal.TAPService) -> None:
    upload, refused = "http://127.0.0.1:1/mine.vot", r"upload mine: the host 127\.0\.0\.1 is not on"
    with pytest.raises(pyvo.dal.DALQueryError, match=refused):
        tap.run_sync(JOIN, uploads={"mine": upload})
    with pytest.raises(pyvo.dal.DALQueryError, match=refused):
        tap.run_async(JOIN, uploads={"mine": upload})


@pytest.mark.parametrize("sync", ["true", "false"])
@pytest.mark.parametrize("form", ["TABLEDATA", "BINARY2"])
def test_stilts(
    stack: Stack,
    mine: Table,
    require_tool: Callable[[str], str],
    tmp_path: Path,
    sync: str,
    form: str,
) -> None:
    path = tmp_path / "mine.vot"
    path.write_bytes(votable(mine))
    done = subprocess.run(
        [
            *(require_tool("stilts"), "-batch", "tapquery", f"tapurl={stack.url}/tap"),
            *(f"sync={sync}", "nupload=1", f"upload1={path}", "upname1=mine"),
            *(f"upvotformat={form}", f"adql={JOIN}", "ofmt=csv", "out=-"),
        ],
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    found = {line.split(",")[0] for line in done.stdout.splitlines()[1:]}
    assert found == set(mine["name"][:3])


def test_taplint_uploads(stack: Stack, require_tool: Callable[[str], str]) -> None:
    done = subprocess.run(
        [
            *(require_tool("stilts"), "-batch", "taplint", f"tapurl={stack.url}/tap"),
            *("stages=CAP UPL", "report=EWFIS"),
        ],
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert "UPL" in done.stdout
    remarks = [line for line in done.stdout.splitlines() if re.match("[EWF]-UPL", line)]
    assert remarks == []


def test_a_large_table(tap: pyvo.dal.TAPService) -> None:
    """All rows of it, in order, with a position each."""
    rows = 1_000_000 if CI else 100_000
    random = np.random.default_rng(4)
    sent = Table({"n": np.arange(rows), "ra": random.uniform(0, 360, rows)})
    sent["dec"] = random.uniform(-90, 90, rows)
    query = "SELECT COUNT(*) AS n, SUM(n) AS s, MIN(ra) AS low, MAX(dec) AS high FROM TAP_UPLOAD.t"
    found = tap.run_async(query, uploads={"t": sent})[0]
    assert (found["n"], found["s"]) == (rows, rows * (rows - 1) // 2)
    assert (found["low"], found["high"]) == (min(sent["ra"]), max(sent["dec"]))


@pytest.mark.parametrize("asynchronous", [False, True])
def test_astroquery(stack: Stack, mine: Table, tmp_path: Path, asynchronous: bool) -> None:
    path = tmp_path / "mine.vot"
    path.write_bytes(votable(mine))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        client = TapPlus(url=f"{stack.url}/tap")
        launch = client.launch_job_async if asynchronous else client.launch_job
        job = launch(JOIN, upload_resource=str(path), upload_table_name="mine")
        assert _names(job.get_results()) == set(mine["name"][:3])


def test_curl(stack: Stack, mine: Table, tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    mine.write(path, format="ascii.csv")
    done = subprocess.run(
        [
            *("curl", "-sS", f"{stack.url}/tap/sync", "-F", f"mine=@{path}"),
            *("-F", "UPLOAD=mine,param:mine", "-F", f"QUERY={JOIN}", "-F", "RESPONSEFORMAT=csv"),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found = {line.split(",")[0] for line in done.stdout.splitlines()[1:]}
    assert found == set(mine["name"][:3])


def _files(stack: Stack, job: str) -> list[Path]:
    folder = stack.home / "work" / "tap" / job.rsplit("/", 1)[1]
    return [path for path in folder.rglob("*") if path.is_file()]


def _ended(job: str) -> str:
    httpx.get(job, params={"WAIT": "30", "PHASE": "QUEUED"}, timeout=40)
    httpx.get(job, params={"WAIT": "30", "PHASE": "EXECUTING"}, timeout=40)
    return httpx.get(f"{job}/phase").text


def test_a_job_keeps_its_uploads_and_loses_them(stack: Stack) -> None:
    """Files come with the job or later, add up, and go when it is deleted."""
    one, two = (votable(Table({"a": np.arange(n)})) for n in (3, 5))
    query = (
        "SELECT COUNT(*) AS n FROM TAP_UPLOAD.one AS o RIGHT JOIN TAP_UPLOAD.two AS t ON o.a = t.a"
    )
    answer = httpx.post(
        f"{stack.url}/tap/async",
        data={"QUERY": query, "LANG": "ADQL", "UPLOAD": "one,param:one", "RESPONSEFORMAT": "csv"},
        files={"one": ("one", one)},
    )
    job = answer.headers["location"]
    assert len(_files(stack, job)) == 1
    answer = httpx.post(
        f"{job}/parameters", data={"UPLOAD": "two,param:two"}, files={"two": ("two", two)}
    )
    assert answer.status_code == 303
    assert len(_files(stack, job)) == 2
    assert "two,param:two" in httpx.get(f"{job}/parameters").text
    httpx.post(f"{job}/phase", data={"PHASE": "RUN"})
    assert _ended(job) == "COMPLETED"
    assert httpx.get(f"{job}/results/result").text.split() == ["n", "5"]
    late = httpx.post(f"{job}/parameters", data={"UPLOAD": "x,param:x"}, files={"x": ("x", two)})
    assert late.status_code == 400
    httpx.delete(job)
    assert _files(stack, job) == []
    incoming = stack.home / "work" / "incoming"
    deadline = time.monotonic() + 10
    while list(incoming.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert list(incoming.iterdir()) == []


def test_a_job_fails_with_the_place_of_the_mistake(stack: Stack) -> None:
    broken = votable(Table({"a": [1, 2]})).replace(b"<TD>2</TD>", b"<TD>two</TD>")
    answer = httpx.post(
        f"{stack.url}/tap/async",
        data={
            **{"QUERY": "SELECT * FROM TAP_UPLOAD.t", "LANG": "ADQL"},
            **{"UPLOAD": "t,param:t", "PHASE": "RUN"},
        },
        files={"t": ("t", broken)},
    )
    job = answer.headers["location"]
    assert _ended(job) == "ERROR"
    error = httpx.get(f"{job}/error")
    assert "upload t, row 2, column a: 'two' is no number (long)" in error.text
