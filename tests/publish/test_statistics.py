"""Rows, ranges and quantiles of a table, as its description serves them."""

from typing import Any

import asyncpg
import httpx
import numpy as np
import pytest
from astropy.table import MaskedColumn, Table

from schema.statistics import QUANTILES
from tests.conftest import TestDatabase, run
from tests.publish.conftest import Publisher
from tests.serving import Service
from tests.xsd import valid

ROWS = 20_000


@pytest.fixture(scope="module")
def table() -> Table:
    rng = np.random.default_rng(3)
    number = np.arange(ROWS)
    return Table(
        {
            "id": number,
            "normal": rng.normal(10.0, 2.0, ROWS),
            "steps": np.where(number % 4 == 0, 5, number % 97).astype(np.int32),
            "gaps": MaskedColumn(rng.random(ROWS), mask=number % 5 == 0),
            "none": MaskedColumn(np.zeros(ROWS), mask=True),
            "word": np.char.add("w", (number % 3).astype("U1")),
            "seen": (np.datetime64("2020-01-01") + number * np.timedelta64(1, "m")).astype("U"),
        }
    )


@pytest.fixture(scope="module")
def described(
    table: Table,
    database: TestDatabase,
    service: Service,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Any]:
    """The JSON of the published table."""
    path = tmp_path_factory.mktemp("statistics") / "t.ecsv"
    table.write(path, format="ascii.ecsv")
    path.with_name("t.ecsv.toml").write_text(
        'title = "Numbers"\n[columns.seen]\nxtype = "timestamp"\n'
        '[[examples]]\ntitle = "Few"\nquery = "SELECT TOP 3 id FROM spread.t"\n'
    )
    Publisher(database.url).publish(path, "spread.t")
    url = f"{service.url}/tap/tables/Spread.T"
    found = httpx.get(url, headers={"Accept": "application/json"})
    assert found.status_code == 200
    answer: dict[str, Any] = found.json()
    return answer


def test_the_table(described: dict[str, Any], service: Service) -> None:
    assert described["rows"] == ROWS
    assert described["rows_exact"] is True
    assert described["octets"] > ROWS * 8
    assert (described["title"], described["source"]) == ("Numbers", "t.ecsv")
    assert [example["title"] for example in described["examples"]] == ["Few"]
    document = httpx.get(f"{service.url}/tap/tables/spread.t").content
    root = valid(document, "VOSITables.xsd")
    assert root.findtext("nrows") == str(ROWS)
    assert root.findtext("title") == "Numbers"


def test_ranges_and_missing_values_are_exact(table: Table, described: dict[str, Any]) -> None:
    said = {column["name"]: column["statistics"] for column in described["columns"]}
    for name in ("id", "normal", "steps", "gaps"):
        assert said[name]["lowest"] == table[name].min()
        assert said[name]["highest"] == table[name].max()
        assert said[name]["exact"] is True
    assert said["gaps"]["missing"] == 0.2
    assert said["none"]["missing"] == 1.0
    assert "lowest" not in said["none"]
    assert said["seen"]["lowest"] == "2020-01-01T00:00:00"
    assert said["seen"]["highest"] == table["seen"][-1] + ":00"


@pytest.mark.parametrize("name", ["id", "normal", "steps", "gaps"])
def test_quantiles_are_near(name: str, table: Table, described: dict[str, Any]) -> None:
    said = next(c["statistics"] for c in described["columns"] if c["name"] == name)
    values = np.ma.asarray(table[name]).compressed()
    for share in QUANTILES:
        # What lies below the quantile and below the next value bracket its share.
        place = said["quantiles"][str(share)]
        assert np.mean(values < place) - 0.02 <= share <= np.mean(values <= place) + 0.02


def test_distinct_and_common_values(described: dict[str, Any]) -> None:
    said = {column["name"]: column["statistics"] for column in described["columns"]}
    assert said["id"]["distinct"] == ROWS
    assert said["steps"]["distinct"] == 97
    assert said["word"]["distinct"] == 3
    assert {item["value"] for item in said["word"]["common"]} == {"w0", "w1", "w2"}
    assert said["steps"]["common"][0]["value"] == "5"


def test_a_table_that_is_not_there(service: Service) -> None:
    found = httpx.get(f"{service.url}/tap/tables/x.y", headers={"Accept": "application/json"})
    assert found.status_code == 404


def test_closed_rows_give_no_statistics(database: TestDatabase, service: Service) -> None:
    """Values of ObsCore are told while every collection is open, and no more when one is closed."""

    async def change(*statements: str) -> None:
        connection = await asyncpg.connect(database.url)
        for statement in statements:
            await connection.execute(statement)
        await connection.close()

    def spread() -> list[Any]:
        url = f"{service.url}/tap/tables/ivoa.obscore"
        columns = httpx.get(url, headers={"Accept": "application/json"}).json()["columns"]
        return [c["statistics"]["common"] for c in columns if "common" in c.get("statistics", {})]

    run(
        change(
            "INSERT INTO archive.collection (name, root, config) VALUES ('c', '/c', '{}')",
            "INSERT INTO archive.dataset (collection_id, calib_level, obs_collection, obs_id, "
            "obs_publisher_did) SELECT id, 2, 'c', i % 3, i FROM archive.collection, "
            "generate_series(1, 100) AS i WHERE name = 'c'",
            "ANALYZE archive.dataset",
        )
    )
    assert spread()
    run(change("UPDATE archive.collection SET readable_by = '{ada}' WHERE name = 'c'"))
    assert not spread()
