"""An archive of a few datasets, one of each kind that a list of links can be about."""

import hashlib
from collections.abc import Iterator, Sequence

import asyncpg
import httpx
import pytest

from tests.conftest import run
from tests.serving import Service, service, service_environment, stars

__all__ = ["service", "service_environment", "stars"]

DID = "ivo://x-unregistered/starhaul?LINKS/"
# Dataset, its type, its files as (path, semantics, state, readable_by), who may read it.
DATASETS: Sequence[tuple[str, str, Sequence[tuple[str, str, str, list[str] | None]], object]] = (
    ("one.fits", "spectrum", [("one.fits", "#this", "present", None)], None),
    (
        "several",
        "event",
        [
            ("several/b.fits", "#this", "present", None),
            ("several/preview.png", "#preview", "present", None),
            ("several/a.fits", "#this", "present", None),
        ],
        None,
    ),
    ("gone.fits", "image", [("gone.fits", "#this", "vanished", None)], None),
    ("empty", "cube", [], None),
    ("hidden.fits", "image", [("hidden.fits", "#this", "present", None)], ["ann"]),
    ("part.fits", "image", [("part.fits", "#this", "present", ["ann"])], None),
    ("product.fits", "spectrum", [("product.fits", "#this", "present", None)], None),
    ("drawn.fits", "spectrum", [("drawn.fits", "#this", "present", None)], None),
    (
        "plotted.fits",
        "spectrum",
        [
            ("plotted.fits", "#this", "present", None),
            ("plot.png", "#preview-plot", "present", None),
        ],
        None,
    ),
    (
        "picture.fits",
        "image",
        [
            ("picture.fits", "#this", "present", None),
            ("small.png", "#thumbnail", "present", None),
        ],
        None,
    ),
    ("movie.fits", "cube", [("movie.fits", "#this", "present", None)], None),
    ("curve.fits", "timeseries", [("curve.fits", "#this", "present", None)], None),
    ("odd +%&'\"\\{}.fits", "odd", [("odd é.fits", "#this", "present", None)], None),
)
# Who took a file, where that makes a difference.
READERS = {
    "several/a.fits": "part",
    "several/preview.png": "part",
    "plot.png": "part",
    "small.png": "part",
    "drawn.fits": "sdss",
    "plotted.fits": "sdss",
}
# Dataset, a file of another one, what it is to the dataset, and the publisher's words.
RELATIONS = (
    ("product.fits", "one.fits", "#progenitor", "raw", "The frame it was made from"),
    ("product.fits", "hidden.fits", "#calibration", None, None),
    ("movie.fits", "drawn.fits", "#progenitor", None, None),
)
_RELATE = """
    INSERT INTO archive.relation
    SELECT dataset.id, holding.id, $3, $4, $5 FROM archive.dataset, archive.holding
    WHERE obs_id = $1 AND path = $2
"""


async def _publish(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        collection = await connection.fetchval(
            "INSERT INTO archive.collection (name, root, config) VALUES ('LINKS', '/', '{}') "
            "RETURNING id"
        )
        for name, kind, files, readable_by in DATASETS:
            dataset = await connection.fetchval(
                "INSERT INTO archive.dataset (collection_id, dataproduct_type, calib_level, "
                "obs_collection, obs_id, obs_publisher_did, obs_title, readable_by) "
                "VALUES ($1, $2, 2, 'LINKS', $3, $4, 'A title', $5) RETURNING id",
                *(collection, kind, name, DID + name, readable_by),
            )
            for path, semantics, state, readers in files:
                await connection.execute(
                    "INSERT INTO archive.holding (collection_id, dataset_id, path, semantics, "
                    "media_type, size, mtime_ns, ctime_ns, inode, sha256, crc32, reader, state, "
                    "readable_by) VALUES ($1, $2, $3, $4, $5, $6, 0, 0, 0, $7, 0, $10, $8, $9)",
                    *(collection, dataset, path, semantics),
                    "image/png" if path.endswith("png") else "application/fits",
                    *(len(path), hashlib.sha256(path.encode()).digest(), state, readers),
                    READERS.get(path, "test"),
                )
        await connection.executemany(_RELATE, RELATIONS)
    finally:
        await connection.close()


@pytest.fixture(scope="module")
def links(service: Service) -> Iterator[httpx.Client]:
    """A client of an archive that holds `DATASETS`."""
    run(_publish(service.database_url))
    with httpx.Client(base_url=service.url, timeout=60) as client:
        yield client
