"""What is killed comes back, and no job is lost: workers, the broker, the database."""

import contextlib
import time
from functools import partial

import httpx
import psutil

from tests.haul import ALL, ENDLESS, UWS, Haul

# Some seconds of work: 3 million rows that name 158 datasets.
LONG = (
    "SELECT TOP 3000000 o.obs_publisher_did FROM ivoa.obscore AS o, tap_schema.columns AS a, "
    "tap_schema.columns AS b"
)


def test_a_job_whose_worker_is_killed_is_completed_by_another(haul: Haul) -> None:
    job = haul.post(QUERY=LONG, PHASE="RUN")
    haul.until(lambda: haul.phase(job) == "EXECUTING", 20)
    haul.kill_worker()
    time.sleep(0.5)
    assert haul.phase(job) == "EXECUTING"
    haul.start_worker()
    assert haul.ended(job, 90).findtext(f"{UWS}phase") == "COMPLETED"
    (row,) = haul.fetch("SELECT attempt FROM uws.job WHERE id = $1", job.rsplit("/", 1)[1])
    assert row["attempt"] == 2
    assert httpx.get(f"{job}/results/manifest.csv").text.count(",ok,") == len(haul.names)


def test_a_pool_process_that_is_killed_costs_an_attempt_only(haul: Haul) -> None:
    job = haul.post(QUERY=LONG, PHASE="RUN")
    haul.until(lambda: haul.phase(job) == "EXECUTING", 20)
    assert haul.worker is not None
    for process in psutil.Process(haul.worker.pid).children():
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    assert haul.ended(job, 90).findtext(f"{UWS}phase") == "COMPLETED"


def test_jobs_go_on_when_the_broker_is_killed_and_comes_back_empty(haul: Haul) -> None:
    running = haul.post(QUERY=LONG, PHASE="RUN")
    haul.until(lambda: haul.phase(running) == "EXECUTING", 20)
    haul.kill("redis")
    waiting = [haul.post(QUERY=ALL, PHASE="RUN") for _ in range(3)]
    assert haul.ended(running, 60).findtext(f"{UWS}phase") == "COMPLETED"
    haul.restart("redis")
    for job in waiting:
        assert haul.ended(job, 90).findtext(f"{UWS}phase") == "COMPLETED"


def _answers(url: str) -> bool:
    return httpx.get(url, timeout=30).status_code == 200


def test_a_killed_database_is_503_and_everything_recovers_by_itself(haul: Haul) -> None:
    package = haul.completed(QUERY=ALL)
    running = haul.post(QUERY=LONG, PHASE="RUN")
    haul.until(lambda: haul.phase(running) == "EXECUTING", 20)
    endless = {"LANG": "ADQL", "QUERY": ENDLESS}
    with httpx.stream("GET", f"{haul.url}/tap/sync", params=endless, timeout=60) as response:
        pieces = response.iter_bytes()
        next(pieces)
        haul.kill("postgres")
        *_, last = pieces
    assert b'name="QUERY_STATUS" value="ERROR">the database is not available' in last[-500:]
    query = f"{haul.url}/tap/sync?LANG=ADQL&QUERY=SELECT+TOP+1+obs_id+FROM+ivoa.obscore"
    for url in (package.job, package.parts[0], f"{haul.url}/files/1", query):
        answer = httpx.get(url, timeout=30)
        assert answer.status_code == 503, answer.text
        assert int(answer.headers["retry-after"]) > 0
    haul.restart("postgres")
    for url in (package.parts[0], query):
        haul.until(partial(_answers, url), 30)
    assert haul.ended(running, 90).findtext(f"{UWS}phase") == "COMPLETED"
    assert haul.completed(QUERY=ALL).parts
