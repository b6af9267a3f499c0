"""What the publisher says over what the file says: names, words, positions, keys, examples."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from astropy.table import Table
from pyvo.dal.exceptions import DALQueryError

from service.publish.metadata import load_metadata
from service.publish.names import table_name
from service.publish.template import metadata_template
from service.tables.table import TableError
from tests.conftest import TestDatabase
from tests.publish.conftest import Publisher

CSV = "ra_h,de,Flux,flux,id,note\n1.5,-30,1.0,2.0,007,plain\n23,45,,3.5,012,\n"


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    path = tmp_path / "stars.csv"
    path.write_text(CSV)
    return path


def _toml(path: Path, *lines: str) -> None:
    path.with_name(path.name + ".toml").write_text("\n".join(lines))


def _columns(publisher: Publisher, name: str) -> dict[str, Any]:
    rows = publisher.rows(
        "SELECT * FROM tap_schema.columns WHERE table_name = $1 ORDER BY column_index", name
    )
    return {row["column_name"]: row for row in rows}


def test_words_units_and_a_position(publisher: Publisher, csv: Path) -> None:
    _toml(
        csv,
        'title = "Two stars"',
        'description = """Stars',
        'of a test"""',
        "index = 7",
        "[schema]",
        'description = "Tables of this test"',
        "[position]",
        'ra = "ra_h"',
        'dec = "de"',
        "[columns.ra_h]",
        'name = "ra"',
        'unit = "hourangle"',
        'convert = "deg"',
        'ucd = "pos.eq.ra;meta.main"',
        "principal = true",
        "[columns.note]",
        "skip = true",
        "[columns.id]",
        "index = true",
        'description = "A name"',
    )
    report = publisher.publish(csv, "words.stars")
    assert report.position == ("ra", "de")
    columns = _columns(publisher, "words.stars")
    assert list(columns) == ["ra", "de", '"Flux"', '"flux"', "id"]
    assert columns["ra"]["unit"] == "deg"
    assert [columns[name]["indexed"] for name in columns] == [1, 1, 0, 0, 1]
    assert [columns[name]["principal"] for name in columns] == [1, 0, 0, 0, 0]
    rows = publisher.rows('SELECT ra, "Flux", flux, id FROM words.stars ORDER BY id')
    assert [tuple(row) for row in rows] == [(22.5, 1.0, 2.0, "007"), (345.0, None, 3.5, "012")]
    table = publisher.rows("SELECT * FROM tap_schema.tables WHERE table_name = 'words.stars'")[0]
    assert (table["description"], table["table_index"]) == ("Stars of a test", 7)
    schema = publisher.rows(
        "SELECT description FROM tap_schema.schemas WHERE schema_name = 'words'"
    )
    assert schema[0]["description"] == "Tables of this test"


@pytest.fixture(scope="module")
def odd_names(database: TestDatabase, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Tables with names that are not plain, before anybody asks; the longest name's beginning."""
    long = "n" * 70
    folder = tmp_path_factory.mktemp("names")
    (folder / "cases.csv").write_text(CSV)
    (folder / "long.csv").write_text(f"{long}1,{long}2\n3,4\n")
    publisher = Publisher(database.url)
    publisher.publish(folder / "cases.csv", "cases.stars")
    publisher.publish(folder / "long.csv", f"long.{'t' * 80}")
    publisher.publish(folder / "cases.csv", "changing.stars")
    return long


def test_a_query_in_the_moment_of_change(
    odd_names: str, publisher: Publisher, ask: Callable[[str], Table], tmp_path: Path
) -> None:
    """The API may know the former columns for some seconds; it then says what to do."""
    assert len(ask("SELECT note FROM changing.stars")) == 2
    (tmp_path / "t.csv").write_text("ra_h,de\n1,2\n")
    publisher.publish(tmp_path / "t.csv", "changing.stars")
    with pytest.raises(DALQueryError, match=r"published anew .* send the query again"):
        ask("SELECT note FROM changing.stars")
    assert len(ask("SELECT de FROM changing.stars")) == 1


def test_names_that_differ_in_case_alone_are_queried_in_quotes(
    odd_names: str, ask: Callable[[str], Table]
) -> None:
    found = ask('SELECT "Flux", "flux" FROM cases.stars WHERE id = \'007\'')
    assert (found["Flux"][0], found["flux"][0]) == (1.0, 2.0)


def test_names_longer_than_postgresql_has(odd_names: str, ask: Callable[[str], Table]) -> None:
    long = odd_names
    found = ask(f"SELECT {long}2, {long}1 FROM long.{'t' * 80}")
    assert found.colnames == [f"{long}2", f"{long}1"]
    assert (found[f"{long}2"][0], found[f"{long}1"][0]) == (4, 3)


def test_an_example_must_work(publisher: Publisher, csv: Path) -> None:
    good = ["[[examples]]", 'title = "All"', 'query = "SELECT id FROM examples.stars"']
    _toml(csv, *good)
    publisher.publish(csv, "examples.stars")
    kept = publisher.rows("SELECT title, query FROM archive.example")
    assert [tuple(row) for row in kept] == [("All", "SELECT id FROM examples.stars")]
    _toml(csv, *good, "[[examples]]", 'title = "Bad"', 'query = "SELECT idd FROM examples.stars"')
    with pytest.raises(TableError, match=r"the example 'Bad' is no query that works: .*idd"):
        publisher.publish(csv, "examples.stars")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["tittle = 1"], r"line 1: unknown key `tittle`; did you mean `title`\?"),
        (["title = 1"], r"line 1: `title`: input should be a valid string"),
        (
            ["[columns.ra]", "ucd = ''"],
            r"line 1: the table has no column 'ra'; did you mean `ra_h`",
        ),
        (["[columns.de]", "units = 'deg'"], r"line 2: unknown key .*did you mean `unit`"),
        (["[columns.de]", "datatype = 'text'"], r"line 2: `columns.de.datatype`: input should be"),
        (["[columns.de]", "convert = 'deg'"], r"line 2: 'de' cannot be converted from no unit"),
        (["[position]", "ra = 'note'", "dec = 'de'"], r"'note' can be no part of a position"),
        (["[position]", "ra = 'x'", "dec = 'de'"], r"line 2: the table has no column 'x'"),
        (["[columns.Flux]", "name = 'flux'"], r"two columns are named 'flux'; rename"),
        (
            ["[[keys]]", "columns = ['id']", "to = 'ivoa.obscor'", "to_columns = ['obs_id']"],
            r"there is no table 'ivoa.obscor'; did you mean `ivoa.obscore`",
        ),
        (
            ["[[keys]]", "columns = ['id']", "to = 'ivoa.obscore'", "to_columns = ['obs_idd']"],
            r"ivoa.obscore has no column 'obs_idd'; did you mean `obs_id`",
        ),
        (["nonsense"], r"is not valid TOML"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(
    publisher: Publisher, csv: Path, lines: list[str], message: str
) -> None:
    _toml(csv, *lines)
    with pytest.raises(TableError, match=message) as raised:
        publisher.publish(csv, "wrong.stars")
    assert str(csv.parent) in str(raised.value)
    assert not publisher.rows("SELECT 1 FROM tap_schema.tables WHERE schema_name = 'wrong'")


def test_the_template_is_a_metadata_file(csv: Path, tmp_path: Path) -> None:
    toml = tmp_path / "template.toml"
    toml.write_text(metadata_template(csv))
    words = load_metadata(toml, csv).words
    assert list(words.columns) == ["ra_h", "de", "Flux", "flux", "id", "note"]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("gaia.dr3", "gaia.dr3"),
        ("gaia.select", 'gaia."select"'),
        ('gaia."My ""Table"""', 'gaia."My ""Table"""'),
    ],
)
def test_table_names(text: str, written: str) -> None:
    assert table_name(text).written == written


@pytest.mark.parametrize(
    "text",
    [
        "stars",
        "a.b.c",
        "1a.b",
        "ivoa.x",
        "tap_schema.x",
        "PG_x.y",
        "archive.x",
        "select.x",
        "uws.x",
    ],
)
def test_names_that_cannot_be(text: str) -> None:
    with pytest.raises(
        Exception, match=r"SCHEMA\.TABLE|belongs to the archive|no name for a schema"
    ):
        table_name(text)
