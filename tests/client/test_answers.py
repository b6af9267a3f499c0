"""What the archive refuses: waits that are honoured, files that are gone, jobs that are none."""

import csv
import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx
import pytest

from starhaul_client import AccessDenied, FetchError, NoSuchJob, fetch
from tests.client.conftest import STREAMS, Archive, Wanted, finish, start
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
    date, later = (format_datetime(now + timedelta(seconds=s), usegmt=True) for s in (0, 2))
    archive.network.refusals = [
        "429 Too Many Requests\r\nRetry-After: 1",
        f"503 Service Unavailable\r\nDate: {date}\r\nRetry-After: {later}",
    ]
    report = fetch(everything.url, tmp_path, connections=1, progress=False)
    assert report.received == everything.size
    assert everything.is_in(tmp_path)
    first, second, third = [each.at for each in archive.network.asked if each.stop][:3]
    assert second - first >= 2
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
    assert finish(running)[0] == 0
    assert whole.is_in(tmp_path)


def test_damaged_files_are_listed_and_all_others_arrive(archive: Archive, tmp_path: Path) -> None:
    names = archive.haul.names[:60]
    wanted = archive.package(ID=[AUTHORITY + name for name in names])
    victims = [archive.haul.store / names[n] for n in (20, 21, 59)]
    states = [(path, path.read_bytes(), path.stat()) for path in victims]
    for path, content, _ in states:
        path.write_bytes(content[::-1])
    try:
        status, _, said = finish(start(wanted.url, tmp_path, "--unpack"))
        assert status == 1
        rows = csv.DictReader((tmp_path / f"{wanted.name}-manifest.csv").open())
        paths = [row["path"] for row in rows]
        for number in (20, 21, 59):
            assert f"failed: {wanted.name}/data/{paths[number]}: the file {names[number]}" in said
        assert said.count("failed:") == 3
        assert "curl -X POST" in said
        data = tmp_path / wanted.name / "data"
        found = {path.relative_to(data).as_posix() for path in data.rglob("*") if path.is_file()}
        assert found == set(paths) - {paths[number] for number in (20, 21, 59)}
        assert finish(start(wanted.url, tmp_path, "--unpack"))[0] == 1
    finally:
        for path, content, state in states:
            path.write_bytes(content)
            os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
