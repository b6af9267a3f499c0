"""The promise: whatever interrupts the download, all of it arrives, and proves that it did."""

import csv
import hashlib
import io
import json
import os
import random
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import bagit
import httpx
import pytest
from astropy.io import votable
from pyvo.dal import AsyncTAPJob

from tests.byteranges import check_any_ranges
from tests.haul import ALL, AUTHORITY, Haul, Package


@pytest.fixture(scope="module")
def package(haul: Haul) -> Package:
    """Everything, in parts of about 2 MB."""
    return haul.completed(QUERY=ALL, PART_SIZE="2000000")


def _download_with_kills(url: str, folder: Path, curl: str, seeded: random.Random) -> int:
    """curl -C -, killed three times after some more bytes, then left alone; how often killed."""
    file, kills = folder / url.rsplit("/", 1)[1], 0
    for _ in range(3):
        have = file.stat().st_size if file.exists() else 0
        command = [curl, "-sSOC", "-", "--limit-rate", f"{seeded.randrange(2, 6)}k", url]
        running = subprocess.Popen(command, cwd=folder)
        while running.poll() is None:
            if file.exists() and file.stat().st_size > have:
                running.kill()
                running.wait()
                kills += 1
            time.sleep(0.005)
    subprocess.run([curl, "-sSOC", "-", url], cwd=folder, check=True)
    return kills


def _octets_below(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_a_download_killed_and_resumed_is_a_valid_bag(
    haul: Haul, package: Package, tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    seeded = random.Random(3)
    before = _octets_below(haul.home)
    assert len(package.parts) > 4
    kills = [_download_with_kills(u, tmp_path, require_tool("curl"), seeded) for u in package.parts]
    assert sum(kills) >= len(package.parts)
    assert _octets_below(haul.home) - before < 1_000_000  # no part is kept: each has 2 MB
    for url in package.parts:
        file = tmp_path / url.rsplit("/", 1)[1]
        assert file.stat().st_size == int(httpx.head(url).headers["content-length"])
        subprocess.run(["tar", "-xf", file], cwd=tmp_path, check=True)
    (folder,) = [path for path in tmp_path.iterdir() if path.is_dir()]
    bag = bagit.Bag(str(folder))
    assert bag.validate()
    assert len(bag.payload_entries()) == len(haul.names)
    for name in ("manifest-sha256.txt", *(path.name for path in folder.glob("part-*.sha256"))):
        subprocess.run(["sha256sum", "-c", "--quiet", name], cwd=folder, check=True)
    sums = httpx.get(package.results["SHA256SUMS"])
    (tmp_path / "SHA256SUMS").write_bytes(sums.content)
    subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=tmp_path, check=True)


def test_aria2_with_many_connections_gets_the_same_bytes(
    package: Package, tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    url = package.parts[1]
    command = [require_tool("aria2c"), "-q", "-x4", "-s4", "-k", "1M", "-o", "part.tar", url]
    subprocess.run(command, cwd=tmp_path, check=True)
    assert (tmp_path / "part.tar").read_bytes() == httpx.get(url).content


def test_every_range_header_a_client_sends(package: Package) -> None:
    url = package.parts[0]
    whole = httpx.get(url)
    head = httpx.head(url)
    tag = whole.headers["etag"]
    for name in ("content-length", "etag", "accept-ranges", "content-disposition", "content-type"):
        assert head.headers[name] == whole.headers[name]
    assert head.content == b""
    assert whole.headers["content-length"] == str(len(whole.content))

    def get(**headers: str) -> httpx.Response:
        return httpx.get(url, headers={k.replace("_", "-"): v for k, v in headers.items()})

    size = len(whole.content)
    middle = get(range="bytes=1000-700000")
    assert (middle.status_code, middle.content) == (206, whole.content[1000:700001])
    assert middle.headers["content-range"] == f"bytes 1000-700000/{size}"
    assert get(range="bytes=-10").content == whole.content[-10:]
    assert get(range="bytes=5-", if_range=tag).status_code == 206
    assert get(range="bytes=5-", if_range='"other"').status_code == 200
    assert get(if_none_match=tag).status_code == 304
    assert get(if_match='"other"').status_code == 412
    refused = get(range=f"bytes={size}-")
    assert (refused.status_code, refused.headers["content-range"]) == (416, f"bytes */{size}")
    check_any_ranges(url, whole.content, "application/x-tar")


def test_a_connection_goes_on_after_a_part(haul: Haul, package: Package) -> None:
    """Much of it is sent by another process than what comes before and after it."""
    url = urlsplit(package.parts[0])
    whole = httpx.get(package.parts[0]).content
    asked = f"GET {url.path} HTTP/1.1\r\nHost: {url.netloc}\r\n"
    closing = f"{asked}Range: bytes=1-\r\nConnection: close\r\n\r\n"
    with socket.create_connection((url.hostname or "", url.port or 80)) as connection:
        connection.sendall(f"{asked}\r\n{asked}\r\n{closing}".encode())
        answers = connection.makefile("rb").read()
    for first in (0, 0, 1):
        head, _, rest = answers.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 20")
        assert rest[: len(whole) - first] == whole[first:]
        answers = rest[len(whole) - first :]
    assert answers == b""


def test_parts_are_made_again_after_the_cache_is_lost(haul: Haul, package: Package) -> None:
    before = hashlib.sha256(httpx.get(package.parts[2]).content).digest()
    shutil.rmtree(haul.home / "cache")
    assert haul.api is not None
    haul.api.terminate()
    haul.api.wait()
    haul.start_api()
    assert hashlib.sha256(httpx.get(package.parts[2]).content).digest() == before


def test_the_manifest_in_every_dialect_says_the_same(haul: Haul, package: Package) -> None:
    table = list(csv.DictReader(io.StringIO(httpx.get(package.results["manifest.csv"]).text)))
    document = json.loads(httpx.get(package.results["manifest.json"]).content)
    columns = [column["name"] for column in document["columns"]]
    assert [row["path"] for row in table] == [r[columns.index("path")] for r in document["data"]]
    parsed = votable.parse_single_table(io.BytesIO(httpx.get(package.results["result"]).content))
    assert list(parsed.array["path"]) == [row["path"] for row in table]
    assert {row["obs_publisher_did"] for row in table} == {AUTHORITY + n for n in haul.names}
    assert {row["status"] for row in table} == {"ok"}
    urls = httpx.get(package.results["files.txt"]).text.split()
    assert urls == [row["access_url"] for row in table]
    row = table[7]
    single = httpx.get(row["access_url"])
    assert hashlib.sha256(single.content).hexdigest() == row["sha256"]
    assert single.headers["etag"] == row["etag"]
    assert len(httpx.get(package.results["damage"]).text.split("<TR>")) == 1


def test_pyvo_reads_the_job_as_its_own(haul: Haul, package: Package) -> None:
    job = AsyncTAPJob(package.job, delete=False)
    assert job.phase == "COMPLETED"
    assert job.query == ALL
    assert job.result_uri == package.results["result"]
    assert len(job.fetch_result()) == len(haul.names)


def test_what_cannot_be_had_is_a_row_with_its_reason(haul: Haul) -> None:
    names = [AUTHORITY + name for name in haul.names[:6]]
    haul.fetch("UPDATE archive.holding SET readable_by = '{somebody}' WHERE path = $1", names_of(1))
    haul.fetch("UPDATE archive.holding SET state = 'vanished' WHERE path = $1", names_of(2))
    haul.fetch("UPDATE archive.dataset SET readable_by = '{nobody}' WHERE obs_id = $1", names_of(3))
    try:
        package = haul.completed(ID=[*names[:4], "ivo://x/none", names[0]])
        rows = list(csv.DictReader(io.StringIO(httpx.get(package.results["manifest.csv"]).text)))
        found = [(row["obs_publisher_did"], row["status"]) for row in rows]
        assert found == [
            (names[0], "ok"),
            (names[1], "forbidden"),
            (names[2], "vanished"),
            (names[3], "missing"),
            ("ivo://x/none", "missing"),
        ]
        assert all(row["error"] for row in rows[1:])
        assert all(not row["sha256"] and not row["path"] for row in rows[1:])
    finally:
        haul.fetch("UPDATE archive.holding SET readable_by = NULL, state = 'present'")
        haul.fetch("UPDATE archive.dataset SET readable_by = NULL")


def names_of(index: int) -> str:
    """The path of one of the generated files."""
    return f"night{index % 5}/ADP.2014-09-16T11:{index:03d}.fits"


def test_rows_may_name_files_by_their_url(haul: Haul) -> None:
    query = "SELECT TOP 5 access_url FROM ivoa.obscore ORDER BY obs_id DESC"
    rows = list(
        csv.DictReader(
            io.StringIO(httpx.get(haul.completed(QUERY=query).results["manifest.csv"]).text)
        )
    )
    assert [row["status"] for row in rows] == ["ok"] * 5
    expected = sorted(haul.names, reverse=True)[:5]
    assert [row["obs_publisher_did"] for row in rows] == [AUTHORITY + name for name in expected]


def _until_broken_off(url: str) -> bytes:
    """What came before the connection ended short of Content-Length."""
    got = b""
    try:
        with httpx.stream("GET", url) as answer:
            for piece in answer.iter_raw():
                got += piece
    except httpx.RemoteProtocolError:
        return got
    pytest.fail("the transfer was not broken off")


def test_a_damaged_file_ends_the_transfer_short_and_is_410_from_then_on(haul: Haul) -> None:
    package = haul.completed(ID=[AUTHORITY + name for name in haul.names[50:80]])
    (url,) = package.parts
    whole = httpx.get(url).content
    victim = haul.store / haul.names[70]
    content, stat = victim.read_bytes(), victim.stat()
    victim.write_bytes(content[::-1])
    try:
        got = _until_broken_off(url)
        haul.until(lambda: len(haul.fetch("SELECT * FROM bulk.damage")) == 1, 60)
        assert whole.startswith(got)
        resumed = httpx.get(url, headers={"range": f"bytes={len(got)}-"})
        assert resumed.status_code == 410
        assert haul.names[70] in resumed.json()["detail"]
        assert httpx.get(url, headers={"range": f"bytes=0-{len(got) - 1}"}).content == got
        assert httpx.get(url, headers={"range": "bytes=-2000"}).content == whole[-2000:]
        damage = httpx.get(package.results["damage"]).text
        assert AUTHORITY + haul.names[70] in damage
        assert httpx.get(package.results["manifest.csv"]).text.count(",ok,") == 30
        single = haul.fetch("SELECT id FROM archive.holding WHERE path = $1", haul.names[70])
        assert httpx.get(f"{haul.url}/files/{single[0]['id']}").status_code == 410
    finally:
        victim.write_bytes(content)
        os.utime(victim, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert httpx.get(f"{haul.url}/files/{single[0]['id']}").content == content


def test_a_store_that_is_unplugged_is_waited_for(haul: Haul) -> None:
    package = haul.completed(ID=[AUTHORITY + name for name in haul.names[:3]])
    away = haul.store.with_name("unplugged")
    haul.store.rename(away)
    try:
        members = {"range": "bytes=-100000"}
        answer = httpx.get(package.parts[0], headers=members)
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
    finally:
        away.rename(haul.store)
    assert httpx.get(package.parts[0], headers=members).status_code == 206


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({}, "QUERY"),
        ({"QUERY": ALL, "ID": "ivo://x"}, "either"),
        ({"QUERY": "SELECT s_ra FROM ivoa.obscore"}, "your query returns s_ra"),
        ({"QUERY": "SELEC obs_publisher_did FROM ivoa.obscore"}, "line 1, column 1"),
        ({"QUERY": ALL, "LANG": "SQL"}, "LANG='SQL'"),
        ({"QUERY": f"{ALL} OFFSET 1", "LANG": "ADQL-2.0"}, "ADQL 2.0"),
        ({"QUERY": ALL, "PART_SIZE": "1"}, "PART_SIZE=1"),
        ({"QUERY": ALL, "PART_SIZE": "many"}, "PART_SIZE='many'"),
        ({"QUERY": ALL, "RESPONSEFORMAT": "rar"}, "RESPONSEFORMAT='rar'"),
        ({"UPLOAD": "t,param:t"}, "no file named 't'"),
        ({"QUERY": ALL, "PHASE": "GO"}, "PHASE='GO'"),
    ],
)
def test_a_wrong_request_names_what_is_wrong(
    haul: Haul, parameters: dict[str, str], words: str
) -> None:
    answer = httpx.post(f"{haul.url}/bulk", data=parameters)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert words in answer.json()["detail"]


def test_thousands_of_identifiers_in_one_request(haul: Haul) -> None:
    ids = [f"ivo://x/{n}" for n in range(5000)] + [AUTHORITY + haul.names[0]]
    package = haul.completed(ID=ids)
    text = httpx.get(package.results["manifest.csv"]).text
    assert text.count(",missing,") == 5000
    assert text.count(",ok,") == 1


def test_other_paths_of_a_job_are_404(haul: Haul, package: Package) -> None:
    wrong = package.parts[0].replace("-00001.tar", "-00099.tar")
    digest = package.parts[0].split("/")[-2]
    for url in (
        *(wrong, package.parts[0].replace(digest, "0" * 16), f"{package.job}/results/none"),
        f"{haul.url}/bulk/{'0' * 32}",
    ):
        assert httpx.get(url).status_code == 404
    pending = haul.post(QUERY=ALL)
    assert httpx.get(f"{pending}/results/result").status_code == 404


def test_a_browser_sees_a_page_with_lines_to_copy(haul: Haul, package: Package) -> None:
    accept = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    page = httpx.get(package.job, headers=accept)
    assert page.headers["content-type"].startswith("text/html")
    for url in (*package.parts, *package.results.values()):
        assert f'href="{url}"' in page.text
    assert f"curl -fsS {package.results['get.sh']} | sh" in page.text
    assert f"{len(haul.names)} files" in page.text
    java = {"accept": "text/html, image/gif, image/jpeg, */*; q=0.2"}
    assert httpx.get(package.job, headers=java).headers["content-type"].startswith("text/xml")


def test_nothing_of_a_part_is_written_on_the_server(haul: Haul, package: Package) -> None:
    before = time.time()
    for url in package.parts:
        assert httpx.get(url).status_code == 200
    written = [
        path
        for path in (haul.home / "cache").rglob("*")
        if path.is_file() and path.stat().st_mtime > before
    ]
    assert written == []
