"""Cone search to the letter of SCS 1.03: the answer's columns, its errors, what it finds,
by whom."""

import csv
import io
import math
import subprocess
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import numpy as np
import pytest
import pyvo
from astropy.io.votable import parse
from astropy.io.votable.tree import VOTableFile
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree

from service.cone.query import DEC_UCD, ID_UCD, RA_UCD
from tests.serving import STARS, Service
from tests.xsd import valid

_VOTABLE = "{http://www.ivoa.net/xml/VOTable/v1.3}"
_MEDIA_TYPE = "text/xml;content=x-votable"


@pytest.fixture(scope="module")
def archive(service: Service) -> Iterator[httpx.Client]:
    """A client of the archive of demo.stars."""
    with httpx.Client(base_url=service.url, timeout=60) as client:
        yield client


def _search(archive: httpx.Client, **parameters: Any) -> httpx.Response:
    return archive.get("/cone/demo.stars", params=parameters)


def _document(response: httpx.Response) -> VOTableFile:
    assert response.status_code == 200, response.text
    valid(response.content, "VOTable.xsd")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # UCDs of the first version, which SCS demands
        return parse(io.BytesIO(response.content))


def _error(response: httpx.Response) -> str:
    """The words of an error: one INFO named Error, a child of the root (SCS 1.03 §2.3)."""
    root = valid(response.content, "VOTable.xsd")
    found = root.iterfind(f".//{_VOTABLE}INFO")
    (info,) = (each for each in found if each.get("name") == "Error")
    assert info.getparent() is root
    assert not list(root.iter(f"{_VOTABLE}TABLE"))
    return str(info.get("value"))


def _distance(ra: Any, dec: Any, lon: float, lat: float) -> Any:
    """Degrees on the sphere, by the haversine."""
    ra, dec, lon, lat = map(np.radians, (ra, dec, lon, lat))
    h = np.sin((dec - lat) / 2) ** 2 + np.cos(dec) * np.cos(lat) * np.sin((ra - lon) / 2) ** 2
    return np.degrees(2 * np.arcsin(np.sqrt(np.minimum(1, h))))


def _stars(rows: int) -> tuple[Any, Any, Any]:
    number = np.arange(1, rows + 1)
    return number, number % 360000 / 1000, number % 17999 / 100 - 90


@pytest.mark.parametrize(
    ("ra", "dec", "radius"),
    [
        (10.0, 10.0, 5.0),
        (0.0, 0.0, 12.0),
        (359.9, -45.0, 20.0),
        (123.0, 90.0, 7.505),
        (0.0, -90.0, 3.005),
        (12.0, 20.0, 90.0),
        (5.5, -3.0, 0.05),
    ],
)
def test_rows_are_those_within_the_circle(
    archive: httpx.Client, stars: int, ra: float, dec: float, radius: float
) -> None:
    table = _document(_search(archive, RA=ra, DEC=dec, SR=radius)).get_first_table().array
    number, lon, lat = _stars(stars)
    inside = number[_distance(lon, lat, ra, dec) <= radius]
    assert sorted(int(each) for each in table["id"]) == sorted(inside)


def test_columns_have_the_demanded_ucds_and_types(archive: httpx.Client) -> None:
    for verbosity in (1, 2, 3):
        response = _search(archive, RA=10, DEC=10, SR=1, VERB=verbosity)
        assert response.headers["content-type"] == _MEDIA_TYPE
        document = _document(response)
        (resource,) = document.resources
        (table,) = resource.tables
        found = {field.ucd: field for field in table.fields}
        assert found[ID_UCD].datatype in ("char", "unicodeChar")
        assert found[RA_UCD].datatype == found[DEC_UCD].datatype == "double"
        ucds = [field.ucd for field in table.fields]
        assert all(ucds.count(ucd) == 1 for ucd in (ID_UCD, RA_UCD, DEC_UCD))
        assert all(field.description for field in table.fields)
        assert len(table.fields) == (3 if verbosity == 1 else len(STARS))


def test_radius_0_gives_the_columns_without_rows(archive: httpx.Client) -> None:
    whole = _document(_search(archive, RA=0, DEC=90, SR=0)).get_first_table()
    assert len(whole.array) == 0
    assert len(whole.fields) == len(STARS)


def test_beyond_maxrec_an_overflow_is_told(archive: httpx.Client) -> None:
    some = _search(archive, RA=10, DEC=10, SR=30, MAXREC=5)
    assert len(_document(some).get_first_table().array) == 5
    assert b'value="OVERFLOW"' in some.content
    everything = _search(archive, RA=10, DEC=10, SR=30)
    assert b"OVERFLOW" not in everything.content


def test_other_formats_are_given_where_asked(archive: httpx.Client) -> None:
    asked = {"RA": 10, "DEC": 10, "SR": 3, "VERB": 1}
    csv = _search(archive, RESPONSEFORMAT="csv", **asked)
    assert csv.headers["content-type"].startswith("text/csv")
    table = _document(_search(archive, **asked)).get_first_table().array
    assert len(csv.text.splitlines()) == len(table) + 1
    posted = archive.post("/cone/demo.stars", data={k: str(v) for k, v in asked.items()})
    assert len(_document(posted).get_first_table().array) == len(table)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"DEC": 1, "SR": 1}, ["RA is missing", "decimal degrees"]),
        ({"RA": 1, "SR": 1}, ["DEC is missing"]),
        ({"RA": 1, "DEC": 1}, ["SR is missing"]),
        ({"RA": "12:30:10", "DEC": 1, "SR": 1}, ["decimal degrees", "sexagesimal"]),
        ({"RA": "12 30 10", "DEC": 1, "SR": 1}, ["decimal degrees", "sexagesimal"]),
        ({"RA": 1, "DEC": "+12d30m", "SR": 1}, ["decimal degrees", "sexagesimal"]),
        ({"RA": "as3f", "DEC": 1, "SR": 1}, ["RA='as3f' is not a number"]),
        ({"RA": "nan", "DEC": 1, "SR": 1}, ["not a number"]),
        ({"RA": 360.001, "DEC": 1, "SR": 1}, ["outside 0 to 360"]),
        ({"RA": -1, "DEC": 1, "SR": 1}, ["outside 0 to 360"]),
        ({"RA": 1, "DEC": 91.0, "SR": 1}, ["outside -90 to 90"]),
        ({"RA": 1, "DEC": 1, "SR": -0.1}, ["outside 0 to 180"]),
        ({"RA": 1, "DEC": 1, "SR": 181}, ["outside 0 to 180"]),
        ({"RA": "1e999", "DEC": 1, "SR": 1}, ["outside 0 to 360"]),
        ({"RA": [1, 2], "DEC": 1, "SR": 1}, ["RA is given 2 times"]),
        ({"RA": 1, "DEC": 1, "SR": 1, "VERB": 4}, ["VERB='4'", "1, 2 or 3"]),
        ({"RA": 1, "DEC": 1, "SR": 1, "MAXREC": -1}, ["MAXREC"]),
        ({"RA": 1, "DEC": 1, "SR": 1, "RESPONSEFORMAT": "pdf"}, ["RESPONSEFORMAT"]),
    ],
)
def test_a_wrong_parameter_is_an_error_in_words(
    archive: httpx.Client, parameters: dict[str, Any], words: list[str]
) -> None:
    response = archive.get("/cone/demo.stars", params=parameters)
    assert response.status_code == 200
    assert response.headers["content-type"] == _MEDIA_TYPE
    message = _error(response)
    assert all(word in message for word in words), message


def test_unknown_tables_and_resources_are_told_in_the_same_form(archive: httpx.Client) -> None:
    for path in ("/cone/demo.starz", "/cone/tap_schema.tables", "/cone/demo.starz/capabilities"):
        response = archive.get(path, params={"RA": 1, "DEC": 1, "SR": 1})
        assert response.status_code == 404
        assert "/cone lists" in _error(response)
    refused = archive.delete("/cone/demo.stars")
    assert refused.status_code == 405
    assert _error(refused)


def test_names_of_tables_and_parameters_have_no_case(archive: httpx.Client) -> None:
    response = archive.get("/cone/DEMO.Stars", params={"ra": 10, "Dec": "+10.0", "sr": ".5"})
    assert len(_document(response).get_first_table().array)


def test_capabilities_tell_limits_and_a_query_that_works(
    archive: httpx.Client, service: Service
) -> None:
    listed = archive.get("/cone").json()
    urls = {each["table"]: each["url"] for each in listed}
    assert set(urls) == {"demo.stars", "ivoa.obscore"}
    document = archive.get(f"{urls['demo.stars']}/capabilities").content
    root = valid(document, "capabilities.xsd")
    capability = next(c for c in root if c.get("standardID") == "ivo://ivoa.net/std/ConeSearch")
    assert capability.findtext("maxSR") == "180"
    assert capability.findtext("verbosity") == "true"
    base = capability.findtext("interface/accessURL")
    assert base == f"{service.url}/cone/demo.stars?"
    query = capability.findtext("interface/testQuery")
    assert len(_document(httpx.get(f"{base}{query}")).get_first_table().array) > 0
    stated = {each.tag: float(each.text or "nan") for each in capability.find("testQuery")}  # type: ignore[union-attr]
    assert f"RA={stated['ra']!r}&DEC={stated['dec']!r}&SR={stated['sr']!r}" == query
    availability = archive.get(f"{urls['demo.stars']}/availability").content
    assert valid(availability, "VOSIAvailability.xsd") is not None


_TEXTS = st.one_of(
    st.text(max_size=12),
    st.floats(allow_nan=True).map(str),
    st.sampled_from(["12:30:10", "1e400", "-0", "+5", " 5 ", "5d", "٣", "1_0", "\x00", "", "'"]),
)


@settings(max_examples=40)
@given(
    values=st.dictionaries(
        st.sampled_from(["RA", "DEC", "SR", "VERB", "MAXREC", "RESPONSEFORMAT", "X"]), _TEXTS
    )
)
@example(values={"RA": "1", "DEC": "1", "SR": "\ud7ff"})
def test_any_values_give_a_table_or_the_error_of_the_protocol(
    archive: httpx.Client, values: dict[str, str]
) -> None:
    asked = {"RA": "10", "DEC": "10", "SR": "0.1"} | values
    try:
        response = archive.get("/cone/demo.stars", params=asked)
    except UnicodeEncodeError:
        return  # no URL can hold half of a character
    assert response.status_code == 200, response.text
    if response.headers["content-type"] == _MEDIA_TYPE:
        root = etree.fromstring(response.content)
        names = [info.get("name") for info in root.iter(f"{_VOTABLE}INFO")]
        assert ("Error" in names) != bool(list(root.iter(f"{_VOTABLE}TABLE")))


def test_distances_of_the_test_are_right() -> None:
    assert math.isclose(float(_distance(0.0, 0.0, 0.0, 90.0)), 90.0)
    assert math.isclose(float(_distance(359.5, 0.0, 0.5, 0.0)), 1.0)


def test_pyvo_searches_and_shows_errors(service: Service) -> None:
    cone = pyvo.dal.SCSService(f"{service.url}/cone/demo.stars")
    found = cone.search(pos=(10.0, 10.0), radius=3.0, verbosity=3)
    assert len(found)
    row = found[0]
    assert row.id == str(row["id"])
    assert abs(row.pos.ra.deg - row["ra"]) < 1e-9
    with pytest.raises(pyvo.dal.DALQueryError, match="outside 0 to 180"):
        cone.search(pos=(10.0, 10.0), radius=200.0)


def test_stilts_searches_matches_and_finds_no_fault(
    service: Service, require_tool: Callable[[str], str]
) -> None:
    stilts = require_tool("stilts")
    url = f"{service.url}/cone/demo.stars"

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [stilts, "-batch", *arguments], capture_output=True, text=True, timeout=240
        )

    at = ("lon=10", "lat=10", "radius=3")
    found = run("cone", f"serviceurl={url}", *at, "verb=1", "ofmt=csv", "out=-")
    assert found.returncode == 0, found.stderr
    rows = list(csv.DictReader(io.StringIO(found.stdout)))
    assert set(rows[0]) == {"id", "ra", "dec"}
    wrong = run("cone", f"serviceurl={url}", "lon=10", "lat=10", "radius=200")
    assert "SR=200.0 is outside 0 to 180" in wrong.stderr
    query = f"{url}?RA=10&DEC=10&SR=3"
    for asked in (query, f"{url}?RA=10&DEC=10&SR=0", f"{url}?RA=x", f"{query}&VERB=3&MAXREC=1"):
        linted = run("votlint", f"votable={asked}")
        assert (linted.returncode, linted.stdout) == (0, ""), linted.stdout
    matched = run(
        "coneskymatch", f"in={query}&MAXREC=20", "ra=ra", "dec=dec", "sr=0.00001", "find=all",
        f"serviceurl={url}", "usefoot=false", "ofmt=csv", "out=-",
    )  # fmt: skip
    assert matched.returncode == 0, matched.stderr
    assert len(list(csv.DictReader(io.StringIO(matched.stdout)))) == 20
