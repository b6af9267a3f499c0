"""SSAP over 267,487 spectra, each in three formats: a cone around a star, the first row and all of
wide cones and of the whole archive, and the API's memory meanwhile.

The floor is PostgreSQL's own COPY of ivoa.obscore into psql. Where GAVO DaCHS is installed, and
bench/dachs/benchssa.rd was imported into it (as inputs/benchssa/q.rd, `dachs imp benchssa/q`), its
latency for such a cone stands beside ours, over as many spectra.

    python -m bench.ssap [--small]
"""

import asyncio
import itertools
import os
import random
import subprocess
import time
from pathlib import Path

import asyncpg
import httpx

from bench._archive import Archive, is_small, running_archive
from bench._measuring import median_ms, peak_memory, psql_program
from bench._peer import peer
from bench._rows import Read, read_rows

_MADE = (
    "INSERT INTO archive.collection (name, root, config) VALUES ('BENCH', '/', '{}')",
    # Objects all over the sky, each observed a few times; hpx as ingest fills it.
    """INSERT INTO archive.dataset (collection_id, dataproduct_type, calib_level, obs_collection,
           obs_id, obs_publisher_did, obs_title, access_format, access_estsize, target_name, s_ra,
           s_dec, s_fov, s_region, t_min, t_max, t_exptime, em_min, em_max, em_res_power, em_xel,
           em_ucd, em_unit, o_ucd, o_unit, o_calib_status, facility_name, instrument_name, s_snr)
       SELECT collection.id, 'spectrum', 2, 'BENCH', n::text, 'ivo://x-unregistered/bench?' || n,
           'Spectrum ' || n, 'application/fits', 5000, 'HD ' || n % 7535, ra, dec, 0.00028,
           format('CIRCLE ICRS %s %s 0.00014', ra, dec), 53000 + n % 6000, 53000.1 + n % 6000, 900,
           3.8e-7, 6.9e-7, 115000, 313000, 'em.wl', 'Angstrom', 'phot.flux.density;em.wl',
           'erg / (s cm2 Angstrom)', 'absolute', 'ESO-3.6', 'HARPS', n % 200
       FROM archive.collection, generate_series(1, ROWS) AS n, LATERAL (
           SELECT abs(hashint4(n % 7535)) % 360000 / 1000.0 AS ra,
               degrees(asin(abs(hashint4(-1 - n % 7535)) % 200000 / 100000.0 - 1)) AS dec) AS place
       ORDER BY starhaul.healpix_nest(29, ra, dec)""",
    "UPDATE archive.dataset SET hpx = starhaul.healpix_nest(29, s_ra, s_dec), "
    "hcell = starhaul.healpix_nest(29, s_ra, s_dec) >> 52",
    """INSERT INTO archive.holding (collection_id, dataset_id, path, media_type, size, mtime_ns,
           ctime_ns, inode, sha256, crc32, reader)
       SELECT collection_id, id, obs_id, 'application/fits', 5000000, 0, 0, 0,
           sha256(obs_id::bytea), 0, 'eso_phase3' FROM archive.dataset""",
    "UPDATE archive.dataset SET holding_id = holding.id FROM archive.holding "
    "WHERE dataset_id = dataset.id",
    "INSERT INTO archive.spectrum (dataset_id, n_points, wavelength_medium, specsys, redshift) "
    "SELECT id, 313000, 'air', 'BARYCENT', 0.0001 FROM archive.dataset",
    "VACUUM ANALYZE archive.dataset",
    "VACUUM ANALYZE archive.holding",
    "VACUUM ANALYZE archive.spectrum",
)

_PEER_SEED = 3  # of its objects, in bench/dachs/benchssa.rd


async def _publish(url: str, rows: int) -> tuple[tuple[float, float], ...]:
    """Make the archive; the positions of some objects in it."""
    connection = await asyncpg.connect(url)
    for statement in _MADE:
        await connection.execute(statement.replace("ROWS", str(rows)))
    places = await connection.fetch("SELECT DISTINCT s_ra, s_dec FROM archive.dataset LIMIT 500")
    await connection.close()
    return tuple((place[0], place[1]) for place in places)


def _read(client: httpx.Client, url: str, **parameters: object) -> Read:
    """A response to its end, nothing of it kept."""
    return read_rows(client, url, {"REQUEST": "queryData", **parameters})


def _floor_s(database_url: str) -> float:
    """Seconds in which psql copies all of ivoa.obscore."""
    begin = time.perf_counter()
    command = [psql_program(), "-qc", "COPY (SELECT * FROM ivoa.obscore) TO STDOUT", database_url]
    with Path(os.devnull).open("wb") as nothing:
        subprocess.run(command, stdout=nothing, check=True)
    return time.perf_counter() - begin


def _print_peer() -> None:
    """The same cone from DaCHS, around objects of its own."""
    seeded = random.Random(_PEER_SEED)
    with peer() as tap, httpx.Client(timeout=60) as client:
        if tap is None:
            return
        url = tap.replace("/tap", "/benchssa/q/s/ssap.xml")

        def cone(_number: int) -> int:
            ra, dec = seeded.uniform(0, 360), seeded.uniform(-80, 80)
            asked = {"REQUEST": "queryData", "POS": f"{ra},{dec}", "SIZE": "0.01"}
            answer = client.get(url, params=asked)
            return answer.content.count(b"<TR>") if answer.is_success else 0

        found = cone(0)
        if not found:
            print("DaCHS has no spectra set up: no peer beside us")
            return
        print(f"DaCHS, cones of 36 arcsec, {found} rows: {median_ms(cone, 15):.1f} ms")


def _print_all(archive: Archive, client: httpx.Client) -> None:
    url = f"{archive.url}/ssap"
    idle = archive.api.memory_info().rss
    for said, parameters in (
        ("cone of 60 degrees", {"POS": "180,10", "SIZE": 60}),
        ("half of the sky", {"POS": "180,10", "SIZE": 180}),
        ("the archive", {}),
        ("the archive, native", {"FORMAT": "native"}),
        ("the archive, BAND", {"BAND": "5E-7/5.5E-7"}),
    ):
        with peak_memory(archive.api, idle) as memory:
            read = _read(client, url, **parameters)
        print(
            f"{said:20} first row {read.first_s * 1e3:7.1f} ms, {read.rows:>7,} rows "
            f"({read.megabytes:.0f} MB) in {read.total_s:.2f} s, "
            f"{read.rows / read.total_s:,.0f} rows/s; {memory}"
        )


def main() -> None:
    """Ask, print."""
    rows = 20_000 if is_small(__doc__) else 267_487
    with running_archive(1_000) as archive, httpx.Client(timeout=600) as client:
        places = itertools.cycle(asyncio.run(_publish(archive.database_url, rows)))

        def cone(_number: int) -> Read:
            ra, dec = next(places)
            return _read(client, f"{archive.url}/ssap", POS=f"{ra},{dec}", SIZE=0.01)

        found = cone(0).rows
        print(f"{rows:,} spectra; median of 15 cones of 36 arcsec, {found} rows: ", end="")
        print(f"{median_ms(cone, 15):.1f} ms")
        _print_all(archive, client)
        print(f"floor, COPY of ivoa.obscore into psql: {_floor_s(archive.database_url):.2f} s")
    _print_peer()


if __name__ == "__main__":
    main()
