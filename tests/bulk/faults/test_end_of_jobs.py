"""Jobs whose time is over, and those that were given more."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from tests.bulk.faults.conftest import Fetch
from tests.client.network import Network
from tests.haul import ALL, Haul


def _destroy_at(job: str, moment: datetime) -> None:
    answer = httpx.post(f"{job}/destruction", data={"DESTRUCTION": moment.isoformat()})
    assert answer.status_code == 303


def test_an_expired_job_says_so_and_one_given_more_time_stays(
    haul: Haul, network: Network, tmp_path: Path
) -> None:
    over, longer = (haul.completed(QUERY=ALL) for _ in range(2))
    now = datetime.now(UTC)
    _destroy_at(longer.job, now + timedelta(seconds=1))
    _destroy_at(longer.job, now + timedelta(days=2))
    _destroy_at(over.job, now - timedelta(seconds=1))
    haul.until(lambda: httpx.get(over.job).status_code == 404, 100)
    for url in (over.job, over.parts[0], over.results["SHA256SUMS"], over.results["result"]):
        for method in ("GET", "HEAD"):
            answer = httpx.request(method, url)
            assert answer.status_code in (404, 410)
        assert "destruction" in httpx.get(url).json()["detail"]
    fetched = Fetch(over.job, tmp_path).run()
    assert fetched.returncode == 1
    assert "destruction" in fetched.stderr
    assert httpx.get(longer.parts[0], headers={"range": "bytes=0-0"}).status_code == 206
