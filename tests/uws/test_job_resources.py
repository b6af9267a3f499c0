"""The resources of a job over HTTP, as UWS 1.1 §2.2 has them."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.haul import ALL, ENDLESS, UWS, Haul
from tests.xsd import valid

_XSD = "UWS.xsd"


def _document(url: str, **parameters: str) -> bytes:
    answer = httpx.get(url, params=parameters, timeout=70)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/xml")
    valid(answer.content, _XSD)
    return answer.content


def test_documents_are_valid_in_every_phase(haul: Haul) -> None:
    pending = haul.post(QUERY=ALL, RUNID="my run & more")
    for url in (pending, f"{pending}/parameters", f"{pending}/results", f"{haul.url}/bulk"):
        _document(url)
    assert b"<uws:runId>my run &amp; more</uws:runId>" in _document(pending)
    completed = haul.completed(QUERY=ALL).job
    assert f'xlink:href="{completed}/results/result"'.encode() in _document(completed)
    httpx.post(f"{pending}/phase", data={"PHASE": "ABORT"})
    assert b">ABORTED<" in _document(pending)


def test_texts_equal_the_document(haul: Haul) -> None:
    job = haul.post(QUERY=ALL)
    root = valid(httpx.get(job).content, _XSD)
    assert root.findtext(f"{UWS}jobId") == job.rsplit("/", 1)[1]
    for resource, tag in (
        ("phase", "phase"),
        ("executionduration", "executionDuration"),
        ("destruction", "destruction"),
    ):
        answer = httpx.get(f"{job}/{resource}")
        assert answer.headers["content-type"].startswith("text/plain")
        assert answer.text == root.findtext(f"{UWS}{tag}")
    assert httpx.get(f"{job}/quote").text == ""
    assert httpx.get(f"{job}/owner").text == ""
    assert httpx.get(f"{job}/error").status_code == 404
    assert httpx.head(job).status_code == 200


def test_nobody_sees_an_anonymous_job_but_who_knows_its_id(haul: Haul) -> None:
    job = haul.post(QUERY=ALL)
    assert job.rsplit("/", 1)[1].encode() not in _document(f"{haul.url}/bulk")
    haul.fetch("UPDATE uws.job SET owner = 'somebody' WHERE id = $1", job.rsplit("/", 1)[1])
    assert httpx.get(job).status_code == 404
    assert httpx.delete(job).status_code == 404


def test_parameters_change_until_the_job_is_run(haul: Haul) -> None:
    job = haul.post(QUERY="SELECT obs_publisher_did FROM ivoa.obscore")
    changed = httpx.post(f"{job}/parameters", data={"QUERY": ALL, "PART_SIZE": "3000000"})
    assert changed.status_code == 303
    assert b'id="PART_SIZE" isPost="false">3000000<' in _document(f"{job}/parameters")
    wrong = httpx.post(f"{job}/parameters", data={"PART_SIZE": "1"})
    assert wrong.status_code == 400
    httpx.post(f"{job}/phase", data={"PHASE": "RUN"})
    haul.ended(job)
    assert httpx.post(f"{job}/parameters", data={"QUERY": ALL}).status_code == 400
    assert httpx.post(f"{job}/phase", data={"PHASE": "RUN"}).status_code == 400


def test_durations_and_destruction_are_cut_to_what_the_room_allows(haul: Haul) -> None:
    job = haul.post(QUERY=ALL)

    def set_to(resource: str, value: str) -> str:
        name = resource.upper()
        assert httpx.post(f"{job}/{resource}", data={name: value}).status_code == 303
        return httpx.get(f"{job}/{resource}").text

    assert set_to("executionduration", "60") == "60"
    assert set_to("executionduration", "0") == set_to("executionduration", "999999999") == "86400"
    soon = (datetime.now(UTC) + timedelta(days=2)).replace(microsecond=0)
    assert set_to("destruction", soon.isoformat()) == soon.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    assert set_to("destruction", "2999-01-01T00:00:00Z") < "2028"
    for resource, wrong in (("executionduration", "-1"), ("destruction", "tomorrow")):
        answer = httpx.post(f"{job}/{resource}", data={resource.upper(): wrong})
        assert answer.status_code == 400
        assert wrong in answer.json()["detail"]


@pytest.mark.parametrize("how", ["DELETE", "ACTION"])
def test_a_deleted_job_is_gone(haul: Haul, how: str) -> None:
    job = haul.completed(QUERY=ALL).job
    answer = httpx.delete(job) if how == "DELETE" else httpx.post(job, data={"ACTION": "DELETE"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{haul.url}/bulk")
    for url in (job, f"{job}/phase", f"{job}/results/result"):
        gone = httpx.get(url)
        assert gone.status_code == 404
        assert "there is no job" in gone.json()["detail"]
    assert haul.fetch("SELECT FROM bulk.package WHERE job_id = $1", job.rsplit("/", 1)[1]) == []
    left = "SELECT FROM bulk.member WHERE package_id NOT IN (SELECT id FROM bulk.package)"
    assert haul.fetch(left) == []


def test_a_job_past_its_destruction_is_destroyed(haul: Haul) -> None:
    job = haul.completed(QUERY=ALL).job
    httpx.post(f"{job}/destruction", data={"DESTRUCTION": "2020-01-01T00:00:00Z"})
    haul.until(lambda: httpx.get(job).status_code == 404, 100)


def test_wait_answers_when_the_phase_changes(haul: Haul) -> None:
    job = haul.post(QUERY=ALL)
    begun = time.monotonic()
    _document(job, WAIT="1")
    assert 0.9 < time.monotonic() - begun < 10
    assert b">PENDING<" in _document(job, WAIT="60", PHASE="QUEUED")
    with ThreadPoolExecutor(2) as pool:
        waiting = pool.submit(_document, job, WAIT="-1")
        named = pool.submit(_document, job, WAIT="50", PHASE="PENDING")
        time.sleep(0.5)
        assert not waiting.done()
        begun = time.monotonic()
        httpx.post(f"{job}/phase", data={"PHASE": "ABORT"})
        assert b">ABORTED<" in waiting.result()
        assert b">ABORTED<" in named.result()
    assert time.monotonic() - begun < 10
    assert b">ABORTED<" in _document(job, WAIT="60")


def test_wrong_controls_name_what_is_wrong(haul: Haul) -> None:
    job = haul.post(QUERY=ALL)
    for url, data in (
        (f"{job}/phase", {"PHASE": "STOP"}),
        (job, {"ACTION": "BURN"}),
        (f"{job}/phase", {}),
        (f"{haul.url}/bulk", {"QUERY": ALL, "PHASE": "ABORT"}),
    ):
        assert httpx.post(url, data=data).status_code == 400
    assert httpx.get(job, params={"WAIT": "soon"}).status_code == 400
    assert httpx.get(f"{haul.url}/bulk", params={"PHASE": "DONE"}).status_code == 400


def test_abort_ends_the_query_in_the_database(haul: Haul) -> None:
    job = haul.post(QUERY=ENDLESS, PHASE="RUN")
    haul.until(lambda: haul.phase(job) == "EXECUTING", 20)
    haul.until(lambda: len(_queries(haul)) == 1, 20)
    httpx.post(f"{job}/phase", data={"PHASE": "ABORT"})
    assert haul.phase(job) == "ABORTED"
    haul.until(lambda: _queries(haul) == [], 10)
    assert haul.phase(job) == "ABORTED"


def test_an_overrun_job_is_aborted_with_the_reason(haul: Haul) -> None:
    job = haul.post(QUERY=ENDLESS)
    httpx.post(f"{job}/executionduration", data={"EXECUTIONDURATION": "2"})
    httpx.post(f"{job}/phase", data={"PHASE": "RUN"})
    document = haul.ended(job, 30)
    assert document.findtext(f"{UWS}phase") == "ABORTED"
    assert "executionduration of 2 s" in httpx.get(f"{job}/error").text
    haul.until(lambda: _queries(haul) == [], 10)


def _queries(haul: Haul) -> list[object]:
    """The user queries that run now."""
    return list(
        haul.fetch(
            "SELECT query FROM pg_stat_activity WHERE usename = 'starhaul_reader' "
            "AND state = 'active'"
        )
    )
