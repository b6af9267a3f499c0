"""What is said of names that mean nothing, of joins, groups and comparisons, on a catalogue."""

import pytest

import adql
from adql.catalogue import Column, SkyPosition, Table
from adql.columns import ColumnMeta
from schema.catalogue import TableCatalogue
from tests.adql.conftest import CATALOGUE


def table(schema: str, name: str, *columns: str, positions: tuple[SkyPosition, ...] = ()) -> Table:
    made = tuple(
        Column(ColumnMeta(column, "double"), f'"{column}"', "double precision")
        for column in columns
    )
    return Table(schema, name, f'"{schema}"."{name}"', made, positions)


POSITIONS = (SkyPosition("ra", "dec"),)
NARROW = TableCatalogue(
    (
        table("a", "radio", "ra", "dec", "flux", positions=POSITIONS),
        table("a", "xray", "ra", "dec", "counts", positions=POSITIONS),
        table("b", "notes", "flux", "remark"),
        table("c", "notes", "author"),
    )
)

NAMES = {
    "SELECT nmae FROM sky.stars": ("nmae", "column 'nmae' not found", "name"),
    "SELECT s.nmae FROM sky.stars AS s": ("s.nmae", "column 's.nmae' not found", "s.name"),
    "SELECT q FROM sky.stars": (
        "q",
        "column 'q' not found: TAP_SCHEMA.columns lists them",
        None,
    ),
    "SELECT name FROM sky.stars WHERE name = Vega": (
        "Vega",
        "column 'Vega' not found: write 'Vega' between single quotes where it is a text",
        None,
    ),
    "SELECT weight FROM sky.stars": (
        "weight",
        "column 'weight' is not in FROM but in sky.plain: add that with JOIN",
        None,
    ),
    "SELECT s.weight FROM sky.stars s JOIN sky.plain p ON s.id = p.id": (
        "s.weight",
        "column 'weight' is not in s but in p",
        "p.weight",
    ),
    "SELECT id FROM sky.star": ("sky.star", "table 'sky.star' not found", "sky.stars"),
    "SELECT id FROM other.stars": ("other.stars", "table 'other.stars' not found", "sky.stars"),
    "SELECT id FROM strs": ("strs", "table 'strs' not found", "sky.stars"),
    "SELECT id FROM x": ("x", "table 'x' not found: TAP_SCHEMA.tables lists them", None),
    "SELECT stars.id FROM sky.stars AS s": (
        "stars.id",
        "'stars' is called s in this FROM: write s",
        None,
    ),
    "SELECT plain.id FROM sky.stars": (
        "plain.id",
        "'plain' is no table of this FROM: add it there, with JOIN and ON",
        None,
    ),
    "SELECT starz.id FROM sky.stars AS stars": (
        "starz.id",
        "'starz' is no table of this FROM",
        "stars",
    ),
    "SELECT q.id FROM sky.stars AS s": (
        "q.id",
        "'q' is no table of this FROM, which has s",
        None,
    ),
    "SELECT mag * 2 AS bright FROM sky.stars WHERE bright < 3": (
        "bright",
        "'bright' names an output, which conditions cannot use: write mag * 2 again",
        None,
    ),
    'SELECT id FROM sky.stars WHERE name = "Vega"': (
        '"Vega"',
        "column \"Vega\" not found: write 'Vega' between single quotes where it is a text",
        None,
    ),
    "SELECT id FROM sky.stars WHERE ROWNUM < 9": (
        "ROWNUM",
        "ROWNUM is not ADQL: write TOP n after SELECT",
        None,
    ),
    "SELECT a.id FROM sky.stars a JOIN sky.plain b WHERE a.id = b.id": (
        "sky.plain b",
        "a join without a condition: write ON a.id = b.id",
        None,
    ),
    "SELECT mag, name, COUNT(*) FROM sky.stars GROUP BY name": (
        "mag",
        "column 'mag' is neither grouped nor aggregated: write GROUP BY name, mag, or MAX(mag)",
        None,
    ),
    "SELECT id FROM sky.stars WHERE mag = name": (
        "mag = name",
        "mag is a number, name is a text: write CAST(mag AS VARCHAR)",
        None,
    ),
    "SELECT mag FROM sky.stars HAVING mag > 3": (
        "mag",
        "column 'mag' is neither grouped nor aggregated: write WHERE in place of HAVING, "
        "or GROUP BY mag",
        None,
    ),
    "SELECT id FROM sky.stars WHERE CONTAINS(footprint, footprint) = TRUE": (
        "CONTAINS(footprint, footprint) = TRUE",
        "CONTAINS(footprint, footprint) is a number, TRUE is a truth value: "
        "write 1 for TRUE, 0 for FALSE",
        None,
    ),
    "SELECT id FROM sky.stars WHERE name IN (1, 2)": (
        "name IN (1, 2)",
        "name is a text: write the values between single quotes",
        None,
    ),
    "SELECT id FROM sky.stars WHERE observed > 58000": (
        "observed > 58000",
        "observed is a timestamp, 58000 is a number: write ivo_to_mjd(observed), which is in days",
        None,
    ),
    "SELECT id FROM sky.stars WHERE observed = name": (
        "observed = name",
        "observed is a timestamp, name is a text: write CAST(name AS TIMESTAMP)",
        None,
    ),
    "SELECT id FROM sky.stars WHERE mag LIKE '1%'": (
        "mag",
        "LIKE compares texts, not a number: write CAST(mag AS VARCHAR)",
        None,
    ),
    "SELECT name + ' x' FROM sky.stars": (
        "name",
        "+ takes a number, not a text: write || to join texts",
        None,
    ),
    "SELECT stddev(mag) FROM sky.stars": (
        "stddev",
        "stddev is not ADQL: write sh_stddev(x)",
        None,
    ),
}

JOINS = {
    "SELECT x.flux FROM a.radio x JOIN a.xray y": (
        "a join without a condition: write ON DISTANCE(x.ra, x.dec, y.ra, y.dec) < 1./3600, "
        "or another radius in degrees"
    ),
    "SELECT x.flux FROM a.radio x JOIN b.notes y": (
        "a join without a condition: write ON x.flux = y.flux"
    ),
    "SELECT x.flux FROM a.radio x JOIN c.notes y": (
        "a join without a condition: write ON with the columns that link both tables"
    ),
    "SELECT remark FROM notes": "table 'notes' is ambiguous: write b.notes or c.notes",
    "SELECT flux FROM a.xray": (
        "column 'flux' is not in FROM but in a.radio, b.notes: add that with JOIN"
    ),
}


@pytest.mark.parametrize("query", NAMES)
def test_what_was_meant_is_suggested_at_its_place(query: str) -> None:
    words, message, suggestion = NAMES[query]
    with pytest.raises(adql.ADQLError) as caught:
        adql.translate(query, CATALOGUE, "ADQL")
    error = caught.value
    assert (error.message, error.suggestion) == (message, suggestion)
    assert query[error.column - 1 :][: error.length] == words


@pytest.mark.parametrize("query", JOINS)
def test_tables_are_linked_by_what_they_share(query: str) -> None:
    with pytest.raises(adql.ADQLError) as caught:
        adql.translate(query, NARROW)
    assert caught.value.message == JOINS[query]


@pytest.mark.parametrize("query", [q for q, said in NAMES.items() if said[2]])
def test_a_suggestion_in_place_of_the_words_translates(query: str) -> None:
    words, _, suggestion = NAMES[query]
    assert suggestion is not None
    repaired = query.replace(words, suggestion + ".id" * words.startswith("starz"))
    adql.translate(repaired, CATALOGUE, "ADQL")
