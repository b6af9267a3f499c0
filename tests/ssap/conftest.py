"""An archive of a few spectra, each known or unknown in its own way."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import asyncpg
import httpx
import pytest

from tests.conftest import run
from tests.serving import Service, service, service_environment, stars

__all__ = ["service", "service_environment", "stars"]

DID = "ivo://x-unregistered/starhaul?SSAP/"
_FITS = "application/fits"
# By obs_id: collection, media type of its file, the reader that took it, and its columns.
SPECTRA: Mapping[str, tuple[str, str, str, dict[str, Any]]] = {
    "star": (
        "SSAP-stars", _FITS, "sdss",
        {
            "s_ra": 10.0, "s_dec": 20.0, "s_resolution": 1.0, "em_min": 4e-7, "em_max": 7e-7,
            "em_res_power": 2000.0, "em_xel": 3800, "t_min": 51544.0, "t_max": 51544.1,
            "t_exptime": 3600.0, "s_snr": 50.0, "target_name": "BD+33_2642",
            "target_class": "Star", "o_calib_status": "absolute", "obs_title": "A <star> & more",
            "obs_creation_date": datetime(2020, 1, 2, 3, 4, 5), "instrument_name": "FEROS",
        },
    ),
    "quasar": (
        "SSAP-quasars", _FITS, "sdss",
        {
            "s_ra": 10.5, "s_dec": 20.0, "s_resolution": 0.5, "em_min": 1e-6, "em_max": 2e-6,
            "em_res_power": 20000.0, "t_min": 55000.0, "t_exptime": 86400.0, "s_snr": 5.0,
            "target_name": "QSO 1", "target_class": "QSO", "o_calib_status": "relative",
            "obs_creator_did": "ivo://Auth/col#R1",
        },
    ),
    "continuum": (
        "SSAP-stars", _FITS, "iraf",
        {"s_ra": 359.99, "s_dec": -89.9, "o_calib_status": "normalized"},
    ),
    "unknown": ("SSAP-stars", _FITS, "table_spectrum", {}),
    "list": ("SSAP-stars", "text/csv;header=present", "other", {"s_ra": 11.0, "s_dec": 20.0}),
    "hidden": ("SSAP-stars", _FITS, "sdss", {"s_ra": 10.0, "s_dec": 20.0, "readable_by": ["ann"]}),
    "gone": ("SSAP-stars", _FITS, "sdss", {"s_ra": 10.0, "s_dec": 20.0, "present": False}),
    "image": (
        "SSAP-stars", _FITS, "wcs_image",
        {"s_ra": 10.0, "s_dec": 20.0, "dataproduct_type": "image"},
    ),
}  # fmt: skip
REDSHIFTS = {"star": 0.0, "quasar": 2.0}
SEVERAL = "several files é"


async def _publish(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for name in ("SSAP-stars", "SSAP-quasars"):
            await connection.execute(
                "INSERT INTO archive.collection (name, root, config) VALUES ($1, '/', $2)",
                name,
                '{"toml": {"data_source": "pointed"}}' if "stars" in name else "{}",
            )
        for name, (collection, media_type, reader, values) in SPECTRA.items():
            dataset = await _add(connection, name, collection, values | _file(media_type))
            await connection.execute(
                "WITH file AS (INSERT INTO archive.holding (collection_id, dataset_id, path, "
                "media_type, size, mtime_ns, ctime_ns, inode, sha256, crc32, reader) "
                "SELECT collection_id, id, $2, $3, 70400, 0, 0, 0, sha256('x'), 0, $4 "
                "FROM archive.dataset WHERE id = $1 RETURNING id, dataset_id) "
                "UPDATE archive.dataset SET holding_id = file.id FROM file "
                "WHERE dataset.id = file.dataset_id",
                *(dataset, name, media_type, reader),
            )
            if name in REDSHIFTS:
                await connection.execute(
                    "INSERT INTO archive.spectrum (dataset_id, redshift) VALUES ($1, $2)",
                    *(dataset, REDSHIFTS[name]),
                )
        await _add(
            connection, SEVERAL, "SSAP-quasars", _file("application/x-votable+xml;content=datalink")
        )
        await connection.execute(
            "UPDATE archive.dataset SET hpx = starhaul.healpix_nest(29, s_ra, s_dec), "
            "hcell = starhaul.healpix_nest(29, s_ra, s_dec) >> 52"
        )
        await connection.execute(
            "UPDATE archive.dataset SET updated = '2011-03-04T05:06:07Z' WHERE obs_id = 'gone'"
        )
    finally:
        await connection.close()


def _file(media_type: str) -> dict[str, Any]:
    return {"access_format": media_type, "access_estsize": 71}


async def _add(
    connection: asyncpg.Connection, name: str, collection: str, values: dict[str, Any]
) -> int:
    row = {"dataproduct_type": "spectrum", "calib_level": 2, "obs_id": name} | values
    row |= {"obs_collection": collection, "obs_publisher_did": DID + name}
    numbers = ", ".join(f"${n}" for n in range(2, len(row) + 2))
    found: int = await connection.fetchval(
        f"INSERT INTO archive.dataset (collection_id, {', '.join(row)}) "
        f"SELECT id, {numbers} FROM archive.collection WHERE name = $1 RETURNING id",
        *(collection, *row.values()),
    )
    return found


@pytest.fixture(scope="module")
def spectra(service: Service) -> Iterator[httpx.Client]:
    """A client of an archive that holds `SPECTRA` and one of several files."""
    run(_publish(service.database_url))
    with httpx.Client(base_url=service.url, timeout=60) as client:
        yield client
