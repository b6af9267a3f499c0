"""What the archive refuses: waits that are honoured, files that are gone, jobs that are none."""

import csv
import io
import os
import signal
import socket
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import bagit
import httpx
import pytest

from starhaul_client import AccessDenied, FetchError, Incomplete, NoSuchJob, fetch, stream
from tests.client.conftest import STREAMS, Archive, Wanted, finish, start
from tests.conftest import CI
from tests.haul import ALL, AUTHORITY, ENDLESS


def test_a_job_that_is_not_completed_is_waited_for(archive: Archive, tmp_path: Path) -> None:
    archive.network.calm()
    job = archive.haul.post(PHASE="RUN", QUERY=ALL)
    assert fetch(job, tmp_path, progress=False).files == len(archive.haul.names)


def test_a_job_that_never_will_be_completed_says_why(archive: Archive, tmp_path: Path) -> None:
    archive.network.calm()
    pending = archive.haul.post(QUERY=ALL)
    with pytest.raises(NoSuchJob, match="PHASE=RUN"):
        fetch(pending, tmp_path, progress=False)
    aborted = archive.haul.post(PHASE="RUN", QUERY=ENDLESS)
    httpx.post(f"{aborted}/phase", data={"PHASE": "ABORT"})
    with pytest.raises(NoSuchJob, match="ABORTED"):
        fetch(aborted, tmp_path, progress=False)
    httpx.delete(pending)
    with pytest.raises(NoSuchJob, match=pending.rsplit("/", 1)[1]):
        fetch(pending, tmp_path, progress=False)


@pytest.mark.parametrize("path", ["/", "/bulk", "/bulk/capabilities", "/docs/none"])
def test_a_url_of_something_else(archive: Archive, tmp_path: Path, path: str) -> None:
    archive.network.calm()
    status, _, said = finish(start(archive.haul.url + path, tmp_path))
    assert status == 1
    assert archive.haul.url in said


@pytest.mark.parametrize("url", ["bulk/1", "ftp://example.org/bulk/1", "http://", "http://[::1/"])
def test_what_is_no_url(tmp_path: Path, url: str) -> None:
    with pytest.raises(FetchError, match="is no URL"):
        fetch(url, tmp_path, progress=False)


def test_a_wrong_token_is_told(everything: Wanted, tmp_path: Path) -> None:
    with pytest.raises(AccessDenied, match="STARHAUL_TOKEN"):
        fetch(everything.url, tmp_path, token="wrong", progress=False)


def test_a_refusal_is_waited_out_as_long_as_it_says(
    archive: Archive, everything: Wanted, tmp_path: Path
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    date, later = (format_datetime(now + timedelta(seconds=s), usegmt=True) for s in (0, 1))
    archive.network.refusals = [
        "429 Too Many Requests\r\nRetry-After: 1",
        f"503 Service Unavailable\r\nDate: {date}\r\nRetry-After: {later}",
    ]
    report = fetch(everything.url, tmp_path, connections=1, progress=False)
    assert report.received == everything.size
    assert everything.is_in(tmp_path)
    first, second, third = [each.at for each in archive.network.asked if each.stop][:3]
    assert second - first >= 1
    assert third - second >= 1


@pytest.fixture
def whole(archive: Archive) -> Wanted:
    """All files in one part, which is too large to wait in a connection's buffers."""
    return archive.package(QUERY=ALL)


@pytest.fixture
def all_streams(archive: Archive, whole: Wanted) -> Iterator[list[socket.socket]]:
    """Somebody reads as much as one user may, and stalls."""
    path = httpx.URL(whole.package.parts[0]).raw_path.decode()
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    held = []
    for _ in range(STREAMS):
        each = socket.socket()
        each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        each.connect(("127.0.0.1", archive.haul.port))
        each.sendall(request)
        assert b" 200 " in each.recv(100)
        held.append(each)
    yield held
    for each in held:
        each.close()


def test_the_limits_of_the_archive_are_waited_out(
    archive: Archive, whole: Wanted, all_streams: list[socket.socket], tmp_path: Path
) -> None:
    running = start(whole.url, tmp_path, "-j", "1")
    archive.haul.until(lambda: 429 in archive.network.statuses, 60)
    for each in all_streams:
        each.close()
    if CI:  # takes as long as the archive says
        assert finish(running)[0] == 0
        assert whole.is_in(tmp_path)
    else:
        running.send_signal(signal.SIGINT)
        assert finish(running)[0] == 130


@pytest.fixture
def hurt(archive: Archive) -> Iterator[tuple[Wanted, set[str]]]:
    """A package of three parts or more, and the paths of three files of the second one that
    changed since: two beside each other, and the last."""
    names = archive.haul.names[:70]
    wanted = archive.package(ID=[AUTHORITY + name for name in names], PART_SIZE="1500000")
    with tarfile.open(fileobj=io.BytesIO(list(wanted.parts.values())[1])) as part:
        members = [member.name for member in part if "/data/" in member.name]
    chosen = {members[4], members[5], members[-1]}
    rows = csv.DictReader(io.StringIO(httpx.get(wanted.package.results["manifest.csv"]).text))
    places = [f"{wanted.name}/data/{row['path']}" for row in rows]
    victims = [archive.haul.store / names[n] for n in range(70) if places[n] in chosen]
    states = [(path, path.read_bytes(), path.stat()) for path in victims]
    for path, content, _ in states:
        path.write_bytes(content[::-1])
    yield wanted, chosen
    for path, content, state in states:
        path.write_bytes(content)
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))


@pytest.mark.parametrize("unpack", [True, False])
def test_damaged_files_are_listed_and_all_others_arrive(
    archive: Archive, hurt: tuple[Wanted, set[str]], tmp_path: Path, *, unpack: bool
) -> None:
    """And of the job that repairs it, only what is new is fetched."""
    wanted, victims = hurt
    options = ["--unpack"] if unpack else []
    status, _, said = finish(start(wanted.url, tmp_path, *options))
    assert status == 1
    lost = {line.split(": ")[2] for line in said.splitlines() if ": failed: " in line}
    assert lost == victims
    assert f"curl -X POST {wanted.url}/repair" in said
    assert list(tmp_path.glob("*.part")) == [tmp_path / f"{list(wanted.parts)[1]}.part"]
    kept = [*wanted.parts][0::2]
    if unpack:
        folder = tmp_path / wanted.name
        found = {f"{path.relative_to(tmp_path)}" for path in folder.rglob("*.fits")}
        assert len(found) == 70 - 3
        assert not found & victims
    else:
        assert all((tmp_path / name).read_bytes() == wanted.parts[name] for name in kept)
    successor = httpx.post(f"{wanted.url}/repair").headers["location"]
    archive.network.calm()
    report = fetch(successor, tmp_path, unpack=unpack, progress=False)
    assert (report.check().files, report.absent) == (70 - 3, {"damaged": 3})
    assert not list(tmp_path.glob("*.part"))
    asked = {each.path.rsplit("/", 1)[1] for each in archive.network.asked if each.stop}
    assert asked
    assert not asked & set(wanted.parts)
    again = fetch(successor, tmp_path, unpack=unpack, progress=False)
    assert again.check().received == 0
    if unpack:
        assert bagit.Bag(str(folder)).validate()


def test_a_stream_gives_all_but_the_damaged_files(hurt: tuple[Wanted, set[str]]) -> None:
    wanted, victims = hurt
    found: list[str] = []

    def read() -> None:
        found.extend(f"{wanted.name}/data/{dataset.path}" for dataset in stream(wanted.url))

    with pytest.raises(Incomplete, match="3 could not be had") as failed:
        read()
    assert {failure.path for failure in failed.value.failures} == victims
    assert len(found) == 70 - 3
    assert not victims & set(found)
