"""The publisher's store goes away while it is read, and comes back; or a file of it never does."""

from pathlib import Path

import httpx

from tests.bulk.faults.conftest import Curls, Fetch
from tests.client.network import Network
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
