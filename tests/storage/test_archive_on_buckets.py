"""An archive whose files and whose work store lie in buckets of a real S3 server."""

import hashlib
import io
import multiprocessing
import os
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import httpx
import pyarrow as pa
import pyarrow.csv
import pytest

from service.archive import Archive, CatalogueCache
from service.bulk.cache import directory_of
from service.bulk.hashing import Hashing, request_hashes
from service.bulk.layout_cache import LayoutCache
from service.bulk.package import open_numbered
from service.config import DEFAULT_AUTHORITY as OWN
from service.config import Settings
from service.database import open_database
from service.errors import UsageError
from service.ingest.collection import CollectionError, load_collection
from service.ingest.run import Report, run_ingest
from tests.buckets import BucketServer
from tests.conftest import run
from tests.haul import ALL, Haul, Package, running_haul

BUCKET, PREFIX = "publisher", "survey/dr1"
ROOT = f"s3://{BUCKET}/{PREFIX}"
WORK = "work"
MINE = "SELECT obs_publisher_did FROM ivoa.obscore WHERE obs_collection = 'S3'"
_SMALL = 200_000  # bytes: real files up to this are taken


@pytest.fixture(scope="module")
def contents(shared: Path) -> dict[str, bytes]:
    """Real files by their names in the bucket, some of them several times, and one that is none."""
    found: dict[str, bytes] = {}
    for path in sorted((shared / "data").glob("spectra/*/*.fits*")):
        if path.stat().st_size <= _SMALL:
            found[f"{path.parent.name}/{path.name}"] = path.read_bytes()
    (large,) = (shared / "data").glob("spectra/eso-harps/*e2ds_A.fits")
    found["Größe/large one.fits"] = large.read_bytes()
    found["broken.fits"] = b"no FITS file"
    return found


@pytest.fixture(scope="module")
def haul(
    bucket_server: BucketServer,
    contents: dict[str, bytes],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Haul]:
    """The archive; its own directory of files is there as well."""
    for name, content in contents.items():
        bucket_server.put(BUCKET, f"{PREFIX}/{name}", content)
    bucket_server.put(WORK, "others", b"not ours")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STARHAUL_WORK_STORE", f"s3://{WORK}/starhaul")
        with running_haul(tmp_path_factory.mktemp("haul"), files=5) as running:
            yield running


def _toml(haul: Haul, root: str = ROOT) -> Path:
    toml = haul.home / "s3.toml"
    toml.write_text(f'name = "S3"\nroot = "{root}"\n[defaults]\ncalib_level = 2\n')
    return toml


def _run(toml: Path, database_url: str) -> Report:
    collection, where = load_collection(toml)
    return run(run_ingest(collection, where, database_url, OWN, workers=1))


def _ingest(haul: Haul) -> Report:
    """One run, in a process of its own as users have it: one that reads files for earlier tests
    does not know where the buckets are."""
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=fresh) as process:
        return process.submit(_run, _toml(haul), haul.servers.database_url).result(timeout=120)


@pytest.fixture(scope="module")
def report(haul: Haul) -> Report:
    """The first run."""
    return _ingest(haul)


@pytest.fixture(scope="module")
def accepted(report: Report, haul: Haul, contents: dict[str, bytes]) -> dict[str, bytes]:
    """The files that the archive has, by their paths."""
    rows = haul.fetch(
        "SELECT path FROM archive.holding JOIN archive.collection c ON c.id = collection_id "
        "WHERE c.name = 'S3'"
    )
    return {row["path"]: contents[row["path"]] for row in rows}


def _file(haul: Haul, path: str) -> str:
    (row,) = haul.fetch("SELECT id FROM archive.holding WHERE path = $1", path)
    return f"{haul.url}/files/{row['id']}"


def test_ingest_takes_objects_as_it_takes_files(
    report: Report, accepted: dict[str, bytes], contents: dict[str, bytes], haul: Haul
) -> None:
    assert "not a FITS file" in report.refused["broken.fits"]
    assert len(accepted) >= 0.7 * len(contents)
    rows = haul.fetch("SELECT * FROM archive.holding WHERE etag <> ''")
    assert len(rows) == len(accepted)
    for row in rows:
        content = accepted[row["path"]]
        assert row["size"] == len(content)
        assert row["sha256"] == hashlib.sha256(content).digest()
        assert row["etag"] == hashlib.md5(content).hexdigest()


def test_a_second_run_reads_no_object_and_a_third_only_what_changed(
    report: Report, haul: Haul, bucket_server: BucketServer, contents: dict[str, bytes]
) -> None:
    again = _ingest(haul)
    assert (again.accepted, again.unchanged) == (0, len(contents))
    name = "added.fits"
    bucket_server.put(BUCKET, f"{PREFIX}/{name}", contents["Größe/large one.fits"])
    assert _ingest(haul).accepted == 1
    bucket_server.remove(BUCKET, f"{PREFIX}/{name}")
    gone = _ingest(haul)
    assert (gone.accepted, gone.vanished) == (0, 1)
    assert haul.client.get(_file(haul, name)).status_code == 410


def test_a_root_that_is_no_bucket_is_named(haul: Haul) -> None:
    with pytest.raises(UsageError, match="s3://no-such-bucket/x: there is no such bucket"):
        _run(_toml(haul, "s3://no-such-bucket/x"), haul.servers.database_url)
    with pytest.raises(CollectionError, match="line 2: the root 'gopher://x' is no bucket"):
        _run(_toml(haul, "gopher://x"), haul.servers.database_url)


def test_single_files_with_ranges(accepted: dict[str, bytes], haul: Haul) -> None:
    path = "Größe/large one.fits"
    url, content = _file(haul, path), accepted[path]
    whole = haul.client.get(url)
    assert whole.content == content
    assert whole.headers["etag"] == f'"{hashlib.sha256(content).hexdigest()}"'
    for first, stop in ((0, 1), (5_000, 1_300_000), (len(content) - 7, len(content))):
        answer = haul.client.get(url, headers={"Range": f"bytes={first}-{stop - 1}"})
        assert answer.status_code == 206
        assert answer.content == content[first:stop]
    assert haul.client.head(url).headers["content-length"] == str(len(content))


@pytest.fixture(scope="module")
def package(accepted: dict[str, bytes], haul: Haul) -> Package:
    """All of the objects in parts of two megabytes."""
    return haul.completed(QUERY=MINE, PART_SIZE="2000000")


def _length(part: tuple[bytes, str]) -> int:
    return len(part[0])


def _octets(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_parts_are_made_of_objects_and_nothing_is_staged(
    package: Package, accepted: dict[str, bytes], haul: Haul
) -> None:
    first = [haul.client.get(url).content for url in package.parts]
    before = _octets(haul.home / "work") + _octets(haul.home / "cache")
    parts = [haul.client.get(url).content for url in package.parts]
    assert _octets(haul.home / "work") + _octets(haul.home / "cache") == before
    assert parts == first
    unpacked = {}
    for part in parts:
        with tarfile.open(fileobj=io.BytesIO(part)) as tar:
            for member in tar:
                if member.isfile() and "/data/S3/" in member.name:
                    data = tar.extractfile(member)
                    assert data is not None
                    unpacked[member.name.split("/data/S3/")[1]] = data.read()
    assert sorted(map(len, unpacked.values())) == sorted(map(len, accepted.values()))
    assert unpacked["Größe/large one.fits"] == accepted["Größe/large one.fits"]
    for first_byte, stop in ((0, 3), (9_999, 700_001), (len(parts[0]) - 1_500, len(parts[0]))):
        answer = haul.client.get(
            package.parts[0], headers={"Range": f"bytes={first_byte}-{stop - 1}"}
        )
        assert answer.content == parts[0][first_byte:stop]


def _hashes_wanted(haul: Haul, package: Package) -> int:
    """For how many parts of a package a hash was asked for."""
    (row,) = haul.fetch(
        "SELECT count(*) AS jobs FROM uws.job JOIN bulk.package ON "
        "job.parameters @> jsonb_build_object('PACKAGE', jsonb_build_array(package.id::text)) "
        "WHERE room = 'hash' AND job_id = $1",
        package.job.rsplit("/", 1)[1],
    )
    return int(row["jobs"])


async def test_no_part_with_an_object_is_read_in_the_background_unless_all_are(
    package: Package, haul: Haul
) -> None:
    """What a bucket sends may cost."""
    assert _hashes_wanted(haul, package) == 0
    mixed = haul.completed(
        QUERY="SELECT obs_publisher_did FROM ivoa.obscore", ORDER="obs_collection"
    )
    assert _hashes_wanted(haul, mixed) == 0
    local = haul.completed(QUERY=ALL)
    assert _hashes_wanted(haul, local) == 1
    settings = Settings(
        database_url=haul.servers.database_url,
        read_database_url=haul.servers.read_database_url,
        home_dir=haul.home,
    )
    cache = LayoutCache(directory_of(settings))
    async with open_database(settings) as database:
        archive = Archive(settings, database, CatalogueCache(database))
        (row,) = haul.fetch(
            "SELECT id FROM bulk.package WHERE job_id = $1", package.job.rsplit("/", 1)[1]
        )
        found = await open_numbered(archive, cache, row["id"])
        numbers = range(1, len(package.parts) + 1)
        for which, wanted in (("none", 0), ("local", 0), ("all", len(numbers))):
            async with database.owner.begin() as connection:
                await request_hashes(
                    connection,
                    settings.model_copy(update={"hash_parts": which}),
                    Hashing(row["id"], found.layout, numbers, None),
                )
            assert _hashes_wanted(haul, package) == wanted
    haul.until(lambda: "repr-digest" in haul.client.head(package.parts[-1]).headers, 60)


def test_a_download_outlives_its_store(
    package: Package,
    haul: Haul,
    bucket_server: BucketServer,
    tmp_path: Path,
    require_tool: Callable[[str], str],
) -> None:
    """The store goes when half of a part has come: 503 says when to come again, and once it is
    back `curl -C -` ends with the same bytes."""
    whole, url = max(((haul.client.get(url).content, url) for url in package.parts), key=_length)
    curl, target = require_tool("curl"), tmp_path / url.rsplit("/", 1)[1]
    half = [curl, "-fsSO", "--range", f"0-{len(whole) // 2}", url]
    subprocess.run(half, cwd=tmp_path, check=True, timeout=60)
    bucket_server.stop()
    try:
        refused = haul.client.get(url, headers={"Range": f"bytes={len(whole) - 5000}-"})
        assert refused.status_code == 503, refused.text
        assert int(refused.headers["retry-after"]) > 0
        assert haul.client.get(_file(haul, "Größe/large one.fits")).status_code == 503
    finally:
        bucket_server.start()
    assert haul.fetch("SELECT * FROM bulk.damage") == []
    assert target.stat().st_size == len(whole) // 2 + 1
    subprocess.run([curl, "-fsSOC", "-", url], cwd=tmp_path, check=True, timeout=60)
    assert target.read_bytes() == whole


def test_results_of_jobs_lie_in_the_work_store_until_they_are_deleted(
    haul: Haul, bucket_server: BucketServer
) -> None:
    query = "SELECT column_name, description FROM tap_schema.columns ORDER BY 1, 2"
    tap = f"{haul.url}/tap"
    data = {"LANG": "ADQL", "QUERY": query, "FORMAT": "csv", "PHASE": "RUN"}
    job = haul.client.post(f"{tap}/async", data=data).headers["location"]
    haul.until(lambda: haul.client.get(f"{job}/phase").text == "COMPLETED", 60)
    url = f"{job}/results/result"
    result = haul.client.get(url)
    assert result.content == haul.client.get(f"{tap}/sync", params=data).content
    part = haul.client.get(url, headers={"Range": "bytes=10-99"})
    assert (part.status_code, part.content) == (206, result.content[10:100])
    assert part.headers["etag"] == result.headers["etag"]
    assert haul.client.get(url, headers={"If-None-Match": part.headers["etag"]}).status_code == 304
    assert int(haul.client.head(url).headers["content-length"]) == len(result.content)

    key = f"starhaul/tap/{job.rsplit('/', 1)[1]}/result-1"
    assert bucket_server.names(WORK) == {"others", key}
    bucket_server.stop()
    try:
        assert haul.client.get(url).status_code == 503
        assert haul.client.delete(job).status_code == 503
    finally:
        bucket_server.start()
    assert haul.client.delete(job).status_code == 303
    assert bucket_server.names(WORK) == {"others"}


def test_uploads_wait_in_the_work_store_for_their_job(
    haul: Haul, bucket_server: BucketServer
) -> None:
    table = io.BytesIO()
    pa.csv.write_csv(pa.table({"n": [1, 2, 3]}), table)
    made = haul.client.post(
        f"{haul.url}/tap/async",
        data={
            "LANG": "ADQL",
            "QUERY": "SELECT SUM(n) AS s FROM TAP_UPLOAD.mine",
            "UPLOAD": "mine,param:mine",
            "FORMAT": "csv",
        },
        files={"mine": ("mine.csv", table.getvalue(), "text/csv")},
    )
    job = made.headers["location"]
    assert len(bucket_server.names(WORK)) == 2
    haul.client.post(f"{job}/phase", data={"PHASE": "RUN"})
    haul.until(lambda: haul.client.get(f"{job}/phase").text == "COMPLETED", 60)
    assert haul.client.get(f"{job}/results/result").text.split() == ["s", "6"]
    haul.client.delete(job)
    assert bucket_server.names(WORK) == {"others"}
    assert not any((haul.home / "work" / "incoming").iterdir())


def test_a_query_that_fails_leaves_nothing_in_the_work_store(
    haul: Haul, bucket_server: BucketServer
) -> None:
    query = (
        "SELECT column_name, 1e308 * CASE WHEN column_index = 3 THEN 100 ELSE 1 END AS x "
        "FROM tap_schema.columns ORDER BY column_name"
    )
    job = haul.client.post(
        f"{haul.url}/tap/async", data={"LANG": "ADQL", "QUERY": query, "PHASE": "RUN"}
    ).headers["location"]
    haul.until(lambda: haul.client.get(f"{job}/phase").text == "ERROR", 60)
    assert "too large" in haul.client.get(f"{job}/error").text
    assert bucket_server.names(WORK) == {"others"}


def test_an_overwritten_object_ends_the_transfer_short_and_is_410_from_then_on(
    accepted: dict[str, bytes], haul: Haul, bucket_server: BucketServer
) -> None:
    """The archive has lost that object afterwards."""
    path = "Größe/large one.fits"
    package = haul.completed(QUERY=f"{MINE} AND obs_id LIKE '%large one'")
    (url,) = package.parts
    whole = haul.client.get(url).content
    bucket_server.put(BUCKET, f"{PREFIX}/{path}", os.urandom(len(accepted[path])))
    start = whole.index(accepted[path][:2880])
    with pytest.raises(httpx.RemoteProtocolError):
        haul.client.get(url)
    ((reason,),) = haul.fetch("SELECT reason FROM bulk.damage")
    assert "large one.fits was replaced after it was ingested" in reason
    refused = haul.client.get(url, headers={"Range": f"bytes={start + 5}-"})
    assert refused.status_code == 410
    assert haul.client.get(url, headers={"Range": "bytes=0-99"}).content == whole[:100]
    assert haul.client.get(_file(haul, path)).status_code == 410


def test_repair_sends_only_the_part_of_a_replaced_object_anew(
    package: Package, accepted: dict[str, bytes], haul: Haul, bucket_server: BucketServer
) -> None:
    path = "Größe/large one.fits"
    changed = accepted[path][:-1] + b"!"
    bucket_server.put(BUCKET, f"{PREFIX}/{path}", changed)
    broken = [url for url in package.parts if not _arrives(haul, url)]
    assert len(broken) == 1 < len(package.parts)
    assert haul.client.get(broken[0]).status_code == 410
    assert _ingest(haul).accepted == 1
    answer = haul.client.post(f"{package.job}/repair")
    assert answer.status_code == 303, answer.text
    successor = haul.package(answer.headers["location"])
    kept = [url.split("/parts/")[1] for url in package.parts if url not in broken]
    now = [url.split("/parts/")[1] for url in successor.parts]
    assert [name for name in now if name in kept] == kept
    for name in kept:
        (old,) = [url for url in package.parts if url.endswith(name)]
        (new,) = [url for url in successor.parts if url.endswith(name)]
        assert haul.client.get(old).content == haul.client.get(new).content
    anew = [url for url in successor.parts if url.split("/parts/")[1] not in kept]
    assert sum(changed in haul.client.get(url).content for url in anew) == 1
    manifest = haul.client.get(successor.results["manifest.csv"]).text
    assert hashlib.sha256(changed).hexdigest() in manifest
    assert manifest.count(",ok,") == len(accepted)


def _arrives(haul: Haul, url: str) -> bool:
    """Whether a part comes whole."""
    try:
        return haul.client.get(url).status_code == 200
    except httpx.RemoteProtocolError:
        return False
