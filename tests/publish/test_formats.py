"""What goes in comes out: every type, in every format, through TAP as pyvo gets it."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import votable
from astropy.table import Table

from tests.publish.conftest import Publisher
from tests.publish.everything import cells, everything, with_arrays
from tests.serving import Service

Ask = Callable[[str], Table]

_VOTABLES = {"tabledata": "tabledata", "binary": "binary", "binary2": "binary2"}
_MOMENTS = {"seen"}
_NULLS = {"octet": 7, "small": 0, "medium": 0, "large": 0}  # what is below the mask


def _write_votable(path: Path, serialization: str) -> Table:
    table = with_arrays()
    document = votable.from_table(table)
    first = document.get_first_table()
    for field in first.fields:
        if field.name == "yes":  # astropy makes it a bit, which cannot be missing
            field.datatype = "boolean"
        if field.name in _NULLS and serialization != "binary2":
            field.values.null = _NULLS[field.name]
        if field.name in _MOMENTS:
            field.xtype = "timestamp"
    document.to_xml(str(path), tabledata_format=serialization)
    return table


def _write_fits(path: Path) -> Table:
    table = with_arrays()
    table["Größe"].name = "groesse"
    table["groesse"] = ["e", "O", ""]
    table["yes"] = [True, False, False]  # astropy writes a missing one as true
    table.write(path, format="fits")
    path.with_name(path.name + ".toml").write_text('[columns.seen]\nxtype = "timestamp"\n')
    return table


def _write_parquet(path: Path) -> Table:
    table = everything()
    fields = [
        pa.array(cells(table, name), pa.timestamp("us") if name in _MOMENTS else None)
        for name in table.colnames
        if name not in _MOMENTS
    ]
    names = [name for name in table.colnames if name not in _MOMENTS]
    moments = pa.array(table["seen"].tolist()).cast(pa.timestamp("us"))
    lists = pa.array([[1, 2], None, []], pa.list_(pa.int32()))
    arrow = pa.table([*fields, moments, lists], [*names, "seen", "many"])
    pq.write_table(arrow, path)
    table["many"] = np.array([[1, 2], [], []], object)  # VOTable has no missing array
    return table


def _write_ecsv(path: Path) -> Table:
    table = with_arrays()
    table.remove_column("wave")
    table.write(path, format="ascii.ecsv")
    path.with_name(path.name + ".toml").write_text('[columns.seen]\nxtype = "timestamp"\n')
    return table


def _write_csv(path: Path) -> Table:
    table = everything()
    table.write(path, format="ascii.csv")
    return table


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Table]]:
    """Each format's file and the table in it."""
    folder = tmp_path_factory.mktemp("formats")
    found: dict[str, tuple[Path, Table]] = {}
    for name, serialization in _VOTABLES.items():
        path = folder / f"{name}.vot"
        found[name] = path, _write_votable(path, serialization)
    writers: dict[str, Callable[[Path], Table]] = {
        "fits": _write_fits,
        "parquet": _write_parquet,
        "ecsv": _write_ecsv,
        "csv": _write_csv,
    }
    for name, writer in writers.items():
        path = folder / f"all.{name}"
        found[name] = path, writer(path)
    return found


@pytest.fixture(scope="module")
def published(written: dict[str, tuple[Path, Table]], database: Any) -> dict[str, Table]:
    """The tables, published as formats.NAME before the API is asked for the first time."""
    publisher = Publisher(database.url)
    for name, (path, _) in written.items():
        report = publisher.publish(path, f"formats.{name}")
        assert report.rows == 3
        assert report.position == ("ra", "dec")
    return {name: table for name, (_, table) in written.items()}


@pytest.mark.parametrize("form", [*_VOTABLES, "fits", "parquet", "ecsv", "csv"])
def test_every_value_comes_back(form: str, published: dict[str, Table], ask: Ask) -> None:
    expected = published[form]
    found = ask(f"SELECT * FROM formats.{form} ORDER BY id")
    assert found.colnames == expected.colnames
    for name in expected.colnames:
        assert cells(found, name) == cells(expected, name), name


@pytest.mark.parametrize("form", [*_VOTABLES, "ecsv"])
def test_metadata_is_kept(form: str, published: dict[str, Table], ask: Ask) -> None:
    rows = ask(
        "SELECT column_name, unit, ucd, description, xtype, indexed FROM TAP_SCHEMA.columns "
        f"WHERE table_name = 'formats.{form}'"
    )
    said = {row["column_name"]: row for row in rows}
    assert said["ra"]["unit"] == "deg"
    assert said["ra"]["ucd"] == "pos.eq.ra;meta.main"
    assert said["ra"]["indexed"] == 1
    assert said["wide"]["unit"] == "km.s**-1"
    assert said["wide"]["description"] == "A <speed> & more"
    assert said["seen"]["xtype"] == "timestamp"
    assert {'"select"', '"two words"', '"Größe"'} <= set(said)


@pytest.mark.parametrize("form", [*_VOTABLES, "fits", "parquet", "ecsv", "csv"])
def test_cone_search_finds_the_row(form: str, published: dict[str, Table], ask: Ask) -> None:
    found = ask(
        f"SELECT id FROM formats.{form} WHERE 1 = CONTAINS(POINT(ra, dec), CIRCLE(0, 0, 0.001))"
    )
    assert list(found["id"]) == [2]


def test_a_missing_array_is_null(published: dict[str, Table], ask: Ask) -> None:
    assert list(ask("SELECT id FROM formats.parquet WHERE many IS NULL")["id"]) == [2]


def test_taplint_finds_nothing(
    published: dict[str, Table], service: Service, require_tool: Callable[[str], str]
) -> None:
    """What is said of the tables is valid, the same everywhere, and what their queries give."""
    command = [require_tool("stilts"), "-batch", "taplint", f"tapurl={service.url}/tap"]
    done = subprocess.run(
        [*command, "stages=TMV TME TMS TMC MDQ"], capture_output=True, text=True, timeout=240
    )
    lines = done.stdout.splitlines()
    assert "SELECT TOP 1 * FROM formats.fits" in done.stdout
    assert [line for line in lines if line.startswith(("E-", "W-", "F-"))] == []
