"""Conditions on the sky use their indexes: EXPLAIN on large tables, and through ivoa.obscore."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import asyncpg
import numpy as np
import pytest

import adql
from schema.catalogue import TableCatalogue, load_catalogue
from schema.sky_index import position_indexes
from tests.adql.sky.positions import HIDDEN, fill, table
from tests.conftest import TestDatabase

ROWS, FEW, DATASETS = 200_000, 300, 20_000
BIG, OTHER = table("many", "big", indexed=True), table("many", "other", indexed=True)
FEW_ROWS = table("many", "few", indexed=False)
# Squares of half a degree, as ingest stores them, one in ten for somebody else's eyes.
FILL_OBSCORE = """
INSERT INTO archive.collection (name, root, config) VALUES ('c', '/', '{}');
INSERT INTO archive.dataset (collection_id, calib_level, obs_collection, obs_id, obs_publisher_did,
                             s_ra, s_dec, s_region, vertices, box, hpx, hcell, readable_by)
SELECT (SELECT id FROM archive.collection), 2, 'c', i, i, ra, dec,
       'POLYGON ICRS ' || array_to_string(square, ' '), square, starhaul.bounding_box(square),
       hpx, hpx >> 52, CASE WHEN i % 10 = 0 THEN ARRAY['somebody'] END
FROM (SELECT *, starhaul.healpix_nest(29, ra, dec) AS hpx,
             starhaul.box(ARRAY[ra, dec], 0.5, 0.5) AS square
      FROM (SELECT i, random() * 360 AS ra, degrees(asin(random() * 1.9 - 0.95)) AS dec
            FROM generate_series(1, $1::integer) AS i) AS places) AS squares
"""


class Plans:
    """Tables with many rows, and what PostgreSQL would do with a query as starhaul_reader."""

    def __init__(self, database: TestDatabase) -> None:
        self.loop = asyncio.new_event_loop()
        self.catalogue = self.loop.run_until_complete(self._load(database.url))
        self.reader = self.loop.run_until_complete(asyncpg.connect(database.read_url))

    async def _load(self, url: str) -> TableCatalogue:
        connection = await asyncpg.connect(url)
        await connection.execute(
            "CREATE SCHEMA many; GRANT USAGE ON SCHEMA many TO starhaul_reader"
        )
        rng = np.random.default_rng(20261121)
        for made, count in ((BIG, ROWS), (OTHER, ROWS // 10), (FEW_ROWS, FEW)):
            await connection.execute(
                f"CREATE TABLE {made.sql_name} (id bigint, ra float8, dec float8, err float8, "
                f"hpx bigint, hcell integer); GRANT SELECT ON {made.sql_name} TO starhaul_reader"
            )
            ra, dec = rng.uniform(0, 360, count), np.degrees(np.arcsin(rng.uniform(-1, 1, count)))
            places = list(zip(ra.tolist(), dec.tolist(), strict=True))
            await fill(connection, made, places, [0.001] * count)
            for statement in position_indexes(made.sql_name, HIDDEN, "ra", "dec"):
                if made is not FEW_ROWS:
                    await connection.execute(statement)
        first, second = FILL_OBSCORE.split(";", 1)
        await connection.execute(first)
        await connection.execute(second, DATASETS)
        await connection.execute(
            "ANALYZE many.big; ANALYZE many.other; ANALYZE many.few; ANALYZE archive.dataset"
        )
        obscore = await load_catalogue(connection)
        await connection.close()
        return TableCatalogue((BIG, OTHER, FEW_ROWS, *obscore.items))

    def scans(self, query: str) -> list[tuple[str, str, str]]:
        """Each scan of the plan: its kind, the relation, the index."""
        sql = adql.translate(query, self.catalogue, "ADQL").literal_sql()
        (plan,) = json.loads(
            self.loop.run_until_complete(self.reader.fetchval(f"EXPLAIN (FORMAT JSON) {sql}"))
        )
        return list(_scans(plan["Plan"], ""))

    def close(self) -> None:
        """Close the connection."""
        self.loop.run_until_complete(self.reader.close())
        self.loop.close()


def _scans(node: dict[str, Any], relation: str) -> Iterator[tuple[str, str, str]]:
    relation = node.get("Relation Name", relation)
    if "Scan" in node["Node Type"]:
        yield node["Node Type"], relation, node.get("Index Name", "")
    for child in node.get("Plans", ()):
        yield from _scans(child, relation)


@pytest.fixture(scope="module")
def plans(database: TestDatabase) -> Iterator[Plans]:
    """200,000 positions, 20,000 others, 300 without an index, 20,000 datasets."""
    made = Plans(database)
    yield made
    made.close()


# Rows with a box, and the few that have a region but no box.
BOXES = ("dataset_box", "dataset_without_box")


def only_by_index(plans: Plans, query: str, relation: str, *indexes: str) -> None:
    """The relation is read by these indexes, each of them, and never as a whole."""
    scans = [scan for scan in plans.scans(query) if scan[1] == relation]
    assert scans
    assert not [scan for scan in scans if scan[0] == "Seq Scan"], scans
    assert {name for _, _, name in scans if name} == set(indexes), scans


CONSTANT = [
    "1 = CONTAINS(POINT(ra, dec), CIRCLE(10, 20, 0.1))",
    "CONTAINS(POINT('ICRS', ra, dec), CIRCLE('ICRS', 10, 20, 0.1)) = 1",
    "0 <> CONTAINS(POINT(ra, dec), CIRCLE(POINT(10, 20), 0.1))",
    "INTERSECTS(CIRCLE(0, 90, 1), POINT(ra, dec)) = 1",
    "1 = CONTAINS(POINT(10, 20), CIRCLE(ra, dec, 0.1))",
    "1 = INTERSECTS(CIRCLE(ra, dec, 0.1), POLYGON(10, 20, 11, 20, 11, 21))",
    "1 = CONTAINS(POINT(ra, dec), POLYGON(10, 20, 11, 20, 11, 21))",
    "1 = CONTAINS(POINT(ra, dec), POLYGON(0, 0, 3, 0, 3, 3, 2, 1))",
    "1 = CONTAINS(POINT(ra, dec), BOX(0, -89, 1, 1))",
    "1 = CONTAINS(POINT(ra, dec), REGION('CIRCLE ICRS 10 20 0.1'))",
    "1 = CONTAINS(POINT(ra, dec), REGION('UNION ICRS (CIRCLE 10 20 0.1 CIRCLE 50 20 0.1)'))",
    "DISTANCE(POINT(ra, dec), POINT(10, 20)) < 0.1",
    "DISTANCE(POINT(10, 20), POINT(ra, dec)) <= 0.1",
    "0.1 > DISTANCE(ra, dec, 10, 20)",
    "NOT DISTANCE(ra, dec, 10, 20) >= 0.1",
    "NOT (0 = CONTAINS(POINT(ra, dec), CIRCLE(10, 20, 0.1)) OR err > 5)",
    "DISTANCE(ra, dec, 10, 20) BETWEEN 0.05 AND 0.1",
    "1 = CONTAINS(POINT(ra, dec), CIRCLE(10, 20, 0.1)) AND err > 0 AND id <> 7",
    "1 = CONTAINS(POINT(ra, dec), CIRCLE(10, 20, 0.1)) "
    "OR (1 = CONTAINS(POINT(ra, dec), CIRCLE(50, -20, 0.1)) AND err < 1)",
]


@pytest.mark.parametrize("condition", CONSTANT)
def test_a_position_near_a_constant(plans: Plans, condition: str) -> None:
    only_by_index(plans, f"SELECT id FROM many.big WHERE {condition}", "big", "big_hpx_idx")
    within = f"SELECT COUNT(*) FROM (SELECT * FROM many.big WHERE {condition}) AS b WHERE id > 5"
    only_by_index(plans, within, "big", "big_hpx_idx")


JOINS = [
    "FROM many.few AS f JOIN many.big AS b "
    "ON 1 = CONTAINS(POINT(f.ra, f.dec), CIRCLE(b.ra, b.dec, 0.01))",
    "FROM many.big AS b JOIN many.few AS f "
    "ON 1 = CONTAINS(POINT(f.ra, f.dec), CIRCLE(b.ra, b.dec, 0.01)) AND b.err > 0",
    "FROM many.few AS f, many.big AS b WHERE DISTANCE(POINT(b.ra, b.dec), POINT(f.ra, f.dec)) < 1",
    "FROM many.few AS f, many.big AS b WHERE f.err >= DISTANCE(f.ra, f.dec, b.ra, b.dec)",
    "FROM many.few AS f LEFT JOIN many.big AS b ON DISTANCE(f.ra, f.dec, b.ra, b.dec) < f.err * 2",
    "FROM many.big AS b RIGHT JOIN many.few AS f ON DISTANCE(f.ra, f.dec, b.ra, b.dec) < 0.01",
    "FROM (SELECT TOP 50 ra, dec FROM many.few) AS f JOIN many.big AS b "
    "ON DISTANCE(f.ra, f.dec, b.ra, b.dec) < 0.01",
    "FROM many.few AS f JOIN (SELECT id, ra, dec FROM many.big WHERE err > 0) AS b "
    "ON DISTANCE(f.ra, f.dec, b.ra, b.dec) < 0.01",
    "FROM many.few AS f JOIN many.big AS b "
    "ON INTERSECTS(CIRCLE(f.ra, f.dec, 0.01), CIRCLE(b.ra, b.dec, 0.01)) = 1",
    "FROM many.few AS f JOIN many.big AS b "
    "ON 1 = CONTAINS(POINT(b.ra, b.dec), BOX(f.ra, f.dec, 0.1, 0.1))",
    "FROM many.few AS f WHERE EXISTS (SELECT b.id FROM many.big AS b "
    "WHERE DISTANCE(f.ra, f.dec, b.ra, b.dec) < 0.01)",
    "FROM many.few AS f WHERE NOT EXISTS (SELECT b.id FROM many.big AS b "
    "WHERE 1 = CONTAINS(POINT(b.ra, b.dec), CIRCLE(f.ra, f.dec, 0.01)))",
    "FROM many.few AS f WHERE (SELECT COUNT(*) FROM many.big AS b "
    "WHERE DISTANCE(f.ra, f.dec, b.ra, b.dec) < 0.01) > 1",
    "FROM ivoa.obscore AS o JOIN many.big AS b "
    "ON 1 = CONTAINS(POINT(b.ra, b.dec), o.s_region) WHERE o.obs_id = '77'",
]


@pytest.mark.parametrize("tables", JOINS)
def test_a_join_reads_the_large_table_by_zones(plans: Plans, tables: str) -> None:
    only_by_index(plans, f"SELECT COUNT(*) {tables}", "big", "big_zone_turn_idx")


def test_the_side_with_fewer_rows_leads(plans: Plans) -> None:
    near = "DISTANCE(b.ra, b.dec, o.ra, o.dec) < 0.01"
    for other in ("many.big", "many.other"):
        for chosen, looked_up in (("b", "o"), ("o", "b")):
            query = (
                f"SELECT b.id, o.id FROM many.big AS b JOIN {other} AS o ON {near} "
                f"WHERE 1 = CONTAINS(POINT({chosen}.ra, {chosen}.dec), CIRCLE(10, 20, 1))"
            )
            scans = plans.scans(query)
            assert not [scan for scan in scans if scan[0] == "Seq Scan"], (other, looked_up)


REGIONS = [
    "1 = CONTAINS(POINT(10, 20), s_region)",
    "CONTAINS(POINT('ICRS', 10, 20), s_region) = 1",
    "INTERSECTS(s_region, CIRCLE(10, 20, 0.5)) = 1",
    "1 = INTERSECTS(POLYGON(10, 20, 11, 20, 11, 21), s_region)",
    "1 = CONTAINS(s_region, CIRCLE(10, 20, 2))",
    "NOT 1 <> INTERSECTS(BOX(10, 20, 1, 1), s_region)",
    "1 = CONTAINS(POINT(10, 20), s_region) OR 1 = CONTAINS(POINT(50, 20), s_region)",
]


@pytest.mark.parametrize("condition", REGIONS)
def test_a_region_of_obscore_by_its_box(plans: Plans, condition: str) -> None:
    query = f"SELECT obs_publisher_did, access_url FROM ivoa.obscore WHERE {condition}"
    only_by_index(plans, query, "dataset", *BOXES)


def test_positions_and_joins_of_obscore(plans: Plans) -> None:
    cone = "SELECT * FROM ivoa.obscore WHERE 1 = CONTAINS(POINT(s_ra, s_dec), CIRCLE(10, 20, 1))"
    only_by_index(plans, cone, "dataset", "dataset_hpx")
    near = "DISTANCE(f.ra, f.dec, o.s_ra, o.s_dec) < 0.1"
    joined = f"SELECT f.id, o.obs_id FROM many.few AS f JOIN ivoa.obscore AS o ON {near}"
    only_by_index(plans, joined, "dataset", "dataset_zone")
    inside = (
        "SELECT f.id, o.obs_id FROM many.few AS f JOIN ivoa.obscore AS o "
        "ON 1 = CONTAINS(POINT(f.ra, f.dec), o.s_region)"
    )
    only_by_index(plans, inside, "dataset", *BOXES)
    overlap = (
        "SELECT COUNT(*) FROM ivoa.obscore AS a JOIN ivoa.obscore AS o "
        "ON 1 = INTERSECTS(a.s_region, o.s_region) WHERE a.obs_id = '77'"
    )
    scans = plans.scans(overlap)
    assert ("Bitmap Index Scan", "dataset", "dataset_box") in scans
    assert not [scan for scan in scans if scan[0] == "Seq Scan"]


def test_what_differs_at_each_writing_is_written_once(plans: Plans) -> None:
    for limit in ("RAND()", "ivo_normal_random(1, 0.1)", "(SELECT MAX(err) FROM many.few)"):
        query = f"SELECT id FROM many.big WHERE DISTANCE(ra, dec, 10, 20) < {limit}"
        sql = adql.translate(query, plans.catalogue, "ADQL").sql
        assert sql.count("random") + sql.count("SELECT max") == 1
