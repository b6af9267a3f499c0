"""Where rows lie: every row in one cell, of large tables a sample, nothing without a position."""

from pathlib import Path

import asyncpg
import numpy as np
import pytest
from astropy.table import Table

from adql.catalogue import Table as CatalogueTable
from schema.catalogue import load_catalogue
from service.explorer.sky import places, sky_cells
from service.explorer.twins import Content
from tests.conftest import TestDatabase, run
from tests.publish.conftest import Publisher

ROWS = 4_000


@pytest.fixture(scope="module")
def positions(
    database: TestDatabase, tmp_path_factory: pytest.TempPathFactory
) -> tuple[np.ndarray, np.ndarray]:
    """Right ascensions and declinations of sky.all, both poles and the turn of RA among them."""
    rng = np.random.default_rng(7)
    ra = rng.uniform(0, 360, ROWS)
    dec = np.degrees(np.arcsin(rng.uniform(-1, 1, ROWS)))
    ra[:4], dec[:4] = (0.0, 359.999, 10.0, 200.0), (0.0, 0.0, 90.0, -90.0)
    path = tmp_path_factory.mktemp("sky") / "all.ecsv"
    table = Table({"ra": ra, "dec": dec, "other": ra})
    table["ra"].unit = table["dec"].unit = "deg"
    table.write(path, format="ascii.ecsv")
    Publisher(database.url).publish(path, "sky.all")
    flat = Path(path).with_name("flat.ecsv")
    Table({"x": ra}).write(flat, format="ascii.ecsv")
    Publisher(database.url).publish(flat, "sky.flat")
    return ra, dec


def cells_of(database: TestDatabase, name: str, rows: int | None) -> list[Content]:
    """What the reader finds in a table that is said to have so many rows."""

    async def work() -> list[Content]:
        owner = await asyncpg.connect(database.url)
        reader = await asyncpg.connect(database.read_url)
        try:
            tables: dict[str, CatalogueTable] = {
                f"{t.schema}.{t.name}": t for t in (await load_catalogue(owner)).tables()
            }
            return await sky_cells(reader, tables[name], rows)
        finally:
            await owner.close()
            await reader.close()

    return run(work())


def test_every_row_is_in_the_cell_it_lies_in(
    database: TestDatabase, positions: tuple[np.ndarray, np.ndarray]
) -> None:
    cells = cells_of(database, "sky.all", ROWS)
    ra, dec = positions
    belt = np.minimum(np.floor((np.sin(np.radians(dec)) + 1) * 12), 23)
    expected: dict[tuple[float, float], int] = {}
    for key in zip(np.floor(ra / 7.5), belt, strict=True):
        expected[key] = expected.get(key, 0) + 1
    assert sorted(cell["rows"] for cell in cells) == sorted(expected.values())
    assert len(cells) <= 48 * 24
    counts = [cell["rows"] for cell in cells]
    assert counts == sorted(counts, reverse=True)
    drawn = places(cells)
    assert sum(place.number for place in drawn) == ROWS
    assert all(0 <= place.ra < 360 and -90 <= place.dec <= 90 for place in drawn)


@pytest.mark.usefixtures("positions")
def test_a_large_table_is_sampled(database: TestDatabase) -> None:
    sampled = sum(cell["rows"] for cell in cells_of(database, "sky.all", 800_000))
    assert ROWS / 12 < sampled < ROWS / 2  # a quarter, by whole pages


@pytest.mark.usefixtures("positions")
def test_a_view_is_counted_whole_and_other_tables_have_no_map(database: TestDatabase) -> None:
    assert cells_of(database, "ivoa.obscore", 10_000_000) == []
    assert cells_of(database, "sky.flat", ROWS) == []
