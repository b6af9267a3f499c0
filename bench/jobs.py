"""The life of a tiny job: from the POST that creates and runs it to COMPLETED, seen by WAIT.

Figure: 150 ms (DESIGN §8).

    python -m bench.jobs
"""

import argparse
import os

import httpx

from bench._archive import TINY, running_archive
from bench._measuring import median_ms
from bench._peer import PEER_TINY, peer

_JOBS = 50
_ACTIVE = ("PENDING", "QUEUED", "EXECUTING")


def _run_job(client: httpx.Client, tap: str, query: str) -> None:
    """Create a job, wait until it is done; SystemExit unless it is COMPLETED."""
    data = {"LANG": "ADQL", "QUERY": query, "PHASE": "RUN"}
    created = client.post(f"{tap}/async", data=data)
    job = created.headers["location"]
    phase = "QUEUED"
    while phase in _ACTIVE:
        client.get(job, params={"WAIT": "20", "PHASE": phase})
        phase = client.get(f"{job}/phase").text.strip()
    if phase != "COMPLETED":
        raise SystemExit(f"a job ended as {phase}: {client.get(job).text}")


def main() -> None:
    """Run jobs one after the other, print."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    with running_archive(1_000, with_worker=True) as archive, httpx.Client(timeout=60) as client:
        for _ in range(5):
            _run_job(client, archive.tap, TINY)
        ours = median_ms(lambda _: _run_job(client, archive.tap, TINY), _JOBS)
        print(
            f"tiny job, creation to COMPLETED, median of {_JOBS}: {ours:.0f} ms (reach: 150), "
            f"load {os.getloadavg()[0]:.1f}"
        )
        with peer() as other:
            if other is not None:
                theirs = median_ms(lambda _: _run_job(client, other, PEER_TINY), 5)
                print(f"DaCHS, median of 5: {theirs:.0f} ms")


if __name__ == "__main__":
    main()
