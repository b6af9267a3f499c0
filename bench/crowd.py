"""64 clients with tiny queries for 30 s beside one that reads 1,000,000 rows again and again.

Reach: no errors; the API's memory within 190 MB over idle (DESIGN §8: 150, 40 for a further
stream). The time within which 95 % of the tiny answers came is printed.

    python -m bench.crowd [--small]
"""

import os
import threading

from bench._archive import TINY, is_small, running_archive
from bench._clients import ask_together
from bench._measuring import Download, download, peak_memory

_CLIENTS = 64


def main() -> None:
    """Ask, print."""
    small = is_small(__doc__)
    rows, seconds = (100_000, 5) if small else (1_000_000, 30)
    with running_archive(rows) as archive:
        ask_together(archive.tap, lambda _: TINY, _CLIENTS, 1)
        ended = threading.Event()
        streams: list[Download] = []

        def stream() -> None:
            while not ended.is_set():
                streams.append(download(archive.tap, "SELECT * FROM bench.stars", "votable"))

        streaming = threading.Thread(target=stream)
        with peak_memory(archive.api) as memory:
            streaming.start()
            answers = ask_together(archive.tap, lambda _: TINY, _CLIENTS, seconds)
            ended.set()
            streaming.join()
        longest = max(one.total_s for one in streams)
        print(
            f"{_CLIENTS} clients, {seconds} s: {len(answers.seconds)} answers, "
            f"{len(answers.errors)} errors, p50 {answers.percentile(50):.0f} ms, "
            f"p95 {answers.percentile(95):.0f} ms, load {os.getloadavg()[0]:.1f}"
        )
        print(f"beside {len(streams)} results of {rows:,} rows, the slowest {longest:.1f} s")
        print(f"memory: {memory}")


if __name__ == "__main__":
    main()
