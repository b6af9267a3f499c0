"""Hashes of parts, computed in the background, and what they find."""

import base64
import hashlib
import os

import httpx
import pytest

from service.bulk.hashing import Hashing, Pieces, piece_bytes, request_hashes
from service.bulk.request import bulk_request, hashes_first
from service.config import Settings
from service.database import open_database
from service.errors import UsageError
from service.parameters import Parameters
from tests.bulk.packages import arrange
from tests.conftest import CI
from tests.haul import ALL, AUTHORITY, Haul, Package


def _known(haul: Haul, package: Package) -> list[bytes]:
    """The sha256 of each part once all are known."""
    job = package.job.rsplit("/", 1)[1]
    query = (
        "SELECT sha256 FROM bulk.part JOIN bulk.package ON package.id = package_id "
        "WHERE job_id = $1 ORDER BY number"
    )
    haul.until(lambda: all(row["sha256"] for row in haul.fetch(query, job)), 60)
    return [row["sha256"] for row in haul.fetch(query, job)]


def test_pieces_are_few_and_cover_everything() -> None:
    assert piece_bytes(4 * 2**30) == 2**24
    for size in (0, 1, 2**20, 2**28, 2**28 + 1, 5 * 2**40):
        assert -(-size // piece_bytes(size)) <= 256
    content = os.urandom(2_500_000)
    pieces = Pieces(2**20)
    for first in range(0, len(content), 300_000):
        pieces.add(content[first : first + 300_000])
    hashes = pieces.hashes()
    assert hashes.sha256 == hashlib.sha256(content).digest()
    expected = [content[n : n + 2**20] for n in range(0, len(content), 2**20)]
    assert hashes.of_pieces() == tuple(hashlib.sha256(piece).digest() for piece in expected)


def test_the_hash_of_every_part_becomes_known(haul: Haul) -> None:
    package = haul.completed(QUERY=ALL, PART_SIZE="2000000")
    if CI:  # takes until the lease is over
        haul.kill_worker()
        haul.start_worker()
    known = _known(haul, package)
    for url, sha256 in zip(package.parts, known, strict=True):
        whole = httpx.get(url)
        assert hashlib.sha256(whole.content).digest() == sha256
        header = f"sha-256=:{base64.b64encode(sha256).decode()}:"
        assert whole.headers["repr-digest"] == header
        assert httpx.head(url, headers={"range": "bytes=0-9"}).headers["repr-digest"] == header
    meta = httpx.get(package.results["parts.meta4"]).text
    assert all(sha256.hex() in meta for sha256 in known)


async def test_parts_with_the_same_bytes_are_read_once(haul: Haul) -> None:
    """Known of one, the hashes are those of all with its digest."""
    one, other = (haul.completed(ID=[AUTHORITY + name]) for name in haul.names[:2])
    (known,), (own,) = _known(haul, one), _known(haul, other)
    assert known != own
    job = [each.job.rsplit("/", 1)[1] for each in (one, other)]
    (row,) = haul.fetch(
        "UPDATE bulk.part SET sha256 = NULL, piece_bytes = NULL, pieces = NULL, "
        "digest = (SELECT one.digest FROM bulk.part AS one "
        "JOIN bulk.package AS first ON first.id = one.package_id WHERE first.job_id = $1) "
        "FROM bulk.package WHERE id = package_id AND job_id = $2 RETURNING package_id",
        *job,
    )
    settings = Settings(
        database_url=haul.servers.database_url,
        read_database_url=haul.servers.read_database_url,
        hash_parts="all",
    )
    async with open_database(settings) as database, database.owner.begin() as connection:
        layout = arrange(haul.store, haul.home / "layout", haul.names[1:2], 2**20)
        hashing = Hashing(row["package_id"], layout, [1], None)
        await request_hashes(connection, settings, hashing)
    assert _known(haul, other) == [known]


def test_a_change_that_no_state_shows_is_found_in_the_background(haul: Haul) -> None:
    victim = haul.store / haul.names[12]
    content, stat = victim.read_bytes(), victim.stat()
    victim.write_bytes(bytes(len(content)))
    os.utime(victim, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    path = haul.names[12]
    sql = "UPDATE archive.holding SET ctime_ns = $1 WHERE path = $2"
    haul.fetch(sql, victim.stat().st_ctime_ns, path)
    try:
        names = [AUTHORITY + name for name in haul.names[10:15]]
        careful = haul.completed(ID=names, DETECT="hash")
        assert httpx.get(careful.parts[0]).status_code == 410
        package = haul.completed(ID=names)
        haul.until(lambda: len(haul.fetch("SELECT FROM bulk.damage")) == 2, 60)
        refused = httpx.get(package.parts[0])
        assert refused.status_code == 410
        assert refused.json()["file"] == f"GEN/{path}".replace(":", "_")
        assert refused.json()["repair"] == f"{package.job}/repair"
        assert "contents have changed" in refused.json()["reason"]
        assert "repr-digest" not in refused.headers
    finally:
        victim.write_bytes(content)
        os.utime(victim, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        haul.fetch(sql, victim.stat().st_ctime_ns, path)


def test_hashing_waits_for_a_store_that_is_away(haul: Haul) -> None:
    away = haul.store.with_name("unplugged")
    haul.store.rename(away)
    held = "SELECT FROM uws.job WHERE room = 'hash' AND phase = 'HELD'"
    try:
        package = haul.completed(ID=[AUTHORITY + name for name in haul.names[30:33]])
        haul.until(lambda: len(haul.fetch(held)) == 1, 60)
        assert (
            haul.fetch(
                "SELECT FROM bulk.damage JOIN bulk.package ON id = package_id WHERE job_id = $1",
                package.job.rsplit("/", 1)[1],
            )
            == []
        )
    finally:
        away.rename(haul.store)
    if CI:  # takes until the next sweep
        haul.fetch("UPDATE uws.job SET lease_expires = now() WHERE phase = 'HELD'")
        assert len(_known(haul, package)) == 1


def test_detect_is_hash_or_state() -> None:
    assert hashes_first({"DETECT": ["HASH"]})
    assert not hashes_first({"DETECT": ["state"]})
    with pytest.raises(UsageError, match="DETECT='magic'"):
        bulk_request(Parameters({"ID": ("ivo://x",), "DETECT": ("magic",)}))
