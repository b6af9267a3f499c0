"""/soda/async: combinations, what each of them becomes, and jobs that are taken up again."""

import asyncio
import io
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
from astropy.io import fits

from service.archive import Archive, CatalogueCache
from service.config import Settings
from service.database import open_database
from service.rooms import ROOMS
from service.uws.jobs import Jobs, open_jobs
from service.uws.run import run_job
from tests.conftest import rows_of, run
from tests.haul import UWS, XLINK_HREF
from tests.serving import Service
from tests.soda.conftest import IMAGE, SPECTRUM, STOKES

CIRCLES = ["266.4 -28.93 0.02", "10 10 1", "266.5 -28.9 0.01"]


def _working(settings: Settings, work: Callable[[Jobs], Coroutine[Any, Any, None]]) -> None:
    """Do what a worker does."""

    async def worker() -> None:
        async with open_database(settings) as database:
            archive = Archive(settings, database, CatalogueCache(database))
            async with open_jobs(archive, ROOMS) as jobs:
                await work(jobs)

    run(worker())


def _results(archive: httpx.Client, job: str) -> list[tuple[str, str, httpx.Response]]:
    """Id, media type and answer of each result of a completed job."""
    document = ElementTree.fromstring(archive.get(job).content)
    assert document.findtext(f"{UWS}phase") == "COMPLETED", ElementTree.tostring(document)
    return [
        (each.attrib["id"], each.attrib["mime-type"], archive.get(each.attrib[XLINK_HREF]))
        for each in document.iter(f"{UWS}result")
    ]


def _create(archive: httpx.Client, **parameters: Any) -> str:
    answer = archive.post("/soda/async", data={"PHASE": "RUN", **parameters})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def test_each_combination_is_one_result(archive: httpx.Client, settings: Settings) -> None:
    job = _create(
        archive,
        ID=[IMAGE, STOKES, "ivo://none/such"],
        CIRCLE=CIRCLES[0],
        POS=["CIRCLE 10 10 1", "CIRCLE 30 10 0.002"],
    )
    _working(settings, lambda jobs: run_job(jobs, job.rpartition("/")[2]))
    results = _results(archive, job)
    assert [identity for identity, *_ in results] == [f"cutout-{n:05d}" for n in range(1, 10)]
    kinds = [media_type for _, media_type, _ in results]
    cut = "application/fits"
    assert kinds == [cut, *["text/plain"] * 4, cut, *["text/plain"] * 3]
    for _, media_type, answer in results:
        assert answer.status_code == 200
        assert answer.headers["content-type"].partition(";")[0] == media_type
        if media_type == "text/plain":
            assert answer.text.startswith("UsageError: ")
    assert fits.open(io.BytesIO(results[5][2].content))[0].data.shape[-1] < 16
    url = results[0][2].url
    part = archive.get(url, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, results[0][2].content[10:20])
    assert part.headers["etag"] == results[0][2].headers["etag"]
    assert archive.delete(job).status_code == 303
    assert archive.get(url).status_code == 404


def test_a_job_is_refused_in_the_words_of_the_standard(archive: httpx.Client) -> None:
    many = {"ID": [f"ivo://x/{n}" for n in range(40)], "CIRCLE": [f"{n} 0 1" for n in range(40)]}
    boxes = {"ID": IMAGE, "CENTER": ["1 2"] * 50_000, "PIXELS": ["3 4"] * 50_000}
    wrong = ({"CIRCLE": "1 2 3"}, {"ID": "x", "POS": "y"})
    for parameters, status in ((wrong[0], 400), (wrong[1], 400), (many, 413), (boxes, 413)):
        answer = archive.post("/soda/async", data=parameters)
        assert (answer.status_code, answer.text.partition(":")[0]) == (status, "UsageError")
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    missing = archive.get("/soda/async/none")
    assert (missing.status_code, missing.text.partition(":")[0]) == (404, "UsageError")


def test_a_job_that_fails_as_a_whole_says_why(
    archive: httpx.Client, settings: Settings, service: Service
) -> None:
    job = _create(archive, ID=IMAGE, CIRCLE=CIRCLES[0])
    identity = job.rpartition("/")[2]
    lost = "UPDATE uws.job SET parameters = '{}' WHERE id = $1"
    rows_of(service.database_url, lost, identity)
    _working(settings, lambda jobs: run_job(jobs, identity))
    assert archive.get(f"{job}/phase").text == "ERROR"
    answer = archive.get(f"{job}/error")
    assert (answer.status_code, answer.text.partition(":")[0]) == (200, "Error")


def test_a_job_whose_worker_was_killed_goes_on_where_it_was(
    archive: httpx.Client, settings: Settings, service: Service
) -> None:
    job = _create(archive, ID=[IMAGE, SPECTRUM], POS=[f"CIRCLE {circle}" for circle in CIRCLES])
    identity = job.rpartition("/")[2]
    folder = Path(settings.work_store_url) / "soda" / identity

    async def killed(jobs: Jobs) -> None:
        """The work ends when the third result is there, and tells nobody."""
        working = asyncio.create_task(run_job(jobs, identity))
        while not (folder / "cutout-00003.json").exists():
            assert not working.done()
            await asyncio.sleep(0)
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)

    _working(settings, killed)
    before = {path.name: path.stat().st_ino for path in folder.iterdir()}
    assert "cutout-00006.json" not in before
    rows_of(
        service.database_url,
        "UPDATE uws.job SET lease_expires = clock_timestamp() WHERE id = $1",
        identity,
    )
    _working(settings, lambda jobs: run_job(jobs, identity))
    results = _results(archive, job)
    assert len(results) == 6
    assert all(answer.status_code == 200 for *_, answer in results)
    assert fits.open(io.BytesIO(results[0][2].content))[0].data.size > 100
    after = {path.name: path.stat().st_ino for path in folder.iterdir()}
    assert all(after[name] == inode for name, inode in before.items() if name.endswith(".json"))
