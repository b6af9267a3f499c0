"""Footprints as ingest stores them: the indexed condition finds what the exact function says."""

import csv
import random

import httpx

from tests.conftest import Stack

_IMAGES = "FROM ivoa.obscore WHERE dataproduct_type = 'image'"


def _rows(stack: Stack, query: str) -> list[dict[str, str]]:
    form = {"LANG": "ADQL", "FORMAT": "csv", "QUERY": query}
    response = httpx.post(f"{stack.url}/tap/sync", data=form, timeout=60)
    assert response.status_code == 200, response.text
    return list(csv.DictReader(response.text.splitlines()))


def test_index_and_exact_function_agree(stack: Stack) -> None:
    images = _rows(stack, f"SELECT obs_id, s_ra, s_dec {_IMAGES}")
    seeded = random.Random(7)
    sizes = set()
    for _ in range(25):
        near = seeded.choice(images)
        lon = float(near["s_ra"]) + seeded.uniform(-0.1, 0.1)
        lat = float(near["s_dec"]) + seeded.uniform(-0.1, 0.1)
        for condition in (
            f"INTERSECTS(s_region, CIRCLE({lon}, {lat}, {10 ** seeded.uniform(-3, 0)}))",
            f"CONTAINS(POINT({lon}, {lat}), s_region)",
        ):
            indexed = _rows(stack, f"SELECT obs_id {_IMAGES} AND 1 = {condition}")
            exact = _rows(stack, f"SELECT obs_id, {condition} AS inside {_IMAGES}")
            found = {row["obs_id"] for row in indexed}
            assert found == {row["obs_id"] for row in exact if row["inside"] == "1"}, condition
            sizes.add(len(found))
    assert 0 in sizes
    assert len(sizes) > 2
