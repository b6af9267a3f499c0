"""Cone search: a cone of 0.1 degree, half of the sky and all of it, in 1,000,000 stars and in
267,487; the first row, all rows, and the API's memory meanwhile.

Where GAVO DaCHS runs, its latency for a cone stands beside ours.

    python -m bench.cone [--small]
"""

import random

import httpx

from bench._archive import is_small, running_archive
from bench._measuring import median_ms
from bench._peer import peer
from bench._peer_stars import has_stars
from bench._rows import print_read

_CONES = 200
_RADIUS = 0.1


def _print_peer(rows: int) -> None:
    with peer() as tap:
        if tap is None or not has_stars(tap, rows):
            return
        url = tap.replace("/tap", "/bench/q/cone/scs.xml")
        with httpx.Client(timeout=60) as client:

            def cone(number: int) -> int:
                asked = {"RA": number * 17 % 360, "DEC": number * 7 % 120 - 60, "SR": _RADIUS}
                answer = client.get(url, params=asked)
                answer.raise_for_status()
                return answer.content.count(b"<TR>")

            cone(0)
            print(f"DaCHS, {rows:,} stars, cones of {_RADIUS} degree: {median_ms(cone, 15):.1f} ms")


def main() -> None:
    """Ask, print."""
    seeded = random.Random(3)
    sizes = (20_000,) if is_small(__doc__) else (1_000_000, 267_487)
    for rows in sizes:
        with running_archive(rows) as archive, httpx.Client(timeout=600) as client:
            url = f"{archive.url}/cone/bench.stars"

            def cone(_number: int, client: httpx.Client = client, url: str = url) -> int:
                place = {"RA": seeded.uniform(0, 360), "DEC": seeded.uniform(-60, 60)}
                answer = client.get(url, params={**place, "SR": _RADIUS})
                answer.raise_for_status()
                return answer.content.count(b"<TR>")

            found = sum(map(cone, range(20))) / 20
            print(f"{rows:,} stars; median of {_CONES} cones of {_RADIUS} degree, ", end="")
            print(f"{found:.1f} rows: {median_ms(cone, _CONES):.1f} ms")
            for said, radius in (("half of the sky", 90), ("all of the sky", 180)):
                asked = {"RA": 10, "DEC": 10, "SR": radius}
                print_read(archive, client, said, "/cone/bench.stars", asked)
    _print_peer(sizes[0])


if __name__ == "__main__":
    main()
