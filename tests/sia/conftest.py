"""An archive of images: real ones, and outlines all over the sky to compare with brute force."""

import asyncio
import math
import random
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import httpx
import numpy as np
import pyarrow as pa
import pytest

from service.ingest.collection import load_collection
from service.ingest.run import run_ingest
from service.tables.position import hidden_values
from tests.conftest import run
from tests.serving import Service, service, service_environment, stars
from tests.sia.sphere import Vertices

__all__ = ["service", "service_environment", "stars"]

DID = "ivo://x-unregistered/starhaul?OUTLINES/"
_INSERT = """
    INSERT INTO archive.dataset (collection_id, dataproduct_type, calib_level, obs_collection,
        obs_id, obs_publisher_did, s_ra, s_dec, s_fov, s_region, vertices, box, t_min, t_max,
        em_min, em_max, pol_states, facility_name, target_name, t_exptime, access_format,
        hpx, hcell)
    VALUES ($1, $2, $3, 'OUTLINES', $4, $5, $6, $7, $8, $9, $10, starhaul.bounding_box($10), $11,
        $12, $13, $14, $15, $16, 'it''s "M 31"', $17, 'application/fits',
        $18, $19)
"""


def outlines() -> list[Vertices]:
    """Quadrilaterals of 0.1 to 30 degrees, many of them at the poles and across 0 degrees."""
    seeded = random.Random(5)
    found = []
    for number in range(60):
        lon = seeded.choice([0.1, 359.9, seeded.uniform(0, 360)])
        lat = seeded.choice([89.5, -89.9, seeded.uniform(-90, 90)])
        size = 10 ** seeded.uniform(-1, 1.5)
        found.append(_quadrilateral(lon, lat, size, seeded.uniform(0, 90) + number))
    return found


def _quadrilateral(lon: float, lat: float, size: float, turn: float) -> Vertices:
    a, d = math.radians(lon), math.radians(lat)
    centre = np.array([math.cos(d) * math.cos(a), math.cos(d) * math.sin(a), math.sin(d)])
    east = np.array([-math.sin(a), math.cos(a), 0.0])
    north = np.cross(centre, east)
    corners = []
    for angle in (45, 135, 225, 315):
        direction = math.radians(angle + turn)
        reach = math.tan(math.radians(size) / 2)
        point = centre + reach * (math.cos(direction) * east + math.sin(direction) * north)
        point /= np.linalg.norm(point)
        corners.append(
            (math.degrees(math.atan2(point[1], point[0])) % 360, math.degrees(math.asin(point[2])))
        )
    return np.array(corners)


async def _publish(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        collection = await connection.fetchval(
            "INSERT INTO archive.collection (name, root, config) VALUES ('OUTLINES', '/', '{}') "
            "RETURNING id"
        )
        for number, corners in enumerate(outlines()):
            values = [float(each) for each in corners.ravel()]
            bare = number % 10 == 9  # a position without an outline
            hpx, hcell, *_ = hidden_values(pa.array(values[:1]), pa.array(values[1:2]))
            await connection.execute(
                _INSERT,
                *(collection, "cube" if number % 3 == 0 else "image", number % 5),
                *(f"outline-{number}", f"{DID}Outline-{number}"),
                *(values[0], values[1], 0.1 * number),
                None if bare else "POLYGON ICRS " + " ".join(map(repr, values)),
                None if bare else values,
                *((50_000.0 + number, 50_000.5 + number) if number % 7 else (None, None)),
                *(1e-7 * (number + 1), 2e-7 * (number + 1)),
                "/I/Q/U/" if number % 2 else "/RR/LL/" if number % 4 else None,
                *("Facility % _" if number % 2 else None, 60.0 * number if number % 7 else None),
                *(hpx[0].as_py(), hcell[0].as_py()),
            )
    finally:
        await connection.close()


@pytest.fixture(scope="module")
def real_images(service: Service, shared: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A collection of real images and cubes in the archive."""
    toml = tmp_path_factory.mktemp("real") / "REAL.toml"
    roots = ("images/2mass-aplpy", "images/cadc-cutouts", "images/decam", "cubes")
    include = ", ".join(f'"{root}/**/*.fits*"' for root in roots)
    toml.write_text(
        f'name = "REAL"\nroot = "{shared / "data"}"\ninclude = [{include}]\n'
        "[defaults]\ncalib_level = 2\n"
    )
    collection, root = load_collection(toml)
    authority = "ivo://x-unregistered/starhaul"
    asyncio.run(run_ingest(collection, root, service.database_url, authority=authority, workers=1))


@pytest.fixture(scope="module")
def archive(service: Service) -> Iterator[httpx.Client]:
    """A client of an archive with the outlines."""
    run(_publish(service.database_url))
    with httpx.Client(base_url=service.url, timeout=60) as client:
        yield client
