"""Tiny queries a second: 16 clients, one API process, clients and PostgreSQL on the same cores.

Figure: 700 requests/s on two quiet cores (DESIGN §8). Once every client sends the same text, once
no text comes twice.

    python -m bench.throughput [--small]
"""

import os
from collections.abc import Callable

from bench._archive import TINY, Archive, is_small, running_archive
from bench._clients import Answers, ask_together
from bench._measuring import cpu_seconds
from bench._peer import PEER_TINY, peer

_CLIENTS = 16
_RUNS = 3
_TEXTS: dict[str, Callable[[int], str]] = {
    "the same text": lambda _: TINY,
    "ever new texts": lambda number: f"{TINY} WHERE n_obs <> {1000 + number}",
}


def main() -> None:
    """Ask, print."""
    seconds = 3 if is_small(__doc__) else 10
    with running_archive(1_000) as archive:
        ask_together(archive.tap, _TEXTS["the same text"], _CLIENTS, 2)
        for _ in range(_RUNS):
            for name, text in _TEXTS.items():
                _print(name, archive, text, seconds)
    with peer() as other:
        if other is not None:
            answers = ask_together(other, lambda _: PEER_TINY, _CLIENTS, seconds)
            print(f"DaCHS, {_said(answers)}")


def _print(name: str, archive: Archive, text: Callable[[int], str], seconds: float) -> None:
    before = cpu_seconds(archive.api)
    answers = ask_together(archive.tap, text, _CLIENTS, seconds)
    cpu_ms = (cpu_seconds(archive.api) - before) / len(answers.seconds) * 1e3
    print(
        f"{name:14} {_said(answers)} (reach: 700/s), "
        f"API {cpu_ms:.2f} ms CPU a request, load {os.getloadavg()[0]:.1f}"
    )


def _said(answers: Answers) -> str:
    return (
        f"{_CLIENTS} clients: {answers.per_second:4.0f}/s, p50 {answers.percentile(50):.1f} ms, "
        f"p95 {answers.percentile(95):.1f} ms, {len(answers.errors)} errors"
    )


if __name__ == "__main__":
    main()
