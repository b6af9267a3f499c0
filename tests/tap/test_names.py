"""Names as people write them, in every format, wherever they stand in a result."""

import io
import json
from collections.abc import Callable

import asyncpg
import httpx
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.io.votable import parse_single_table

from tests.conftest import run
from tests.serving import Service

# Far enough from the beginning of the result that nothing is known of it there.
_DATASETS = 20_000
_NAMES = ["β Pictoris", "Crème", "Ångström 7", "林桥 1"]
_COLLECTION = "INSERT INTO archive.collection (name, root, config) VALUES ('N', '/', '{}')"
_ROWS = """
INSERT INTO archive.dataset (collection_id, calib_level, obs_collection, obs_id, obs_publisher_did,
    dataproduct_type, target_name, s_ra, s_dec)
SELECT collection.id, 2, 'N', n::text, 'ivo://x-unregistered/names?' || n, 'spectrum',
    coalesce(($2::text[])[n - $1], 'HD ' || n), n / 1000.0, 0
FROM archive.collection, generate_series(1, $1::int + 4) AS n
"""
_HOLDINGS = """
INSERT INTO archive.holding (collection_id, dataset_id, path, media_type, size, mtime_ns, ctime_ns,
    inode, sha256, crc32, reader)
SELECT collection_id, id, obs_id, 'application/fits', 5000000, 1, 1, 1, sha256(obs_id::bytea), 1,
    'test'
FROM archive.dataset
"""
_QUERY = "SELECT s_ra, target_name FROM ivoa.obscore ORDER BY s_ra"


@pytest.fixture(scope="module")
def observed(service: Service) -> Service:
    """The service with observations, the last four of objects whose names are not ASCII."""

    async def fill() -> None:
        connection = await asyncpg.connect(service.database_url)
        await connection.execute(_COLLECTION)
        await connection.execute(_ROWS, _DATASETS, _NAMES)
        await connection.execute(_HOLDINGS)
        await connection.close()

    run(fill())
    return service


def _votable(document: bytes) -> list[str]:
    return list(parse_single_table(io.BytesIO(document)).to_table()["target_name"])


def _lines(separator: str) -> Callable[[bytes], list[str]]:
    def read(document: bytes) -> list[str]:
        return [line.split(separator)[1] for line in document.decode().splitlines()[1:]]

    return read


def _fits(document: bytes) -> list[str]:
    return list(fits.open(io.BytesIO(document))[1].data["target_name"])


def _parquet(document: bytes) -> list[str]:
    return list(pq.read_table(io.BytesIO(document))["target_name"].to_pylist())


def _json(document: bytes) -> list[str]:
    return [row[1] for row in json.loads(document)["data"]]


@pytest.mark.parametrize(
    ("form", "read"),
    [
        ("votable", _votable),
        ("votable/td", _votable),
        ("csv", _lines(",")),
        ("tsv", _lines("\t")),
        ("parquet", _parquet),
        ("json", _json),
        ("fits", _fits),
    ],
)
def test_names_of_objects(observed: Service, form: str, read: Callable[[bytes], list[str]]) -> None:
    fields = {"LANG": "ADQL", "QUERY": _QUERY, "FORMAT": form, "MAXREC": _DATASETS + 4}
    answer = httpx.post(f"{observed.url}/tap/sync", data=fields, timeout=60)
    names = read(answer.raise_for_status().content)
    assert len(names) == _DATASETS + 4
    assert names[0] == "HD 1"
    if form == "fits":  # which holds ASCII alone, and says so in its header
        asked = ["".join(c if c.isascii() else "?" for c in name) for name in _NAMES]
    else:
        asked = _NAMES
    assert names[-4:] == asked


def test_descriptions_of_columns(observed: Service) -> None:
    """A publisher's words in TAP_SCHEMA, after a thousand other columns."""

    async def declare() -> None:
        connection = await asyncpg.connect(observed.database_url)
        await connection.execute(
            "INSERT INTO tap_schema.columns (table_name, column_name, datatype, description, "
            "indexed, principal, std, column_index) SELECT 'demo.stars', 'c' || n, 'double', "
            "CASE n WHEN 1000 THEN 'Ångström' ELSE repeat('plain ', 9) END, 0, 0, 0, n "
            "FROM generate_series(1, 1000) AS n"
        )
        await connection.close()

    run(declare())
    query = (
        "SELECT column_name, description AS target_name FROM tap_schema.columns "
        "WHERE table_name = 'demo.stars' ORDER BY column_index, column_name"
    )
    fields = {"LANG": "ADQL", "QUERY": query}
    answer = httpx.post(f"{observed.url}/tap/sync", data=fields, timeout=60)
    assert _votable(answer.raise_for_status().content).count("Ångström") == 1
