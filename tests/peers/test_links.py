"""Clients follow the links of real results: pyvo in batches, the DataLink validator, votlint."""

import hashlib
import json
import re
from pathlib import Path

import httpx
import pytest
import pyvo
from astropy.config import set_temp_cache
from astropy.utils.data import import_file_to_cache
from pyvo.dal.adhoc import DatalinkQuery

from tests.conftest import Stack
from tests.peers.conftest import Stilts
from tests.peers.vocabularies import ROOT, vocabulary

QUERY = "SELECT TOP 120 s_ra, obs_publisher_did AS who FROM ivoa.obscore ORDER BY s_ra"


@pytest.fixture(scope="module")
def found(stack: Stack) -> pyvo.dal.TAPResults:
    return pyvo.dal.TAPService(f"{stack.url}/tap").search(QUERY)


def test_pyvo_follows_every_row_in_one_request(found: pyvo.dal.TAPResults) -> None:
    followed = {links.original_row["who"]: links for links in found.iter_datalinks()}
    assert set(followed) == set(found["who"])
    for links in followed.values():
        this = next(links.bysemantics("#this", include_narrower=False))
        assert this["link_authorized"]
        assert this["content_sha256"]
    assert httpx.head(this.access_url).status_code == 200


def test_pyvo_follows_one_row(found: pyvo.dal.TAPResults) -> None:
    links = found[3].getdatalink()
    assert links.status[0] == "OK"
    assert set(links["ID"]) == {found[3]["who"]}


def test_pyvo_gets_the_file_itself_and_a_preview(
    found: pyvo.dal.TAPResults, shared: Path, tmp_path: Path
) -> None:
    """Online, pyvo fetches the vocabulary from the IVOA once; here it is in its cache."""
    terms = tmp_path / "core.json"
    terms.write_text(json.dumps(vocabulary(shared / "standards" / "vocabularies", "datalink/core")))
    (tmp_path / "cache").mkdir()
    with set_temp_cache(tmp_path / "cache"):
        import_file_to_cache(f"{ROOT}datalink/core", terms)
        content = found[0].getdataset().read()
        links = found[0].getdatalink()
        (preview,) = links.bysemantics("#preview")
    this = next(links.bysemantics("#this", include_narrower=False))
    assert hashlib.sha256(content).hexdigest() == this["content_sha256"]
    drawn = preview.getdataset().read()
    assert drawn.startswith(b"<svg" if preview["content_type"] == "image/svg+xml" else b"\x89PNG")


@pytest.mark.parametrize("kind", ["spectrum", "image"])
def test_every_link_leads_to_what_it_says(stack: Stack, kind: str) -> None:
    """What the validator does too, with lengths and checksums."""
    tap = pyvo.dal.TAPService(f"{stack.url}/tap")
    which = tap.search(
        "SELECT TOP 2 obs_publisher_did FROM ivoa.obscore "
        f"WHERE dataproduct_type = '{kind}' ORDER BY em_max DESC, obs_publisher_did"
    )
    every = [link for links in which.iter_datalinks() for link in links]
    followed = [link for link in every if not link.service_def]
    assert {link["semantics"] for link in every if link.service_def} == {"#cutout"}
    assert {link["semantics"] for link in followed} >= {"#this", "#preview"}
    for link in followed:
        answer = httpx.get(link.access_url, timeout=60)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == link["content_type"]
        if link["content_sha256"]:
            assert len(answer.content) == link["content_length"]
            assert hashlib.sha256(answer.content).hexdigest() == link["content_sha256"]


def test_pyvo_starts_a_download_of_the_whole_result(found: pyvo.dal.TAPResults) -> None:
    service = found.get_adhocservice_by_id("bulk")
    answer = DatalinkQuery.from_resource(list(found), service).submit(post=True)
    job = pyvo.dal.AsyncTAPJob(answer.url)
    job.wait(timeout=60)
    assert job.phase == "COMPLETED"
    assert list(job.fetch_result()["obs_publisher_did"]) == list(found["who"])


def test_astropy_names_the_columns_as_before(stack: Stack) -> None:
    service = pyvo.dal.TAPService(f"{stack.url}/tap")
    table = service.search('SELECT TOP 1 s_dec, obs_publisher_did AS "My id" FROM ivoa.obscore')
    assert table.to_table().colnames == ["s_dec", "My id"]
    plain = service.search("SELECT TOP 1 * FROM ivoa.obscore").votable.get_first_table()
    assert plain.to_table().colnames == plain.to_table(use_names_over_ids=True).colnames


@pytest.mark.parametrize("ids", [0, 120])
def test_the_validator_finds_nothing(
    stack: Stack, found: pyvo.dal.TAPResults, stilts: Stilts, tmp_path: Path, ids: int
) -> None:
    document = tmp_path / "links.vot"
    asked = [*found["who"][:ids], "ivo://none/x", "no identifier"] if ids else []
    answer = httpx.post(f"{stack.url}/datalink/links", data={"ID": asked})
    document.write_bytes(answer.content)
    linted = stilts("datalinklint", f"votable={document}").stdout
    assert re.search(r"^Totals: Errors: 0; Warnings: 0; .*Failures: 0", linted, re.M), linted
    assert stilts("votlint", f"votable={document}").stdout == ""


def test_the_validator_asks_the_service_itself(
    stack: Stack, found: pyvo.dal.TAPResults, stilts: Stilts
) -> None:
    url = httpx.URL(f"{stack.url}/datalink/links", params={"ID": str(found["who"][0])})
    linted = stilts("datalinklint", f"votable={url}").stdout
    assert re.search(r"^Totals: Errors: 0; Warnings: 0; .*Failures: 0", linted, re.M), linted


@pytest.mark.parametrize(
    ("form", "maxrec"), [("votable", "3"), ("votable/td", "1000"), ("text/xml", "0")]
)
def test_votlint_accepts_the_descriptors(
    stack: Stack, stilts: Stilts, tmp_path: Path, form: str, maxrec: str
) -> None:
    params = {"LANG": "ADQL", "QUERY": QUERY, "FORMAT": form, "MAXREC": maxrec}
    document = tmp_path / "result.vot"
    answer = httpx.get(f"{stack.url}/tap/sync", params=params)
    assert answer.content.count(b"adhoc:service") == 4
    assert answer.content.count(b'value="OVERFLOW"') == (maxrec != "1000")
    document.write_bytes(answer.content)
    linted = stilts("votlint", f"votable={document}")
    assert (linted.returncode, linted.stdout) == (0, "")
