"""What breaks at the archive while it freezes and sends: nothing is lost, nothing looks complete
that is not, and nothing hangs."""

import base64
import hashlib

import httpx
import redis

from tests.bulk.faults.conftest import Curls, kill_all
from tests.client.network import Network
from tests.conftest import CI
from tests.haul import ALL, Haul, Package

STREAMS = 8
# Freezing that takes some seconds: about a million rows, each dataset many times over.
_TIMES = ("a",) if CI else ("a", "b")
LONG = "SELECT o.obs_publisher_did FROM ivoa.obscore AS o" + "".join(
    f", tap_schema.columns AS {name}" for name in _TIMES
)


def expire_leases(haul: Haul) -> None:
    """As if the leases of a killed worker had run out, which tests/uws waits for."""
    haul.fetch(
        "UPDATE uws.job SET lease_expires = now(), dispatched = now() - interval '1 minute' "
        "WHERE phase = 'EXECUTING'"
    )


def test_the_worker_is_killed_in_the_middle_of_freezing(haul: Haul, curls: Curls) -> None:
    job = haul.post(QUERY=LONG, PHASE="RUN", PART_SIZE="100000000")
    haul.until(lambda: haul.phase(job) == "EXECUTING", 100)
    haul.kill_worker()
    assert haul.fetch("SELECT FROM bulk.package WHERE job_id = $1", job.rsplit("/", 1)[1]) == []
    assert haul.client.get(f"{job}/results/result").status_code == 404
    expire_leases(haul)
    haul.start_worker()
    package = haul.package(job, 120)
    (row,) = haul.fetch("SELECT attempt FROM uws.job WHERE id = $1", job.rsplit("/", 1)[1])
    assert row["attempt"] == 2
    curls.urls = package.parts
    curls.finish()
    curls.verify(haul, package, len(haul.names))


def test_the_worker_is_killed_in_the_middle_of_hashing(haul: Haul, network: Network) -> None:
    package = haul.completed(QUERY=ALL, PART_SIZE=str(2**22))

    def known() -> int:
        job = package.job.rsplit("/", 1)[1]
        (row,) = haul.fetch(
            "SELECT count(part.sha256) AS n FROM bulk.part JOIN bulk.package p "
            "ON p.id = package_id WHERE p.job_id = $1",
            job,
        )
        return int(row["n"])

    haul.until(lambda: known() > 0, 60)
    haul.kill_worker()
    assert known() < len(package.parts)
    expire_leases(haul)
    haul.start_worker()
    haul.until(lambda: known() == len(package.parts), 120)
    for url in package.parts:
        answer = httpx.get(url)
        digest = base64.b64encode(hashlib.sha256(answer.content).digest()).decode()
        assert answer.headers["repr-digest"] == f"sha-256=:{digest}:"


def test_the_api_is_killed_in_the_middle_of_eight_streams(
    haul: Haul, package: Package, curls: Curls
) -> None:
    curls.start_slowly(STREAMS)
    assert haul.api is not None
    kill_all(haul.api)
    assert all(curls.ended())
    haul.start_api()
    curls.finish()
    curls.verify(haul, package, len(haul.names))


def test_redis_is_emptied(haul: Haul, package: Package, curls: Curls) -> None:
    """Streams go on; a job whose message is gone is called again."""
    curls.start_slowly(STREAMS)
    haul.kill_worker()
    waiting = haul.post(QUERY=ALL, PHASE="RUN")
    assert haul.servers.redis_url is not None
    with redis.Redis.from_url(haul.servers.redis_url) as broker:
        broker.flushall()
    # The sweep gives a message some time before it sends another.
    haul.fetch("UPDATE uws.job SET dispatched = now() - interval '1 minute'")
    haul.start_worker()
    before = curls.sizes()
    haul.until(
        lambda: all(now > then for now, then in zip(curls.sizes(), before, strict=True)), 100
    )
    curls.kill()
    curls.finish()
    curls.verify(haul, package, len(haul.names))
    assert len(haul.package(waiting, 90).parts) > 0


def test_postgresql_is_killed_and_started_again(haul: Haul, package: Package, curls: Curls) -> None:
    curls.start_slowly(STREAMS)
    haul.kill("postgres")
    refused = haul.client.get(package.parts[-1])
    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) > 0
    haul.restart("postgres")
    haul.until(lambda: haul.client.get(package.job).status_code == 200, 60)
    curls.kill()
    curls.finish()
    curls.verify(haul, package, len(haul.names))
