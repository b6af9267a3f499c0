"""Every door through which rows and bytes leave, for who may and for who may not; the jobs of each.

Dataset 1 is ada's alone; of dataset 2 the row is open and the file is ada's alone.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

import httpx
import pytest
import pyvo
import requests

from service.access import command
from tests.haul import ALL, AUTHORITY, UWS, Haul, Package
from tests.xsd import valid

_COUNT = "SELECT COUNT(*) AS n FROM ivoa.obscore WHERE obs_collection = 'GEN'"
_CLOSED_ROW, _CLOSED_FILE = 1, 2


@dataclass(frozen=True)
class People:
    """Clients of the archive, each with the token of its name; how many rows everybody sees."""

    ada: httpx.Client
    bob: httpx.Client
    anonymous: httpx.Client
    open_rows: int


@pytest.fixture(scope="module")
def people(haul: Haul) -> Iterator[People]:
    haul.fetch("UPDATE archive.dataset SET readable_by = '{ada}' WHERE obs_id = $1", haul.names[1])
    haul.fetch("UPDATE archive.holding SET readable_by = '{ada}' WHERE path = $1", haul.names[2])

    def client(name: str | None) -> httpx.Client:
        headers = {}
        if name is not None:
            token = command.make(haul.servers.database_url, name, None)
            headers["authorization"] = f"Bearer {token}"
        return httpx.Client(base_url=haul.url, headers=headers, timeout=60)

    with client("ada") as ada, client("bob") as bob, client(None) as anonymous:
        yield People(ada, bob, anonymous, len(haul.names) - 1)


@pytest.fixture
def endless_exposure(haul: Haul) -> Iterator[None]:
    """Ada's own dataset took longer than can be multiplied."""
    update = "UPDATE archive.dataset SET t_exptime = $2::float8 WHERE obs_id = $1"
    haul.fetch(update, haul.names[1], 1e300)
    yield
    haul.fetch(update, haul.names[1], None)


def _file(haul: Haul, number: int) -> str:
    (row,) = haul.fetch("SELECT id FROM archive.holding WHERE path = $1", haul.names[number])
    return f"/files/{row['id']}"


def _counted(answer: httpx.Response) -> int:
    assert answer.status_code == 200, answer.text
    return int(answer.text.split()[1])


def test_rows_of_a_query(people: People) -> None:
    """One after the other, on the same few connections: none keeps whom it served."""
    query = {"QUERY": _COUNT, "LANG": "ADQL", "FORMAT": "csv"}
    for _ in range(10):
        for who, more in ((people.ada, 1), (people.bob, 0), (people.anonymous, 0)):
            assert _counted(who.get("/tap/sync", params=query)) == people.open_rows + more


@pytest.mark.parametrize(
    "query",
    [
        "SELECT COUNT(*) AS n FROM ivoa.obscore WHERE t_exptime * 1e10 < 0",
        "SELECT COUNT(*) AS n FROM ivoa.obscore WHERE obs_collection = 'GEN' AND obs_id > ' ' "
        "AND t_exptime * 1e10 < 0",
        "SELECT COUNT(*) AS n FROM ivoa.obscore AS o WHERE t_exptime * 1e10 < 0 "
        "AND 1 = CONTAINS(POINT(s_ra, s_dec), CIRCLE(0, 0, 180))",
        "SELECT COUNT(o.obs_id) AS n FROM tap_schema.schemas AS s "
        "LEFT JOIN ivoa.obscore AS o ON o.t_exptime * 1e10 < 0",
        "SELECT COUNT(o.obs_id) AS n FROM tap_schema.columns AS c "
        "JOIN ivoa.obscore AS o ON o.t_exptime * 1e10 < c.column_index - 1000",
        "SELECT COUNT(*) AS n FROM tap_schema.schemas AS s WHERE EXISTS "
        "(SELECT 1 FROM ivoa.obscore WHERE t_exptime * 1e10 < 0)",
        "SELECT COUNT(*) AS n FROM ivoa.obscore WHERE t_exptime * 1e10 = t_exptime + 1",
    ],
)
@pytest.mark.usefixtures("endless_exposure")
def test_errors_tell_nothing_of_rows_that_are_closed(people: People, query: str) -> None:
    """What cannot be computed of ada's row fails her query, and nobody else's."""
    asked = {"QUERY": query, "LANG": "ADQL", "FORMAT": "csv"}
    for who in (people.bob, people.anonymous):
        assert _counted(who.get("/tap/sync", params=asked)) == 0
    refused = people.ada.get("/tap/sync", params=asked)
    assert refused.status_code == 400
    assert "too large" in refused.text


def test_rows_of_a_query_with_an_upload(people: People) -> None:
    query = {
        "LANG": "ADQL",
        "FORMAT": "csv",
        "UPLOAD": "mine,param:mine",
        "QUERY": "SELECT COUNT(*) AS n FROM TAP_UPLOAD.mine, ivoa.obscore",
    }
    for who, more in ((people.ada, 1), (people.anonymous, 0)):
        answer = who.post("/tap/sync", data=query, files={"mine": ("mine.csv", b"x\n1\n")})
        assert _counted(answer) == people.open_rows + more


def test_rows_of_a_job(haul: Haul, people: People) -> None:
    query = {"QUERY": _COUNT, "LANG": "ADQL", "FORMAT": "csv", "PHASE": "RUN"}
    for who, more in ((people.ada, 1), (people.anonymous, 0)):
        job = who.post("/tap/async", data=query).headers["location"]
        haul.until(lambda job=job, who=who: who.get(f"{job}/phase").text == "COMPLETED", 60)
        assert _counted(who.get(f"{job}/results/result")) == people.open_rows + more
        if who is people.ada:
            assert people.bob.get(f"{job}/results/result").status_code == 404


def test_rows_of_a_page(people: People) -> None:
    for who, more in ((people.ada, 1), (people.anonymous, 0)):
        page = who.post("/explorer/query", data={"QUERY": _COUNT, "RUN": "1"})
        page = who.get(page.headers["location"])
        shown = re.search(r"<td[^>]*>\s*(\d+)\s*</td>", page.text)
        assert shown is not None
        assert int(shown[1]) == people.open_rows + more


def test_links_of_a_dataset(haul: Haul, people: People) -> None:
    where = f"/datalink/links?ID={quote(AUTHORITY + haul.names[_CLOSED_ROW], safe='')}"
    assert "NotFoundFault" in people.bob.get(where).text
    assert "NotFoundFault" in people.anonymous.get(where).text
    assert "Fault" not in people.ada.get(where).text
    page = {"accept": "text/html,application/xhtml+xml"}
    assert "/files/" not in people.bob.get(where, headers=page).text
    assert "/files/" in people.ada.get(where, headers=page).text


def test_an_estimate_counts_what_one_may_read(haul: Haul, people: People) -> None:
    for who, files, forbidden in ((people.ada, len(haul.names), 0), (people.bob, None, 1)):
        told = who.post("/bulk/estimate", data={"QUERY": ALL}).json()
        assert (told["files"], told["forbidden"]) == (files or len(haul.names) - 2, forbidden)


@pytest.mark.parametrize("number", [_CLOSED_ROW, _CLOSED_FILE])
def test_bytes_of_a_file(haul: Haul, people: People, number: int) -> None:
    url = _file(haul, number)
    content = (haul.store / haul.names[number]).read_bytes()
    assert people.ada.get(url).content == content
    assert people.ada.get(url, headers={"range": "bytes=5-9"}).content == content[5:10]
    for who in (people.bob, people.anonymous):
        assert who.get(url).status_code == 404
        assert who.head(url).status_code == 404


def _packed(haul: Haul, who: httpx.Client) -> Package:
    job = who.post("/bulk", data={"QUERY": ALL, "PHASE": "RUN"}).headers["location"]
    haul.until(lambda: who.get(f"{job}/phase").text == "COMPLETED", 60)
    links = re.findall(r'href="([^"]*)"', who.get(f"{job}/results").text)
    return Package(job, {}, [link for link in links if "/parts/" in link])


def test_bytes_of_a_package(haul: Haul, people: People) -> None:
    for who, statuses in (
        (people.ada, {"ok": len(haul.names)}),
        (people.bob, {"ok": len(haul.names) - 2, "forbidden": 1}),
    ):
        package = _packed(haul, who)
        manifest = who.get(f"{package.job}/results/manifest.csv").text
        found = [row["status"] for row in csv.DictReader(io.StringIO(manifest))]
        assert {status: found.count(status) for status in found} == statuses
        content = b"".join(who.get(part).content for part in package.parts)
        closed = (haul.store / haul.names[_CLOSED_FILE]).read_bytes()
        assert (closed in content) == (who is people.ada)
        others = {people.ada, people.bob, people.anonymous} - {who}
        since = {"QUERY": ALL, "SINCE": package.job.rsplit("/", 1)[1]}
        assert who.post("/bulk/estimate", data=since).json()["files"] == 0
        for other in others:
            for url in (package.job, f"{package.job}/results/manifest.csv", *package.parts):
                assert other.get(url).status_code == 404
            assert other.post("/bulk/estimate", data=since).status_code == 400
            assert other.post(f"{package.job}/repair").status_code in (404, 405)


def _ids(who: httpx.Client, room: str, **filters: str) -> list[str]:
    answer = who.get(room, params=filters)
    assert answer.status_code == 200
    listed = valid(answer.content, "UWS.xsd")
    assert {ref.findtext(f"{UWS}ownerId") for ref in listed} <= {"ada", "bob"}
    return [ref.attrib["id"] for ref in listed.iter(f"{UWS}jobref")]


def test_estimates_count_no_closed_rows(haul: Haul, people: People) -> None:
    asked = {"QUERY": "SELECT obs_id FROM ivoa.obscore", "EXPLAIN": "1"}
    assert people.bob.get("/tap/check", params=asked).json()["estimate"]["rows"] > 0
    haul.fetch("UPDATE archive.collection SET readable_by = '{ada}'")
    try:
        for who in (people.bob, people.anonymous):
            checked = who.get("/tap/check", params=asked).json()
            assert checked["valid"]
            assert "estimate" not in checked
            assert "not for everybody" in checked["notes"][-1]["message"]
        asked["QUERY"] = "SELECT table_name FROM tap_schema.tables"
        assert people.bob.get("/tap/check", params=asked).json()["estimate"]["rows"] > 0
    finally:
        haul.fetch("UPDATE archive.collection SET readable_by = NULL")


@pytest.mark.parametrize("room", ["/tap/async", "/bulk"])
def test_a_list_has_ones_own_jobs(haul: Haul, people: People, room: str) -> None:
    haul.fetch("UPDATE uws.job SET owner = 'zoe' WHERE owner = 'ada'")
    made = []
    for day in (1, 2, 3):
        url = people.ada.post(room, data={"QUERY": ALL, "LANG": "ADQL"}).headers["location"]
        made.insert(0, url.rsplit("/", 1)[1])
        haul.fetch(
            "UPDATE uws.job SET created = make_timestamptz(2026, 1, $2, 0, 0, 0, 'UTC') "
            "WHERE id = $1",
            *(made[0], day),
        )
    people.ada.post(f"{room}/{made[0]}/phase", data={"PHASE": "ABORT"})
    assert _ids(people.ada, room) == made
    assert _ids(people.ada, room, PHASE="PENDING") == made[1:]
    assert _ids(people.ada, room, PHASE="ABORTED") == made[:1]
    assert _ids(people.ada, room, AFTER="2026-01-01T12:00:00Z") == made[:2]
    assert _ids(people.ada, room, LAST="1") == made[:1]
    assert _ids(people.ada, room, LAST="1", PHASE="PENDING") == made[1:2]
    assert _ids(people.anonymous, room) == []
    assert not set(made) & set(_ids(people.bob, room))
    job = f"{room}/{made[0]}"
    document = valid(people.ada.get(job).content, "UWS.xsd")
    assert document.findtext(f"{UWS}ownerId") == people.ada.get(f"{job}/owner").text == "ada"
    for who in (people.bob, people.anonymous):
        for path in ("", "/phase", "/results", "/parameters", "/error"):
            assert who.get(f"{job}{path}").status_code == 404
        assert who.post(f"{job}/phase", data={"PHASE": "RUN"}).status_code == 404
        assert who.delete(job).status_code == 404
    assert people.ada.delete(job).status_code == 303


def test_a_job_of_nobody_is_reached_by_its_id_alone(people: People) -> None:
    job = people.anonymous.post("/tap/async", data={"QUERY": ALL, "LANG": "ADQL"})
    url = job.headers["location"]
    assert re.fullmatch(r"[0-9a-f]{32}", url.rsplit("/", 1)[1])
    assert people.anonymous.get(url).status_code == people.ada.get(url).status_code == 200
    assert url.rsplit("/", 1)[1] not in _ids(people.ada, "/tap/async")


def test_pyvo_lists_and_reads_ones_own_jobs(haul: Haul, people: People) -> None:
    session = requests.Session()
    session.headers["Authorization"] = people.ada.headers["authorization"]
    tap = pyvo.dal.TAPService(f"{haul.url}/tap", session=session)
    job = tap.submit_job(_COUNT)
    assert job.owner == "ada"
    assert job.job_id in [each.jobid for each in tap.get_job_list()]
    assert [each.jobid for each in tap.get_job_list(last=1)] == [job.job_id]
    assert tap.get_job_list(phases=["COMPLETED"], after="2100-01-01T00:00:00Z") == []
    assert job.run().wait().fetch_result()["n"][0] == people.open_rows + 1
    assert tap.search(_COUNT)["n"][0] == people.open_rows + 1
    assert pyvo.dal.TAPService(f"{haul.url}/tap").get_job_list() == []
    job.delete()
