"""Damaged files: refused with their remedy, and repaired without sending anything twice."""

import csv
import hashlib
import io
import os
import shutil
import subprocess
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from xml.etree import ElementTree

import bagit
import httpx
import pytest

from tests.conftest import CI
from tests.haul import ALL, AUTHORITY, UWS, XLINK_HREF, Haul, Package

_UNPACK = {"tar": ["tar", "-xf"], "zip": ["unzip", "-qo"]}


@contextmanager
def _changed(haul: Haul, name: str) -> Iterator[bytes]:
    """Other contents in a file while the block runs."""
    victim = haul.store / name
    content, stat = victim.read_bytes(), victim.stat()
    victim.write_bytes(b"reduced anew" + content)
    try:
        yield content
    finally:
        victim.write_bytes(content)
        os.utime(victim, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        _accept(haul, name)


def _accept(haul: Haul, name: str) -> None:
    """What ingest does with a file that was changed."""
    content, stat = (haul.store / name).read_bytes(), (haul.store / name).stat()
    haul.fetch(
        "UPDATE archive.holding SET size = $2, mtime_ns = $3, ctime_ns = $4, inode = $5, "
        "sha256 = $6, crc32 = $7 WHERE path = $1",
        *(name, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino),
        *(hashlib.sha256(content).digest(), zlib.crc32(content)),
    )


def _rows(package: Package) -> dict[str, dict[str, str]]:
    """The manifest by the file's path in the store."""
    text = httpx.get(package.results["manifest.csv"]).text
    return {
        row["obs_publisher_did"].removeprefix(AUTHORITY): row
        for row in csv.DictReader(io.StringIO(text))
    }


def _number(haul: Haul, package: Package, name: str) -> int:
    """The number of the part that has a file."""
    (row,) = haul.fetch(
        "SELECT number FROM bulk.part JOIN bulk.package ON package.id = part.package_id "
        "JOIN bulk.member ON member.package_id = package.id AND first_seq <= seq AND seq < stop_seq"
        " WHERE job_id = $1 AND source_path = $2",
        *(_file(package.job), name),
    )
    return int(row["number"])


def _hashed(haul: Haul, package: Package) -> None:
    """Wait until nothing reads the parts in the background any more."""
    haul.until(lambda: all("repr-digest" in httpx.head(url).headers for url in package.parts), 60)


def _refused(url: str) -> httpx.Response:
    """The answer for a part once its damage was found."""
    with suppress(httpx.RemoteProtocolError):
        httpx.get(url)
    answer = httpx.get(url)
    assert answer.status_code == 410
    return answer


def _repaired(haul: Haul, package: Package) -> Package:
    """The successor of a job."""
    answer = httpx.post(f"{package.job}/repair")
    assert answer.status_code == 303, answer.text
    job = answer.headers["location"]
    document = haul.ended(job)
    assert document.findtext(f"{UWS}phase") == "COMPLETED", ElementTree.tostring(document)
    links = {r.attrib["id"]: r.attrib[XLINK_HREF] for r in document.iter(f"{UWS}result")}
    return Package(job, links, [u for i, u in links.items() if i.startswith("part-")])


def _restart_api(haul: Haul) -> None:
    """So that it has nothing in memory."""
    assert haul.api is not None
    haul.api.terminate()
    haul.api.wait()
    haul.start_api()


def _file(url: str) -> str:
    return url.rsplit("/", 1)[1]


def _unpacked(package: Package, have: dict[str, bytes], folder: Path, form: str) -> bagit.Bag:
    """The bag of a package, its parts unpacked in the order of their names."""
    folder.mkdir()
    for url in package.parts:
        (folder / _file(url)).write_bytes(have.get(_file(url)) or httpx.get(url).content)
    for file in sorted(folder.iterdir()):
        subprocess.run([*_UNPACK[form], file], cwd=folder, check=True)
    (found,) = [path for path in folder.iterdir() if path.is_dir()]
    bag = bagit.Bag(str(found))
    assert bag.validate()
    subprocess.run(["sha256sum", "-c", "--quiet", "manifest-sha256.txt"], cwd=found, check=True)
    return bag


@pytest.mark.parametrize("form", ["tar", "zip"] if CI else ["tar"])
def test_repair_keeps_every_part_without_a_damaged_file(
    haul: Haul, tmp_path: Path, form: str
) -> None:
    package = haul.completed(QUERY=ALL, PART_SIZE="2000000", RESPONSEFORMAT=form)
    have = {_file(url): httpx.get(url).content for url in package.parts}
    _hashed(haul, package)
    digests = {_file(url): httpx.head(url).headers["repr-digest"] for url in package.parts}
    victim, other = haul.names[60], haul.names[0]
    number = _number(haul, package, victim)
    assert (number, _number(haul, package, other)) == (number, 1) != (1, 1)
    with _changed(haul, victim), _changed(haul, other):
        refused = _refused(package.parts[number - 1]).json()
        assert refused["file"] == _rows(package)[victim]["path"]
        assert refused["repair"] == f"{package.job}/repair"
        _accept(haul, victim)
        first = _repaired(haul, package)
        kept = [url.split("/parts/")[1] for url in package.parts]
        renewed = first.parts[number - 1]
        tags = first.parts[-1]
        assert len(first.parts) == len(package.parts) + 1
        assert _file(renewed).replace("-r1-", "-") == _file(package.parts[number - 1])
        for url in set(first.parts) - {renewed, tags}:
            assert url.split("/parts/")[1] in kept
            assert httpx.head(url).headers["repr-digest"] == digests[_file(url)]
            assert httpx.head(url).headers["etag"].strip('"').startswith(url.split("/")[-2])
        assert int(httpx.head(tags).headers["content-length"]) < 100_000
        row, content = _rows(first)[victim], (haul.store / victim).read_bytes()
        assert (row["status"], row["sha256"]) == ("ok", hashlib.sha256(content).hexdigest())
        bag = _unpacked(first, have, tmp_path / "first", form)
        assert len(bag.payload_entries()) == len(haul.names)
        assert (Path(bag.path) / "data" / row["path"]).read_bytes() == content

        whole = httpx.get(renewed).content + httpx.get(tags).content
        shutil.rmtree(haul.home / "cache")
        assert httpx.delete(package.job).status_code == 303
        _restart_api(haul)
        assert httpx.get(renewed).content + httpx.get(tags).content == whole

        _refused(first.parts[0])
        last = _repaired(haul, first)
        assert _rows(last)[other]["status"] == "damaged"
        assert "its size is" in _rows(last)[other]["error"]
        assert [_file(url) for url in first.parts[1:]] == [_file(u) for u in last.parts[1:-1]]
        bag = _unpacked(last, have, tmp_path / "last", form)
        assert len(bag.payload_entries()) == len(haul.names) - 1


def test_a_file_that_is_right_again_stays_as_it_was(haul: Haul) -> None:
    package = haul.completed(ID=[AUTHORITY + name for name in haul.names[5:9]])
    _hashed(haul, package)
    refused = httpx.post(f"{package.job}/repair")
    assert refused.status_code == 400
    assert "nothing to repair" in refused.json()["detail"]
    whole = httpx.get(package.parts[0]).content
    away = haul.store / "away"
    (haul.store / haul.names[7]).rename(away)
    try:
        assert "vanished" in _refused(package.parts[0]).json()["reason"]
    finally:
        away.rename(haul.store / haul.names[7])
    successor = _repaired(haul, package)
    assert httpx.get(package.parts[0]).status_code == 410
    answer = httpx.get(successor.parts[0])
    assert (answer.status_code, answer.content) == (200, whole)
    assert _file(successor.parts[0]) == _file(package.parts[0])


def test_curl_never_asks_in_a_loop_for_what_is_gone(
    haul: Haul, tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    package = haul.completed(ID=[AUTHORITY + name for name in haul.names[20:40]])
    _hashed(haul, package)
    whole = httpx.get(package.parts[0]).content
    command = [require_tool("curl"), "-sS", "--retry", "3", "-C", "-", "-O", package.parts[0]]
    with _changed(haul, haul.names[30]):
        ended = [subprocess.run(command, cwd=tmp_path).returncode for _ in range(4)]
        assert ended[1:] == [33, 33, 33]  # a range is refused: curl neither retries nor writes
        (file,) = tmp_path.iterdir()
        assert whole.startswith(file.read_bytes())
        asked = subprocess.run([*command, "-f"], cwd=tmp_path, capture_output=True, text=True)
        assert (asked.returncode, "410" in asked.stderr) == (22, True)
        assert httpx.get(package.parts[0], headers={"range": "bytes=-1024"}).status_code == 206


@pytest.mark.parametrize("unreadable", ["loop", "directory"])
def test_what_cannot_be_read_any_more_is_damage(haul: Haul, unreadable: str) -> None:
    package = haul.completed(ID=[AUTHORITY + name for name in haul.names[40:44]])
    _hashed(haul, package)
    victim = haul.store / haul.names[41]
    away = haul.store / "away"
    victim.rename(away)
    try:
        if unreadable == "loop":
            victim.symlink_to(victim)
        else:
            victim.mkdir()
        refused = _refused(package.parts[0]).json()
        assert haul.names[41] in refused["reason"]
        assert "T11_041.fits" in refused["file"]
    finally:
        victim.rmdir() if unreadable == "directory" else victim.unlink()
        away.rename(victim)
