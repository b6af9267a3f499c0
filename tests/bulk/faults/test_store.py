"""The publisher's store goes away while it is read, and comes back; or a file of it never does."""

import csv
import hashlib
import io
import zlib
from pathlib import Path

import httpx

from tests.bulk.faults.conftest import Curls, Fetch
from tests.client.network import Network
from tests.conftest import CI
from tests.haul import ALL, AUTHORITY, Haul, Package


def test_the_store_is_unplugged_and_back(haul: Haul, package: Package, curls: Curls) -> None:
    """What is cut is cut short; a new request is told when to come again."""
    curls.start_slowly(8)
    away = haul.store.with_name("unplugged")
    haul.store.rename(away)
    try:
        curls.network.calm()
        assert all(curls.ended())
        lengths = [int(httpx.head(url).headers["content-length"]) for url in curls.urls[:8]]
        assert all(have < whole for have, whole in zip(curls.sizes(), lengths, strict=True))
        answer = httpx.get(package.parts[-1], headers={"range": "bytes=-100000"})
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
    finally:
        away.rename(haul.store)
    curls.finish()
    curls.verify(haul, package, len(haul.names))
    assert httpx.get(package.results["damage"]).text.count("<TR>") == 0


def test_files_that_are_gone_for_good_are_listed_and_the_rest_is_there(
    haul: Haul, network: Network, size: int, tmp_path: Path
) -> None:
    gone = [haul.names[n] for n in (7, len(haul.names) // 2)]
    package = haul.completed(QUERY=ALL, PART_SIZE=str(size // 3))
    kept = {
        name: (haul.store / name).rename(haul.home / f"kept-{n}") for n, name in enumerate(gone)
    }
    try:
        fetch = Fetch(package.job, tmp_path)
        done = fetch.run("--unpack")
        assert done.returncode == 1
        assert f"{len(haul.names) - len(gone):,} files" in done.stdout
        assert done.stderr.count(": failed: ") == len(gone)
        assert "/repair" in done.stderr
        damage = httpx.get(package.results["damage"]).text
        assert damage.count("<TR>") == len(gone)
        assert all(AUTHORITY + name in damage for name in gone)
        (folder,) = [path for path in tmp_path.iterdir() if (path / "data").is_dir()]
        found = sum(1 for path in (folder / "data").rglob("*") if path.is_file())
        assert found == len(haul.names) - len(gone)
    finally:
        for name, place in kept.items():
            place.rename(haul.store / name)


def test_after_a_repair_only_what_changed_is_fetched_again(
    haul: Haul, network: Network, tmp_path: Path
) -> None:
    """Files that were reduced anew since the job was frozen, taken in, and repaired."""
    names = haul.names if CI else haul.names[:60]
    changed = [names[n] for n in (11, len(names) // 3)]
    ids = [AUTHORITY + name for name in names]
    part_size = sum((haul.store / name).stat().st_size for name in names) // 20
    package = haul.completed(ID=ids, PART_SIZE=str(max(part_size, 2**20)))
    before = {name: (haul.store / name).read_bytes() for name in changed}
    try:
        for name, content in before.items():
            _replace(haul, name, content[::-1] + b"reduced anew")
        first = Fetch(package.job, tmp_path).run("--unpack")
        assert first.returncode == 1
        assert first.stderr.count(": failed: ") == len(changed)
        repaired = haul.client.post(f"{package.job}/repair")
        assert repaired.status_code == 303, repaired.text
        successor = haul.package(repaired.headers["location"])
        delivered, fetch = network.delivered, Fetch(successor.job, tmp_path)
        done = fetch.run("--unpack")
        assert done.returncode == 0, done.stderr
        assert network.delivered - delivered < part_size * 7
        fetch.verify()
        rows = dict(_paths(haul, successor))
        (folder,) = [path for path in tmp_path.iterdir() if (path / "data").is_dir()]
        assert len(rows) == len(names)
        for name in changed:
            content = (folder / "data" / rows[AUTHORITY + name]).read_bytes()
            assert content == (haul.store / name).read_bytes() != before[name]
    finally:
        for name, content in before.items():
            _replace(haul, name, content)


def _paths(haul: Haul, package: Package) -> list[tuple[str, str]]:
    """Identifier and path of each file of a package."""
    text = haul.client.get(package.results["manifest.csv"]).text
    return [(r["obs_publisher_did"], r["path"]) for r in csv.DictReader(io.StringIO(text))]


def _replace(haul: Haul, name: str, content: bytes) -> None:
    """Write a file, and take it in as ingest does."""
    (haul.store / name).write_bytes(content)
    stat = (haul.store / name).stat()
    haul.fetch(
        "UPDATE archive.holding SET size = $2, mtime_ns = $3, ctime_ns = $4, inode = $5, "
        "sha256 = $6, crc32 = $7 WHERE path = $1",
        *(name, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino),
        *(hashlib.sha256(content).digest(), zlib.crc32(content)),
    )
