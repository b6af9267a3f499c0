"""What a bulk job is asked for, over HTTP: its sources, names, choice, order, and earlier jobs."""

import csv
import io
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest
from astropy.table import Table
from pyvo.dal import AsyncTAPJob

from service.archive import Archive, CatalogueCache
from service.bulk.cutting import MOST_PARTS
from service.bulk.estimate import estimate
from service.bulk.request import bulk_request
from service.config import Settings
from service.database import open_database
from service.errors import UsageError
from service.parameters import parameters_of
from service.uws.documents import PROGRESS
from tests.haul import ALL, AUTHORITY, ENDLESS, UWS, Haul, Package
from tests.xsd import valid

DIDS = "SELECT obs_publisher_did FROM ivoa.obscore WHERE obs_id LIKE 'night%'"
TARGETS = 10


@pytest.fixture(scope="module")
def archive(haul: Haul) -> Haul:
    """The archive with targets, signal-to-noise ratios, previews and a calibration for three."""
    haul.fetch(
        "UPDATE archive.dataset SET target_name = 'HD ' || id % $1, s_snr = id * 37 % 151 "
        "WHERE obs_id LIKE 'night%'",
        TARGETS,
    )
    haul.fetch(
        "UPDATE archive.holding SET semantics = '#thumbnail', dataset_id = dataset_id - 1 "
        "WHERE path = 'case/A.fits'"
    )
    haul.fetch(
        "INSERT INTO archive.relation (dataset_id, holding_id, semantics) "
        "SELECT dataset.id, holding.id, '#dark' FROM archive.dataset, archive.holding "
        "WHERE holding.path = 'empty.fits' AND obs_id = ANY ($1)",
        haul.names[:3],
    )
    return haul


def manifest(package: Package) -> list[dict[str, str]]:
    """The rows of a package's manifest."""
    return list(csv.DictReader(io.StringIO(httpx.get(package.results["manifest.csv"]).text)))


def paths(package: Package) -> list[str]:
    """The names of the files that are packed."""
    return [row["path"] for row in manifest(package) if row["status"] == "ok"]


def estimated(haul: Haul, **parameters: str | Sequence[str]) -> dict[str, object]:
    """The estimate of a job."""
    answer = haul.client.post(f"{haul.url}/bulk/estimate", data=parameters)
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


def written(table: Table, form: str, folder: Path) -> bytes:
    """A table as a file of that form."""
    path = folder / f"table.{form}"
    table.write(path, format={"csv": "ascii.csv", "ecsv": "ascii.ecsv"}.get(form, form))
    return path.read_bytes()


@pytest.mark.parametrize("form", ["votable", "fits", "csv", "ecsv", "parquet"])
def test_an_uploaded_table_names_datasets(archive: Haul, form: str, tmp_path: Path) -> None:
    names = [AUTHORITY + name for name in archive.names[:3]]
    table = Table({"n": [1, 2, 3, 4], "OBS_PUBLISHER_DID": [*names, "ivo://x/none"]})
    answer = archive.client.post(
        f"{archive.url}/bulk/estimate",
        data={"UPLOAD": "mine,param:file"},
        files={"file": written(table, form, tmp_path)},
    )
    assert answer.status_code == 200, answer.text
    assert (answer.json()["files"], answer.json()["missing"]) == (3, 1)


def test_an_uploaded_table_is_kept_with_its_job(archive: Haul, tmp_path: Path) -> None:
    table = Table({"obs_publisher_did": [AUTHORITY + name for name in archive.names[2:4]]})
    created = archive.client.post(
        f"{archive.url}/bulk",
        data={"UPLOAD": "t,param:t", "NAMING": "{stem}.{extension}"},
        files={"t": written(table, "csv", tmp_path)},
    )
    job = created.headers["location"]
    (kept,) = (archive.home / "work" / "bulk" / job.rsplit("/", 1)[1]).rglob("*/*")
    archive.client.post(f"{job}/phase", data={"PHASE": "RUN"})
    archive.ended(job)
    rows = archive.client.get(f"{job}/results/manifest.csv").text.splitlines()
    assert [row.split(",")[2] for row in rows[1:]] == [
        "ADP.2014-09-16T11_002.fits",
        "ADP.2014-09-16T11_003.fits",
    ]
    archive.client.delete(job)
    assert not kept.exists()


def test_a_query_joins_an_uploaded_table(archive: Haul, tmp_path: Path) -> None:
    table = Table({"ident": archive.names[5:8], "label": ["ein/s", "zwei", "zwei"]})
    created = archive.client.post(
        f"{archive.url}/bulk",
        data={
            "PHASE": "RUN",
            "UPLOAD": "mine,param:t",
            "QUERY": "SELECT o.access_url, u.label FROM TAP_UPLOAD.mine AS u "
            "JOIN ivoa.obscore AS o ON o.obs_id = u.ident",
            "NAMING": "{LABEL}/{obs_id}",
            "ORDER": "label desc, obs_id",
        },
        files={"t": written(table, "votable", tmp_path)},
    )
    job = created.headers["location"]
    archive.ended(job)
    rows = list(csv.DictReader(io.StringIO(httpx.get(f"{job}/results/manifest.csv").text)))
    safe = [name.replace("/", "_").replace(":", "_") for name in archive.names[5:8]]
    assert [row["path"] for row in rows] == [
        f"zwei/{safe[1]}",
        f"zwei/{safe[2]}",
        f"ein_s/{safe[0]}",
    ]


def test_the_best_of_each_group(archive: Haul, tmp_path: Path) -> None:
    best = archive.fetch(
        "SELECT DISTINCT ON (target_name) target_name, obs_publisher_did AS did "
        "FROM archive.dataset WHERE obs_id LIKE 'night%' ORDER BY target_name, s_snr DESC"
    )
    choice = {"QUERY": DIDS, "UNIQUE": "target_name", "ORDER": "s_snr DESC"}
    package = archive.completed(**choice, NAMING="{target_name}.{extension}")
    rows = manifest(package)
    assert {row["path"]: row["obs_publisher_did"] for row in rows} == {
        f"{row['target_name']}.fits": row["did"] for row in best
    }
    assert len(rows) == TARGETS
    (part,) = package.parts
    (tmp_path / "part.tar").write_bytes(httpx.get(part).content)
    listing = subprocess.run(
        ["tar", "-tf", tmp_path / "part.tar"], capture_output=True, text=True, check=True
    )
    assert sum(f"/data/HD {n}.fits" in listing.stdout for n in range(TARGETS)) == TARGETS

    found = {row["did"] for row in best}
    archive.fetch(
        "UPDATE archive.holding SET readable_by = '{somebody}' WHERE path = $1", victim(best)
    )
    try:
        assert estimated(archive, **choice)["files"] == TARGETS
        second = {row["obs_publisher_did"] for row in manifest(archive.completed(**choice))}
        assert len(second - found) == 1
    finally:
        archive.fetch("UPDATE archive.holding SET readable_by = NULL")


def victim(best: Sequence[object]) -> str:
    """The path of one of the best."""
    row = best[3]
    assert hasattr(row, "get")
    return str(row.get("did")).removeprefix(AUTHORITY)


def test_rows_without_a_group_are_each_kept(archive: Haul) -> None:
    query = "SELECT obs_publisher_did FROM ivoa.obscore WHERE obs_id NOT LIKE 'night%'"
    found = estimated(archive, QUERY=query, UNIQUE="target_name")
    assert found["files"] == len([name for name in archive.names if "night" not in name]) - 1
    ids = [AUTHORITY + archive.names[0], "ivo://x/none", "ivo://x/nothing"]
    assert estimated(archive, ID=ids, UNIQUE="target_name")["missing"] == 2


def test_the_order_of_members(archive: Haul) -> None:
    package = archive.completed(QUERY=DIDS, ORDER="s_snr desc, obs_id")
    rows = archive.fetch(
        "SELECT obs_publisher_did AS did FROM archive.dataset WHERE obs_id LIKE 'night%' "
        'ORDER BY s_snr DESC, obs_id COLLATE "C"'
    )
    assert [row["obs_publisher_did"] for row in manifest(package)] == [row["did"] for row in rows]


def test_names_do_not_depend_on_the_order_of_rows(archive: Haul) -> None:
    query = "SELECT obs_publisher_did, s_snr AS snr FROM ivoa.obscore WHERE obs_id LIKE 'night%'"
    one = archive.completed(QUERY=f"{query} ORDER BY obs_id", NAMING="{target_name}.fits")
    two = archive.completed(QUERY=f"{query} ORDER BY snr DESC", NAMING="{target_name}.fits")
    names = [
        {row["obs_publisher_did"]: row["path"] for row in manifest(each)} for each in (one, two)
    ]
    assert names[0] == names[1]
    assert len(set(names[0].values())) == len(names[0])


def test_relations_of_datasets(archive: Haul) -> None:
    preview = archive.completed(QUERY=ALL, SEMANTICS="#preview", NAMING="{semantics}/{filename}")
    assert paths(preview) == ["thumbnail/A.fits"]
    (reason,) = {row["error"] for row in manifest(preview) if row["status"] == "missing"}
    assert reason.startswith("the dataset has no file here that is #preview or")
    three = [AUTHORITY + name for name in archive.names[:3]]
    both = archive.completed(ID=three, SEMANTICS=["this", "#calibration"], NAMING="{filename}")
    assert sorted(paths(both))[-1] == "empty.fits"
    assert len(manifest(both)) == 4
    query = f"SELECT access_url FROM ivoa.obscore WHERE obs_id = '{archive.names[0]}'"
    alone = archive.completed(QUERY=query, SEMANTICS="dark", NAMING="{semantics}.fits")
    assert paths(alone) == ["dark.fits"]


def test_since_an_earlier_job(archive: Haul) -> None:
    names = {"NAMING": "{filename}"}
    first = archive.completed(QUERY=f"{DIDS} AND obs_id NOT LIKE '%:09%'", **names)
    again = archive.completed(QUERY=DIDS, SINCE=first.job, **names)
    assert sorted(paths(again)) == [f"ADP.2014-09-16T11_{n:03d}.fits" for n in range(90, 100)]
    assert estimated(archive, QUERY=DIDS, SINCE=again.job)["files"] == 0
    # What was frozen for the second job counts for the third, though it was left out there.
    archive.fetch(
        "UPDATE archive.holding SET sha256 = sha256('x') WHERE path = $1", archive.names[4]
    )
    third = archive.completed(QUERY=DIDS, SINCE=again.job.rsplit("/", 1)[1], **names)
    assert paths(third) == ["ADP.2014-09-16T11_004.fits"]
    # A file that was found damaged in the earlier package may never have arrived.
    archive.fetch(
        "INSERT INTO bulk.damage (package_id, seq, reason) SELECT package_id, seq, 'for the test' "
        "FROM bulk.member JOIN bulk.package ON package.id = package_id "
        "WHERE job_id = $1 AND source_path = $2",
        first.job.rsplit("/", 1)[1],
        archive.names[0],
    )
    assert estimated(archive, QUERY=DIDS, SINCE=first.job)["files"] == 12


def test_since_a_job_that_is_not_ours(archive: Haul) -> None:
    job = archive.completed(ID=AUTHORITY + archive.names[0]).job.rsplit("/", 1)[1]
    archive.fetch("UPDATE uws.job SET owner = 'somebody' WHERE id = $1", job)
    pending = archive.post(QUERY=ALL).rsplit("/", 1)[1]
    for since, words in ((job, "belongs to somebody else"), (pending, "is PENDING")):
        answer = archive.client.post(f"{archive.url}/bulk", data={"QUERY": ALL, "SINCE": since})
        assert answer.status_code == 400
        assert words in answer.json()["detail"]


def test_the_estimate_is_what_the_job_becomes(archive: Haul) -> None:
    asked = {"QUERY": ALL, "PART_SIZE": "1.5MB", "NAMING": "{obs_id}"}
    for form in ("tar", "zip"):
        found = estimated(archive, **asked, RESPONSEFORMAT=form)
        package = archive.completed(**asked, RESPONSEFORMAT=form)
        assert found["parts"] == len(package.parts)
        packed = [int(row["content_length"]) for row in manifest(package) if row["status"] == "ok"]
        assert (found["files"], found["bytes"]) == (len(packed), sum(packed))
        assert found["seconds_at_10_mbit_s"] == round(sum(packed) * 8 / 10e6, 1)
    assert str(found["text"]).startswith(f"{len(packed)} files, ")


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"QUERY": "SELECT s_ra, s_dec FROM ivoa.obscore"}, "your query returns s_ra, s_dec"),
        ({"NAMING": "../{obs_id}"}, "files stay inside"),
        ({"NAMING": "/{obs_id}"}, "begins with /"),
        ({"NAMING": "a\x07"}, "control character"),
        ({"NAMING": "{tagret_name}"}, "did you mean target_name?"),
        ({"ORDER": "snr"}, "did you mean s_snr?"),
        ({"UNIQUE": "nowhere_near"}, "your query returns obs_publisher_did"),
        ({"PART_SIZE": "1"}, "PART_SIZE=1"),
        ({"SEMANTICS": "#nothing"}, "rdf/datalink/core"),
        ({"SINCE": "0" * 32}, "there is no job"),
    ],
)
def test_what_is_wrong_is_said_before_a_job_is_made(
    archive: Haul, parameters: dict[str, str], words: str
) -> None:
    asked = {"QUERY": ALL, **parameters}
    for path in ("/bulk", "/bulk/estimate"):
        answer = archive.client.post(f"{archive.url}{path}", data=asked)
        assert answer.status_code == 400
        assert answer.headers["content-type"] == "application/problem+json"
        assert words in answer.json()["detail"]


def test_parameters_that_come_later_are_checked_too(archive: Haul) -> None:
    job = archive.post(QUERY=ALL, NAMING="{filename}")
    answer = archive.client.post(f"{job}/parameters", data={"NAMING": "../{filename}"})
    assert answer.status_code == 400
    assert "../" not in archive.client.get(f"{job}/parameters").text
    assert archive.client.post(f"{job}/parameters", data={"ORDER": "t_min"}).status_code == 303


def test_an_uploaded_table_that_names_nothing(archive: Haul) -> None:
    answer = archive.client.post(
        f"{archive.url}/bulk", data={"UPLOAD": "t,param:t"}, files={"t": b"ra,dec\n1,2\n"}
    )
    assert answer.status_code == 400
    assert "your query returns ra, dec" in answer.json()["detail"]


def test_more_identifiers_than_a_request_takes(archive: Haul) -> None:
    limits = httpx.get(f"{archive.url}/bulk/limits").json()
    body = b"ID=ivo://x&" * (limits["form_bytes"] // 10)
    form = {"content-type": "application/x-www-form-urlencoded"}
    answer = archive.client.post(f"{archive.url}/bulk", content=body, headers=form)
    assert answer.status_code == 413
    assert str(limits["form_bytes"]) in answer.json()["detail"]
    assert f"{limits['members']:,} files" in httpx.get(f"{archive.url}/bulk/capabilities").text


@pytest.mark.parametrize("most", [2, 4])
async def test_more_files_than_a_job_takes(archive: Haul, most: int) -> None:
    """Counted before UNIQUE chooses, and each identifier once."""
    settings = Settings(
        database_url=archive.servers.database_url,
        read_database_url=archive.servers.read_database_url,
        public_url=archive.url,
        bulk_members=most,
    )
    ids = [("ID", AUTHORITY + name) for name in [*archive.names[:4], archive.names[0]]]
    request = bulk_request(parameters_of([*ids, ("UNIQUE", "obs_collection")]))
    async with open_database(settings) as database:
        opened = Archive(settings, database, CatalogueCache(database))
        if most == 4:
            assert (await estimate(opened, request, {}, None)).files == 1
            return
        with pytest.raises(UsageError, match="more than 2 files"):
            await estimate(opened, request, {}, None)


_MANY = """
WITH made AS (
    INSERT INTO archive.dataset (collection_id, calib_level, obs_collection, obs_id,
                                 obs_publisher_did)
    SELECT id, 2, 'MANY', n::text, 'ivo://many?' || n
    FROM archive.collection, generate_series(1, $1::int) AS n WHERE name = 'GEN'
    RETURNING id, collection_id, obs_id)
INSERT INTO archive.holding (collection_id, dataset_id, path, media_type, size, mtime_ns, ctime_ns,
                             inode, sha256, crc32, reader)
SELECT collection_id, id, 'many/' || obs_id, 'application/fits', 2000000, 0, 0, 0, sha256('x'), 0,
       'test'
FROM made
"""


def test_more_parts_than_a_job_may_have_are_refused_by_the_estimate_in_the_words_of_the_job(
    archive: Haul,
) -> None:
    archive.fetch(_MANY, MOST_PARTS + 1)
    try:
        query = "SELECT obs_publisher_did FROM ivoa.obscore WHERE obs_collection = 'MANY'"
        asked = {"QUERY": query, "PART_SIZE": "2MB"}
        refused = archive.client.post(f"{archive.url}/bulk/estimate", data=asked)
        assert refused.status_code == 400
        told = refused.json()["detail"]
        assert f"PART_SIZE=2000000 would make more than {MOST_PARTS:,} parts" in told
        job = archive.ended(archive.post(**asked, PHASE="RUN"))
        assert job.findtext(f"{UWS}phase") == "ERROR"
        assert told in (job.findtext(f"{UWS}errorSummary/{UWS}message") or "")
        possible = told.rsplit(" ", 1)[1]
        parts = estimated(archive, QUERY=query, PART_SIZE=possible)["parts"]
        assert isinstance(parts, int)
        assert MOST_PARTS / 4 < parts <= MOST_PARTS
    finally:
        archive.fetch("DELETE FROM archive.holding WHERE path LIKE 'many/%'")
        archive.fetch("DELETE FROM archive.dataset WHERE obs_collection = 'MANY'")


def test_progress_is_told_while_the_selection_is_read(archive: Haul) -> None:
    job = archive.post(QUERY=ENDLESS, PHASE="RUN")

    def progress() -> str:
        document = valid(archive.client.get(job).content, "UWS.xsd")
        return document.findtext(f"{UWS}jobInfo/{{{PROGRESS}}}progress") or ""

    try:
        archive.until(lambda: re.search(r": [0-9,]*[1-9][0-9,]* rows", progress()) is not None, 60)
        assert AsyncTAPJob(job, delete=False).phase == "EXECUTING"
    finally:
        archive.client.post(f"{job}/phase", data={"PHASE": "ABORT"})
    assert archive.ended(job).find(f"{UWS}jobInfo") is None
