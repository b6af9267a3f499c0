"""Notes: accepted queries with something that their author should know."""

import pytest

import adql
from adql.semantics.notes import MAX_NOTES
from adql.syntax.words import Version
from tests.adql.conftest import CATALOGUE

NOTED = {
    "SELECT COS(dec) FROM sky.stars": (
        "dec",
        "COS takes radians, dec is in deg: write RADIANS(dec)",
    ),
    "SELECT SIN(ra - 180) FROM sky.plain": (
        "ra - 180",
        "SIN takes radians, ra - 180 is in deg: write RADIANS(ra - 180)",
    ),
    "SELECT TAN(IN_UNIT(dec, 'arcmin')) FROM sky.stars": (
        "IN_UNIT(dec, 'arcmin')",
        "TAN takes radians, IN_UNIT(dec, 'arcmin') is in arcmin: "
        "write IN_UNIT(IN_UNIT(dec, 'arcmin'), 'rad')",
    ),
    "SELECT POINT(RADIANS(ra), 0) FROM sky.stars": (
        "RADIANS(ra)",
        "POINT takes degrees, RADIANS(ra) is in rad: write IN_UNIT(RADIANS(ra), 'deg')",
    ),
    "SELECT 1/3600 FROM sky.stars": (
        "1/3600",
        "1/3600 is 0, as both are whole numbers: write 1./3600",
    ),
    "SELECT id / 2 FROM sky.stars": (
        "id / 2",
        "the quotient of whole numbers is a whole number: write 1. * in front",
    ),
    "SELECT ra - IN_UNIT(dec, 'arcsec') + 1 FROM sky.stars": (
        "ra - IN_UNIT(dec, 'arcsec') + 1",
        "ra is in deg, IN_UNIT(dec, 'arcsec') in arcsec: "
        "write IN_UNIT(IN_UNIT(dec, 'arcsec'), 'deg')",
    ),
    "SELECT ra + mag FROM sky.stars": (
        "ra + mag",
        "ra is in deg, mag in mag, which cannot become that",
    ),
    "SELECT id FROM sky.stars WHERE mag = NULL": (
        "mag = NULL",
        "a comparison with NULL is never true: write mag IS NULL",
    ),
    "SELECT id FROM sky.stars WHERE mag <> NULL": (
        "mag <> NULL",
        "a comparison with NULL is never true: write mag IS NOT NULL",
    ),
    "SELECT BOX(ra, dec, 1, 1) FROM sky.stars": (
        "BOX(ra, dec, 1, 1)",
        "BOX is deprecated in ADQL 2.1: write POLYGON with the four corners",
    ),
    "SELECT COORDSYS(POINT(ra, dec)) FROM sky.stars": (
        "COORDSYS(POINT(ra, dec))",
        "COORDSYS is deprecated in ADQL 2.1: all positions here are ICRS",
    ),
    "SELECT POINT('ICRS', ra, dec) FROM sky.stars": (
        "'ICRS'",
        "the coordinate system 'ICRS' is deprecated in ADQL 2.1: write POINT without it, in ICRS",
    ),
    "SELECT id FROM sky.stars NATURAL JOIN (SELECT weight FROM sky.plain) AS w": (
        "sky.stars NATURAL JOIN (SELECT weight FROM sky.plain) AS w",
        "the tables have no column in common: NATURAL JOIN pairs every row with every",
    ),
    "SELECT a.id FROM sky.stars AS a, sky.plain AS b WHERE a.id = 3 AND b.id = 4": (
        "sky.plain AS b",
        "no condition links sky.plain AS b with the tables before it: every row is paired with "
        "every row; write JOIN and ON",
    ),
    "SELECT a.id FROM sky.stars a, sky.plain b, sky.plain c WHERE a.id = b.id": (
        "sky.plain c",
        "no condition links sky.plain c with the tables before it: every row is paired with "
        "every row; write JOIN and ON",
    ),
}

QUIET = [
    "SELECT COS(RADIANS(dec)), COS(dec * PI() / 180), SIN(1.5) FROM sky.stars",
    "SELECT 1./3600, 4/2, mag/2, id/2., 3.*id/2 FROM sky.stars",
    "SELECT id FROM sky.stars WHERE mag IS NULL",
    "SELECT POINT(ra, dec), CIRCLE(ra, dec, 0.1) FROM sky.stars",
    "SELECT weight FROM sky.stars NATURAL JOIN sky.plain",
    "SELECT a.id FROM sky.stars a, sky.plain b WHERE a.mag > 3 AND (a.id = b.id OR 1 = 2)",
    "SELECT a.id FROM sky.stars a, sky.plain b, sky.stars c WHERE b.id = c.id AND a.id = b.id",
    "SELECT a.id FROM sky.stars a, sky.plain b WHERE DISTANCE(a.ra, a.dec, b.ra, b.dec) < 1",
    "SELECT id FROM sky.stars, (SELECT MAX(mag) AS faint FROM sky.stars) AS m",
    "SELECT a.id FROM sky.stars a, sky.plain b "
    "WHERE EXISTS (SELECT id FROM sky.plain WHERE id = a.id AND id = b.id)",
    "SELECT a.id FROM sky.stars a CROSS JOIN sky.plain b",
]


def notes(query: str, version: Version = "ADQL") -> tuple[adql.Note, ...]:
    return adql.translate(query, CATALOGUE, version).notes


@pytest.mark.parametrize("query", NOTED)
def test_a_note_says_what_to_write_and_where(query: str) -> None:
    (note,) = notes(query)
    words, message = NOTED[query]
    assert note.message == message
    assert query[note.column - 1 :][: note.length] == words


@pytest.mark.parametrize("query", QUIET)
def test_what_is_meant_as_it_stands_gets_no_note(query: str) -> None:
    assert notes(query) == ()


def test_adql_2_0_wants_a_coordinate_system() -> None:
    assert notes("SELECT POINT('ICRS', ra, dec) FROM sky.stars", "2.0") == ()


def test_notes_come_in_the_order_of_the_text_with_lines_and_are_bounded() -> None:
    query = "SELECT id FROM sky.stars\nWHERE mag = NULL\n OR COS(ra) = NULL"
    assert [(note.line, note.column) for note in notes(query)] == [(2, 7), (3, 5), (3, 9)]
    many = " OR ".join(["mag = NULL"] * 200)
    assert len(notes(f"SELECT id FROM sky.stars WHERE {many}")) == MAX_NOTES
