"""Tiny queries a second: 16 clients, one API process, clients and PostgreSQL on the same cores.

Figure: 700 requests/s on two quiet cores (DESIGN §8).

    python -m bench.throughput [--small]
"""

import os

from bench._archive import TINY, is_small, running_archive
from bench._clients import ask_together

_CLIENTS = 16
_RUNS = 3


def main() -> None:
    """Ask, print."""
    seconds = 3 if is_small(__doc__) else 10
    with running_archive(1_000) as archive:
        ask_together(archive.tap, TINY, _CLIENTS, 2)
        for _ in range(_RUNS):
            before = archive.api.cpu_times()
            answers = ask_together(archive.tap, TINY, _CLIENTS, seconds)
            after = archive.api.cpu_times()
            cpu = after.user + after.system - before.user - before.system
            print(
                f"{_CLIENTS} clients: {answers.per_second:4.0f} requests/s (reach: 700), "
                f"p50 {answers.percentile(50):.1f} ms, p95 {answers.percentile(95):.1f} ms, "
                f"{len(answers.errors)} errors, API {cpu / len(answers.seconds) * 1e3:.2f} ms "
                f"CPU a request, load {os.getloadavg()[0]:.1f}"
            )


if __name__ == "__main__":
    main()
