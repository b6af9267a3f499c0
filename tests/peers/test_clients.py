"""The clients astronomers use, against the whole archive as `starhaul up` runs it."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import pyvo

from tests.conftest import Stack
from tests.peers.conftest import Stilts

# Why they stay: docs/decisions/0003-two-lines-of-taplint.md.
_EXPECTED = {
    "F-LOC-NOTP-1 No table with name ivoa.obsplan",
    'W-CAP-CULF-1 Custom feature type "ivo://ivoa.net/std/tapregext#features-adql-conditional" '
    "for language ADQL",
}


@pytest.fixture(scope="module")
def tap(stack: Stack) -> pyvo.dal.TAPService:
    return pyvo.dal.TAPService(f"{stack.url}/tap")


def test_pyvo_cone_search(tap: pyvo.dal.TAPService) -> None:
    first = tap.search("SELECT TOP 1 * FROM ivoa.obscore WHERE em_max > 5e-7 ORDER BY obs_id")[0]
    found = tap.search(
        "SELECT obs_publisher_did, s_ra, s_dec, em_max FROM ivoa.obscore "
        f"WHERE 1=CONTAINS(POINT(s_ra, s_dec), CIRCLE({first['s_ra']}, {first['s_dec']}, 0.01)) "
        "AND em_max > 5e-7"
    )
    assert first["obs_publisher_did"] in found["obs_publisher_did"]
    assert all(em_max > 5e-7 for em_max in found["em_max"])
    assert found.query_status == "OK"


def test_pyvo_metadata(tap: pyvo.dal.TAPService) -> None:
    assert "ivoa.obscore" in list(tap.tables.keys())
    columns = {column.name: column for column in tap.tables["ivoa.obscore"].columns}
    assert columns["s_ra"].unit == "deg"
    assert len(list(tap.upload_methods)) == 3
    assert tap.get_tap_capability().get_adql().versions


def test_pyvo_shows_our_message(tap: pyvo.dal.TAPService) -> None:
    said = "column 's_raa' not found at line 2, column 3; did you mean s_ra"
    with pytest.raises(pyvo.dal.DALQueryError, match=said):
        tap.search("SELECT s_dec,\n  s_raa FROM ivoa.obscore")


@pytest.mark.parametrize("language", ["ADQL", "ADQL-2.1", "ADQL-2.0"])
def test_languages_from_pyvo_and_stilts(
    stack: Stack, tap: pyvo.dal.TAPService, stilts: Stilts, language: str
) -> None:
    """OFFSET is a name in 2.0 and a clause in 2.1; CASE is an extension of plain ADQL."""
    clause = "SELECT TOP 2 s_ra FROM ivoa.obscore ORDER BY s_ra OFFSET 1"
    name = "SELECT TOP 2 s_ra AS offset FROM ivoa.obscore"
    case = "SELECT TOP 2 CASE WHEN s_ra > 9 THEN 1 ELSE 0 END AS east FROM ivoa.obscore"
    good, bad = (name, clause) if language == "ADQL-2.0" else (clause, name)
    assert len(tap.run_sync(good, language=language)) == 2
    with pytest.raises(pyvo.dal.DALQueryError, match="at line 1, column"):
        tap.run_sync(bad, language=language)
    common = (f"tapurl={stack.url}/tap", "sync=true", "ofmt=csv", "out=-", f"language={language}")
    extended = stilts("tapquery", *common, f"adql={case}")
    if language == "ADQL":
        assert extended.stdout.startswith("east\n"), extended.stderr
    else:
        assert "CASE is an extension" in extended.stderr


def test_pyvo_sees_an_overflow(tap: pyvo.dal.TAPService) -> None:
    result = tap.search("SELECT obs_id FROM ivoa.obscore", maxrec=3)
    assert len(result) == 3
    assert result.query_status == "OVERFLOW"


def test_pyvo_controls_a_job(tap: pyvo.dal.TAPService) -> None:
    job = tap.submit_job("SELECT TOP 3 obs_id FROM ivoa.obscore", maxrec=2)
    job.execution_duration = 60
    assert job.execution_duration.sec == 60
    assert (job.phase, job.query) == ("PENDING", "SELECT TOP 3 obs_id FROM ivoa.obscore")
    assert job.run().wait(timeout=60).phase == "COMPLETED"
    assert len(job.fetch_result()) == 2
    job.delete()
    assert tap.get_job_list(phases=["COMPLETED"], last=3) == []


def test_pyvo_shows_why_a_job_failed(tap: pyvo.dal.TAPService) -> None:
    with pytest.raises(pyvo.dal.DALQueryError, match="'nope' not found"):
        tap.run_async("SELECT nope FROM ivoa.obscore")


def test_astropy_names_columns_as_the_query_does(tap: pyvo.dal.TAPService) -> None:
    table = tap.search('SELECT TOP 1 obs_id, s_ra AS ra, 1 AS "Mixed" FROM ivoa.obscore')
    assert table.to_table().colnames == ["obs_id", "ra", "Mixed"]


def test_curl_and_wget(stack: Stack, require_tool: Callable[[str], str], tmp_path: Path) -> None:
    query = "QUERY=SELECT COUNT(*) AS n FROM ivoa.obscore"
    sync = f"{stack.url}/tap/sync"
    curl = [require_tool("curl"), "-sS", "-F", "LANG=ADQL", "-F", "FORMAT=csv", "-F", query, sync]
    wget = [require_tool("wget"), "-qO-", f"--post-data=LANG=ADQL&FORMAT=csv&{query}", sync]
    answers = [subprocess.run(c, capture_output=True, text=True).stdout for c in (curl, wget)]
    assert re.fullmatch(r"n\n\d+\n", answers[0])
    assert answers[0] == answers[1]


def test_stilts_tapquery(stack: Stack, stilts: Stilts) -> None:
    common = (f"tapurl={stack.url}/tap", "sync=true", "ofmt=csv", "out=-")
    good = stilts("tapquery", *common, "adql=SELECT COUNT(*) AS n FROM ivoa.obscore")
    assert re.fullmatch(r"n\n\d+\n", good.stdout), good.stderr
    bad = stilts("tapquery", *common, "interface=cap", "adql=SELECT nope FROM ivoa.obscore")
    assert bad.returncode == 1
    assert "'nope'" in bad.stderr


def test_stilts_tapquery_async(stack: Stack, stilts: Stilts) -> None:
    common = (
        *(f"tapurl={stack.url}/tap", "sync=false", "delete=always", "ofmt=csv", "out=-"),
        *("executionduration=60", "destruction=2027-01-01T00:00:00Z"),
    )
    good = stilts("tapquery", *common, "maxrec=3", "adql=SELECT obs_id FROM ivoa.obscore")
    assert good.stdout.count("\n") == 4, good.stderr
    bad = stilts("tapquery", *common, "adql=SELECT nope FROM ivoa.obscore")
    assert bad.returncode == 1
    assert "'nope' not found" in bad.stderr


def test_stilts_takes_up_a_job_by_its_url(stack: Stack, stilts: Stilts) -> None:
    query = {"LANG": "ADQL", "QUERY": "SELECT TOP 3 obs_id FROM ivoa.obscore", "PHASE": "RUN"}
    job = httpx.post(f"{stack.url}/tap/async", data=query).headers["location"]
    taken = stilts("tapresume", f"joburl={job}", "delete=finished", "ofmt=csv", "out=-")
    assert len(taken.stdout.splitlines()) == 4, taken.stderr
    assert httpx.get(job).status_code == 404


def test_stilts_matches_a_table_on_the_sky(stack: Stack, stilts: Stilts, tmp_path: Path) -> None:
    query = {"LANG": "ADQL", "FORMAT": "csv"}
    stars = "SELECT TOP 5 s_ra AS ra, s_dec AS dec FROM ivoa.obscore WHERE s_ra IS NOT NULL"
    local = tmp_path / "local.csv"
    local.write_bytes(httpx.get(f"{stack.url}/tap/sync", params={**query, "QUERY": stars}).content)
    matched = stilts(
        *("tapskymatch", f"in={local}", "ifmt=csv", "inlon=ra", "inlat=dec", "ofmt=csv", "out=-"),
        *(f"tapurl={stack.url}/tap", "taptable=ivoa.obscore", "taplon=s_ra", "taplat=s_dec"),
        *("tapcols=obs_id", "sr=0.001", "find=best"),
    )
    assert matched.stdout.count("\n") == 6, matched.stderr


@pytest.mark.parametrize(
    "form",
    [
        {"FORMAT": "votable"},
        {"FORMAT": "votable/td"},
        {"FORMAT": "text/xml", "MAXREC": "3"},
        {"FORMAT": "votable/td", "MAXREC": "3"},
        {"MAXREC": "0"},
        {"QUERY": "SELECT nope FROM ivoa.obscore"},
    ],
)
def test_votlint_finds_nothing(
    stack: Stack, stilts: Stilts, tmp_path: Path, form: dict[str, str]
) -> None:
    query = {"LANG": "ADQL", "QUERY": "SELECT * FROM ivoa.obscore", **form}
    document = tmp_path / "result.vot"
    document.write_bytes(httpx.get(f"{stack.url}/tap/sync", params=query).content)
    linted = stilts("votlint", f"votable={document}")
    assert (linted.returncode, linted.stdout) == (0, "")


def test_taplint_finds_nothing(stack: Stack, stilts: Stilts) -> None:
    linted = stilts("taplint", f"tapurl={stack.url}/tap", "report=EWFS", "maxrepeat=9")
    found = {line for line in linted.stdout.splitlines() if re.match("[EWF]-", line)}
    assert found <= _EXPECTED
    assert re.search(r"^Totals: Errors: 0; Warnings: [01]; .*Failures: 1", linted.stdout, re.M)
