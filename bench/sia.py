"""SIA over 267,487 images: a small circle, wide shapes, intervals and the whole archive; the first
row, all rows, and the API's memory meanwhile.

Where GAVO DaCHS is installed, and bench/dachs/benchsia.rd was imported into it (as
inputs/benchsia/q.rd, `dachs imp benchsia/q`; with ROWS=20000 in the environment so many instead of
267,487), its latency for the same circles stands beside ours.

    python -m bench.sia [--small]
"""

import asyncio
import random

import asyncpg
import httpx

from bench._archive import is_small, running_archive
from bench._measuring import median_ms
from bench._peer import count_rows, peer
from bench._rows import print_read

_CIRCLES = 100
_RADIUS = 0.1
_MADE = (
    "INSERT INTO archive.collection (name, root, config) VALUES ('BENCH', '/', '{}')",
    # Squares of 0.2 degrees all over the sky, as ingest fills outlines and cells.
    """INSERT INTO archive.dataset (collection_id, dataproduct_type, calib_level, obs_collection,
           obs_id, obs_publisher_did, access_format, access_estsize, target_name, s_ra, s_dec,
           s_fov, s_region, vertices, box, t_min, t_max, t_exptime, em_min, em_max, facility_name,
           instrument_name, hpx, hcell)
       SELECT collection.id, 'image', 2, 'BENCH', n::text, 'ivo://x-unregistered/bench?' || n,
           'application/fits', 5000, 'Field ' || n % 7535, ra, dec, 0.28,
           'POLYGON ICRS ' || array_to_string(corners, ' '), corners,
           starhaul.bounding_box(corners), 53000 + n % 6000, 53000.1 + n % 6000, n % 3600,
           4e-7, 5.5e-7, 'Telescope', 'Camera', hpx, hpx >> 52
       FROM archive.collection, generate_series(1, ROWS) AS n, LATERAL (
           SELECT abs(hashint4(n)) % 360000 / 1000.0::float8 AS ra,
               degrees(asin((abs(hashint4(-1 - n)) % 199000 / 100000.0 - 0.995)::float8)) AS dec
       ) AS place, LATERAL (
           SELECT starhaul.healpix_nest(29, ra, dec) AS hpx, 0.1 / cosd(dec) AS w
       ) AS cell, LATERAL (
           SELECT ARRAY[starhaul.turn(ra - w), dec - 0.1, starhaul.turn(ra + w), dec - 0.1,
               starhaul.turn(ra + w), dec + 0.1, starhaul.turn(ra - w), dec + 0.1] AS corners
       ) AS outline ORDER BY hpx""",
    "VACUUM ANALYZE archive.dataset",
)


async def _publish(url: str, rows: int) -> None:
    connection = await asyncpg.connect(url)
    for statement in _MADE:
        await connection.execute(statement.replace("ROWS", str(rows)))
    await connection.close()


def _print_circles(client: httpx.Client, url: str, whose: str) -> None:
    """A line with the mean of rows and the median of the latency of circles, the same for all."""

    def circle(number: int) -> int:
        seeded = random.Random(number)
        lon, lat = seeded.uniform(0, 360), seeded.uniform(-60, 60)
        asked = {"POS": f"CIRCLE {lon} {lat} {_RADIUS}", "RESPONSEFORMAT": "votable/td"}
        answer = client.get(url, params=asked)
        answer.raise_for_status()
        return answer.content.count(b"<TR>")

    found = sum(map(circle, range(_CIRCLES, 2 * _CIRCLES))) / _CIRCLES
    print(f"{whose}; median of {_CIRCLES} circles of {_RADIUS} degree, ", end="")
    print(f"{found:.2f} rows: {median_ms(circle, _CIRCLES):.1f} ms")


def _print_peer() -> None:
    with peer() as tap, httpx.Client(timeout=60) as client:
        if tap is None:
            return
        rows = count_rows(tap, "benchsia.main")
        if not rows:
            print("DaCHS has no images (bench/dachs/benchsia.rd): no peer beside us")
            return
        url = tap.replace("/tap", "/benchsia/q/s/siap2.xml")
        _print_circles(client, url, f"DaCHS, {rows:,} images")


def main() -> None:
    """Ask, print."""
    rows = 20_000 if is_small(__doc__) else 267_487
    with running_archive(1_000) as archive, httpx.Client(timeout=600) as client:
        asyncio.run(_publish(archive.database_url, rows))
        _print_circles(client, f"{archive.url}/sia/query", f"{rows:,} images")
        for said, asked in (
            ("circle of 30 degrees", {"POS": "CIRCLE 180 10 30"}),
            ("range of 60 by 60", {"POS": "RANGE 330 30 -30 30"}),
            ("range around the pole", {"POS": "RANGE 0 360 60 90"}),
            ("polygon of 40 by 40", {"POS": "POLYGON 10 -20 50 -20 50 20 10 20"}),
            ("interval of times", {"TIME": "53000 53100"}),
            ("the archive", {}),
        ):
            form = {"RESPONSEFORMAT": "votable/td"}
            print_read(archive, client, said, "/sia/query", asked | form)
    _print_peer()


if __name__ == "__main__":
    main()
