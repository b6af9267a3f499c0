"""One row, and cones of 0.1 degree, over a connection that stays open.

Figures: SELECT TOP 1 within 3 ms, a cone in 1,000,000 rows within 6 ms (DESIGN §8).

    python -m bench.latency [--small]
"""

import httpx

from bench._archive import TINY, is_small, running_archive
from bench._measuring import cpu_seconds, median_ms
from bench._peer import PEER_TINY, peer

_CALLS = 300
_CONE = "SELECT id, ra, dec FROM bench.stars WHERE 1=CONTAINS(POINT(ra, dec), CIRCLE({}, {}, 0.1))"


def main() -> None:
    """Ask, print."""
    rows = 100_000 if is_small(__doc__) else 1_000_000
    with running_archive(rows) as archive, httpx.Client() as client:

        def ask(query: str, tap: str = archive.tap) -> None:
            data = {"LANG": "ADQL", "QUERY": query}
            client.post(f"{tap}/sync", data=data, follow_redirects=True).raise_for_status()

        def cone(number: int) -> None:
            ask(_CONE.format(number * 1.7 % 360, number * 0.7 % 120 - 60))

        ask(TINY)
        cone(0)
        before = cpu_seconds(archive.api)
        one = median_ms(lambda _: ask(TINY), _CALLS)
        between = cpu_seconds(archive.api)
        cones = median_ms(cone, _CALLS)
        after = cpu_seconds(archive.api)
        print(f"median of {_CALLS}, {rows:,} rows")
        print(
            f"TOP 1               {one:6.2f} ms (reach: 3), "
            f"API {(between - before) / _CALLS * 1e3:.2f} ms CPU"
        )
        print(
            f"cone of 0.1 degree  {cones:6.2f} ms (reach: 6), "
            f"API {(after - between) / _CALLS * 1e3:.2f} ms CPU"
        )
        with peer() as other:
            if other is not None:
                print(f"DaCHS, TOP 1        {median_ms(lambda _: ask(PEER_TINY, other), 50):6.2f}")


if __name__ == "__main__":
    main()
