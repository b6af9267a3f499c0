"""Uploads over HTTP, from the first byte sent to the last received.

10,000 positions matched at 2" with 1,000,000 stars, as TABLEDATA and BINARY2; then tables of
100,000 and 1,000,000 positions, sent to be counted; the memory of the API after each. Where GAVO
DaCHS is installed, it matches the same positions with as many stars.

    python -m bench.upload [--small]
"""

import asyncio
import statistics
import time
from io import BytesIO

import asyncpg
import httpx
import numpy as np
from astropy.table import Table

from bench._archive import Archive, is_small, running_archive
from bench._peer import peer
from bench._peer_stars import has_stars

_RUNS = 9
_MATCH = (
    "SELECT u.n, s.id FROM TAP_UPLOAD.u AS u JOIN bench.stars AS s "
    "ON DISTANCE(POINT(u.ra, u.dec), POINT(s.ra, s.dec)) < 2e0 / 3600"
)
# The form whose index DaCHS uses.
_PEER_MATCH = (
    "SELECT u.n, s.id FROM TAP_UPLOAD.u AS u JOIN bench.stars AS s "
    "ON 1 = CONTAINS(POINT(s.ra, s.dec), CIRCLE(u.ra, u.dec, 2e0 / 3600))"
)
_COUNT = "SELECT COUNT(*) AS n FROM TAP_UPLOAD.u"


async def _index_zones(database_url: str) -> None:
    """What `starhaul publish` makes for joins on distance."""
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        "CREATE INDEX ON bench.stars (starhaul.zone(dec), starhaul.turn(ra)); "
        "ANALYZE bench.stars; UPDATE archive.sky_position SET zones = true"
    )
    await connection.close()


async def _near_stars(database_url: str, count: int) -> Table:
    """Positions about an arc second from stars all over the sky."""
    connection = await asyncpg.connect(database_url)
    rows = await connection.fetch(
        "SELECT ra, dec FROM bench.stars ORDER BY hashint8(id) LIMIT $1", count
    )
    await connection.close()
    random = np.random.default_rng(1)
    ra, dec = np.array([tuple(row) for row in rows]).T
    return _table((ra + random.normal(0, 3e-4, count)) % 360, np.clip(dec, -89, 89))


def _anywhere(count: int) -> Table:
    random = np.random.default_rng(2)
    return _table(
        random.uniform(0, 360, count), np.degrees(np.arcsin(random.uniform(-1, 1, count)))
    )


def _table(ra: "np.ndarray[tuple[int], np.dtype[np.float64]]", dec: object) -> Table:
    table = Table({"n": np.arange(len(ra)), "ra": ra, "dec": dec})
    table["ra"].unit = table["dec"].unit = "deg"
    return table


def _document(table: Table, serialization: str) -> bytes:
    written = BytesIO()
    table.write(written, format="votable", tabledata_format=serialization)
    return written.getvalue()


def _measure(archive: Archive, what: str, query: str, document: bytes, reach: str = "") -> None:
    taken, text = _posted(archive.tap, query, document, _RUNS if len(document) < 10e6 else 3)
    rows = text.split()[-1] if query == _COUNT else _pairs(text)
    memory = archive.api.memory_info().rss / 1e6
    print(
        f"{what:32} {len(document) / 1e6:6.1f} MB {taken:7.3f} s{reach}, "
        f"{rows}, memory {memory:.0f} MB"
    )


def _posted(tap: str, query: str, document: bytes, runs: int) -> tuple[float, str]:
    """Median seconds of a query with an upload, and its answer."""
    times = []
    with httpx.Client(timeout=300, follow_redirects=True) as client:
        for _ in range(runs):
            begin = time.perf_counter()
            answer = client.post(
                f"{tap}/sync",
                data={"LANG": "ADQL", "QUERY": query, "UPLOAD": "u,param:u", "FORMAT": "csv"},
                files={"u": ("u.vot", document)},
            )
            answer.raise_for_status()
            times.append(time.perf_counter() - begin)
    return statistics.median(times), answer.text


def _pairs(text: str) -> str:
    return f"{len(text.splitlines()) - 1} pairs"


def _print_peer(stars: int, document: bytes) -> None:
    """What GAVO DaCHS takes to match the same upload with as many stars, in other places."""
    with peer() as tap:
        if tap is not None and has_stars(tap, stars):
            taken, text = _posted(tap, _PEER_MATCH, document, 3)
            print(f"DaCHS, 10,000 matched {taken:7.3f} s, {_pairs(text)}")


def main() -> None:
    """Fill a database, measure, print."""
    small = is_small(__doc__)
    stars = 100_000 if small else 1_000_000
    with running_archive(stars) as archive:
        asyncio.run(_index_zones(archive.database_url))
        near = asyncio.run(_near_stars(archive.database_url, 10_000))
        print(f"{stars:,} stars, median of {_RUNS} (3 for large tables)")
        for serialization in ("tabledata", "binary2"):
            what = f"10,000 matched, {serialization}"
            document = _document(near, serialization)
            _measure(archive, what, _MATCH, document, " (reach: 0.4 s)")
        for count in (100_000,) if small else (100_000, 1_000_000):
            for serialization in ("tabledata", "binary2"):
                document = _document(_anywhere(count), serialization)
                _measure(archive, f"{count:,} counted, {serialization}", _COUNT, document)
    _print_peer(stars, _document(near, "binary2"))  # it takes 500 kB


if __name__ == "__main__":
    main()
