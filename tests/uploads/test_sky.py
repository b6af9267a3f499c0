"""Uploads with positions: joined with the archive and each other, by an index, rightly."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import asyncpg
import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.table import Table

from adql import translate
from schema.catalogue import TableCatalogue, load_catalogue
from service.config import Settings
from service.uploads.request import Upload
from service.uploads.session import opened_uploads
from tests.serving import Service
from tests.uploads.conftest import Uploading, votable

STARS = 20_000
MATCH = (
    "SELECT t.n, s.id FROM TAP_UPLOAD.t AS t JOIN demo.stars AS s "
    "ON DISTANCE(POINT(t.ra, t.dec), POINT(s.ra, s.dec)) < 0.05"
)


def _stars() -> SkyCoord:
    i = np.arange(1, STARS + 1)
    return SkyCoord(i % 360000 / 1000.0 * u.deg, (i % 17999 / 100.0 - 90) * u.deg)


def _around(count: int, seed: int) -> Table:
    """Positions near stars, around the sky's seams too."""
    random = np.random.default_rng(seed)
    stars = _stars()[random.integers(0, STARS, count)]
    ra = (stars.ra.deg + random.normal(0, 0.05, count)) % 360
    dec = np.clip(stars.dec.deg + random.normal(0, 0.05, count), -90, 90)
    table = Table({"n": np.arange(count), "ra": ra, "dec": dec})
    table["ra"].unit = table["dec"].unit = "deg"
    return table


def _pairs(table: Table) -> set[tuple[int, int]]:
    return {(int(row[0]), int(row[1])) for row in table}


def test_a_join_by_distance_finds_what_brute_force_finds(uploading: Uploading) -> None:
    sent = _around(200, 1)
    stars = _stars()
    places = SkyCoord(sent["ra"], sent["dec"])
    distance = places[:, None].separation(stars[None, :]).deg
    expected = {(int(n), int(s) + 1) for n, s in zip(*np.nonzero(distance < 0.05), strict=True)}
    assert len(expected) > 40
    assert _pairs(uploading.table(MATCH, {"t": votable(sent, "binary2")})) == expected


def test_two_uploads_are_joined(uploading: Uploading) -> None:
    one, other = _around(300, 2), _around(300, 2)
    other["n"] += 1000
    found = uploading.table(
        "SELECT a.n, b.n AS m FROM TAP_UPLOAD.a AS a JOIN TAP_UPLOAD.b AS b "
        "ON DISTANCE(a.ra, a.dec, b.ra, b.dec) < 1e-6 WHERE b.n = a.n + 1000",
        {"a": votable(one), "b": votable(other)},
    )
    assert _pairs(found) == {(n, n + 1000) for n in range(300)}


def test_positions_that_are_none_stay_out_of_joins(uploading: Uploading) -> None:
    sent = b"n,ra,dec\n1,0.001,-89.99\n2,,3\n3,5,\n4,400,95\n"
    assert uploading.table("SELECT * FROM TAP_UPLOAD.t", {"t": sent})["n"].tolist() == [1, 2, 3, 4]
    assert {n for n, _ in _pairs(uploading.table(MATCH, {"t": sent}))} <= {1}


@pytest.mark.parametrize("named", [("ra", "dec", None), ("a", "b", "pos.eq.%s;meta.main")])
def test_the_index_is_used(
    settings: Settings, service: Service, named: tuple[str, str, str]
) -> None:
    """Positions by their names, or by their UCDs."""
    ra, dec, ucd = named
    sent = _around(20_000, 3)
    sent.rename_columns(["ra", "dec"], [ra, dec])
    if ucd:
        sent[ra].meta["ucd"], sent[dec].meta["ucd"] = ucd % "ra", ucd % "dec"
    near = f"DISTANCE(POINT({{0}}.{ra}, {{0}}.{dec}), POINT({{1}})) < 0.001"
    constant = "SELECT t.n FROM TAP_UPLOAD.t AS t WHERE " + near.format("t", "30, 20")
    obscore = "SELECT t.n FROM ivoa.obscore AS o JOIN TAP_UPLOAD.t AS t ON " + near.format(
        "t", "o.s_ra, o.s_dec"
    )
    left = "SELECT s.n FROM TAP_UPLOAD.t AS s LEFT JOIN TAP_UPLOAD.t AS t ON " + near.format(
        "t", f"s.{ra}, s.{dec}"
    )
    plans = asyncio.run(_plans(settings, votable(sent, "binary2"), [constant, obscore, left]))
    for plan in plans:
        assert "on upload_1_hpx_idx" in plan or "on upload_1_zone_turn_idx" in plan


async def _plans(settings: Settings, document: bytes, queries: list[str]) -> list[str]:
    path = settings.home / "t.vot"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(document)
    assert settings.database_url is not None
    owner = await asyncpg.connect(settings.database_url)
    catalogue: TableCatalogue = await load_catalogue(owner)
    await owner.close()
    async with (
        asyncpg.create_pool(settings.read_database_url, min_size=0, max_size=1) as pool,
        opened_uploads((Upload("t", "param:t"),), {"t": path}, settings) as uploads,
        uploads.slot(pool) as connection,
    ):
        found = []
        for query in queries:
            sql = translate(query, uploads.seen_with(catalogue)).literal_sql()
            found.append("\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {sql}")))
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await connection.execute("CREATE TEMP TABLE another (i int)")
        return found


def test_uploads_of_the_same_name_do_not_meet(uploading: Uploading) -> None:
    def sum_of(number: int) -> int:
        sent = votable(Table({"a": [number] * 50}))
        found = uploading.table("SELECT SUM(a) AS s FROM TAP_UPLOAD.t", {"t": sent})
        return int(found["s"][0])

    with ThreadPoolExecutor(6) as threads:
        assert list(threads.map(sum_of, range(24))) == [50 * number for number in range(24)]


def test_maxrec_cuts_rows_of_uploads(uploading: Uploading) -> None:
    sent = {"t": votable(Table({"a": np.arange(30)}))}
    answer = uploading.post("SELECT * FROM TAP_UPLOAD.t", sent, MAXREC="7")
    assert b'value="OVERFLOW"' in answer.content
    assert len(uploading.table("SELECT * FROM TAP_UPLOAD.t", sent, MAXREC="7")) == 7
