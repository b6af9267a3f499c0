"""SIA 2.0: every parameter against brute force, the form of answers and errors, real clients."""

import csv
import io
import math
import random
from typing import Any

import httpx
import numpy as np
import pytest
import pyvo
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree

from schema.obscore import OBSCORE_COLUMNS
from service.sia.request import INTERVALS, TEXTS
from service.sia.vosi import PARAMETERS
from tests.serving import Service
from tests.sia import sphere
from tests.sia.conftest import DID, outlines
from tests.xsd import valid

_VOTABLE = "{http://www.ivoa.net/xml/VOTable/v1.3}"


def _found(archive: httpx.Client, **parameters: Any) -> list[dict[str, str]]:
    response = archive.get("/sia/query", params={**parameters, "RESPONSEFORMAT": "csv"})
    assert response.status_code == 200, response.text
    return list(csv.DictReader(io.StringIO(response.text)))


def _numbers(archive: httpx.Client, **parameters: Any) -> set[int]:
    """Which of the outlines were found."""
    rows = _found(archive, COLLECTION="OUTLINES", **parameters)
    return {int(row["obs_id"].partition("-")[2]) for row in rows}


def _shapes() -> list[tuple[str, sphere.Holds]]:
    """Values of POS all over the sky, with what tells their points."""
    seeded = random.Random(11)
    found: list[tuple[str, sphere.Holds]] = []
    for _ in range(12):
        lon = seeded.choice([0.0, 0.3, 359.0, seeded.uniform(0, 360)])
        lat = seeded.choice([90.0, -90.0, 88.0, seeded.uniform(-90, 90)])
        radius = 10 ** seeded.uniform(-1, 1.6)
        found.append((f"CIRCLE {lon} {lat} {radius}", sphere.in_circle(lon, lat, radius)))
    for _ in range(20):
        west = seeded.choice([0.0, 350.0, seeded.uniform(0, 360)])
        width = seeded.choice([1.0, 40.0, 170.0, 250.0])
        south = seeded.choice([-90.0, 60.0, seeded.uniform(-90, 80)])
        north = min(90.0, south + seeded.choice([0.5, 10.0, 60.0]))
        text = f"RANGE {west} {(west + width) % 360} {south} {north}"
        found.append((text, sphere.in_range(west, width, south, north)))
    for name in ("RANGE 0 360 -2 2", "RANGE 0 360 89 +Inf", "RANGE -Inf +Inf -Inf -80"):
        words = name.split()
        south, north = (max(-90.0, min(90.0, float(word))) for word in words[3:])
        found.append((name, sphere.in_range(0, 360, south, north)))
    for corners in outlines()[:40:4]:
        turned = np.column_stack([(corners[:, 0] + 0.05) % 360, corners[:, 1]])
        text = "POLYGON " + " ".join(str(each) for each in turned.ravel())
        found.append((text, sphere.in_polygon(turned)))
    return found


def test_positions_find_the_outlines_that_share_a_point(archive: httpx.Client) -> None:
    shapes = outlines()
    filled = [sphere.filling(corners) for corners in shapes]
    sizes = set()
    for text, holds in _shapes():
        found = _numbers(archive, POS=text)
        for number, corners in enumerate(shapes):
            if number % 10 == 9:
                inside = bool(holds(sphere.vectors(*corners[0])[None])[0])
                assert (number in found) == inside, (text, number)
            elif holds(filled[number]).any():
                assert number in found, (text, number)
        sizes.add(len(found))
    assert len(sizes) > 5


def test_positions_find_nothing_that_is_apart(archive: httpx.Client) -> None:
    """What is found has points in the shape, or the shape is smaller than the points are apart."""
    shapes = outlines()
    filled = [sphere.filling(corners, 200) for corners in shapes]
    for text, holds in _shapes():
        for number in _numbers(archive, POS=text):
            if number % 10 == 9 or holds(filled[number]).any():
                continue
            around = _grown(text)
            assert around(filled[number]).any(), (text, number)


def _grown(text: str) -> sphere.Holds:
    """The shape with half a degree around it, wide enough for the gaps between the points."""
    kind, *words = text.split()
    values = [float(word) for word in words]
    if kind == "CIRCLE":
        return sphere.in_circle(values[0], values[1], values[2] + 0.5)
    if kind == "RANGE":
        west, east, south, north = values
        width = 360.0 if math.isinf(east - west) else (east - west) % 360 or 360.0
        if max(abs(south), abs(north)) > 80:
            width = 360.0
        low, high = max(-90.0, south - 0.5), min(90.0, north + 0.5)
        return sphere.in_range(0 if math.isinf(west) else west - 3, width + 6, low, high)
    corners = np.array(values).reshape(-1, 2)
    points = sphere.vectors(corners[:, 0], corners[:, 1])
    middle = points.mean(axis=0)
    middle /= np.linalg.norm(middle)
    reach = np.linalg.norm(points - middle, axis=1).max() + 0.02
    return lambda where: np.linalg.norm(where - middle, axis=1) <= reach


def test_several_values_mean_or_and_several_parameters_and(archive: httpx.Client) -> None:
    one, two = "CIRCLE 0 0 30", "RANGE 100 200 -30 30"
    both = _numbers(archive, POS=[one, two])
    assert both == _numbers(archive, POS=one) | _numbers(archive, POS=two)
    assert _numbers(archive, POS=one, CALIB=2) == {
        n for n in _numbers(archive, POS=one) if n % 5 == 2
    }


@pytest.mark.parametrize(
    ("name", "text", "known", "low", "high"),
    [
        ("BAND", "5e-7 9e-7", lambda n: (1e-7 * (n + 1), 2e-7 * (n + 1)), 5e-7, 9e-7),
        ("BAND", "5.05e-7", lambda n: (1e-7 * (n + 1), 2e-7 * (n + 1)), 5.05e-7, 5.05e-7),
        ("BAND", "5.05e-6 +Inf", lambda n: (1e-7 * (n + 1), 2e-7 * (n + 1)), 5.05e-6, math.inf),
        ("TIME", "50010.2 50012", lambda n: (50_000 + n, 50_000.5 + n) if n % 7 else None,
         50010.2, 50012),
        ("TIME", "-Inf 50003", lambda n: (50_000 + n, 50_000.5 + n) if n % 7 else None,
         -math.inf, 50003),
        ("TIME", "-Inf +Inf", lambda n: (50_000 + n, 50_000.5 + n) if n % 7 else None,
         -math.inf, math.inf),
        ("FOV", "1.05 2.05", lambda n: (0.1 * n, 0.1 * n), 1.05, 2.05),
        ("EXPTIME", "600 inf", lambda n: (60.0 * n, 60.0 * n) if n % 7 else None, 600, math.inf),
        ("SPECRP", "1 1e9", lambda n: None, 1, 1e9),
        ("SPATRES", "-Inf Inf", lambda n: None, -math.inf, math.inf),
        ("TIMERES", "1", lambda n: None, 1, 1),
    ],
)  # fmt: skip
def test_intervals_meet_what_is_known(
    archive: httpx.Client, name: str, text: str, known: Any, low: float, high: float
) -> None:
    wanted = {n for n in range(60) if (ends := known(n)) and ends[0] <= high and ends[1] >= low}
    assert _numbers(archive, **{name: text}) == wanted


def test_words_are_compared_as_they_are(archive: httpx.Client) -> None:
    odd = {n for n in range(60) if n % 2}
    assert _numbers(archive, FACILITY="Facility % _") == odd
    assert _numbers(archive, FACILITY=["facility % _", "Facility"]) == set()
    assert _numbers(archive, TARGET='it\'s "M 31"') == set(range(60))
    assert _numbers(archive, POL="Q") == odd
    assert _numbers(archive, POL=["LL", "V"]) == {n for n in range(60) if n % 4 == 2}
    assert _numbers(archive, DPTYPE="cube") == {n for n in range(60) if n % 3 == 0}
    assert _numbers(archive, DPTYPE="spectrum") == set()
    assert _numbers(archive, CALIB=["3", "4"]) == {n for n in range(60) if n % 5 >= 3}
    assert _numbers(archive, FORMAT="application/fits") == set(range(60))
    assert _numbers(archive, INSTRUMENT="none") == set()
    # Identifiers of the Virtual Observatory are compared without case.
    assert _numbers(archive, ID=[f"{DID}outline-7".upper(), f"{DID}Outline-8"]) == {7, 8}


def test_answers_are_obscore_with_descriptors(archive: httpx.Client, service: Service) -> None:
    response = archive.get("/sia/query", params={"MAXREC": 3})
    assert response.headers["content-type"] == "application/x-votable+xml"
    root = valid(response.content, "VOTable.xsd")
    fields = {field.get("name"): field for field in root.iter(f"{_VOTABLE}FIELD")}
    for column in OBSCORE_COLUMNS:
        field = fields[column.meta.name]
        assert (field.get("utype"), field.get("unit")) == (column.meta.utype, column.meta.unit)
    standards = {
        param.get("value")
        for param in root.iter(f"{_VOTABLE}PARAM")
        if param.get("name") == "standardID"
    }
    assert {
        "ivo://ivoa.net/std/DataLink#links-1.1",
        "ivo://ivoa.net/std/SIA#query-2.0",
    } <= standards
    assert b'value="OVERFLOW"' in response.content
    inputs = {param.get("name") for param in root.iter(f"{_VOTABLE}PARAM")}
    assert {*INTERVALS, *TEXTS, "POS", "ID", "POL", "CALIB"} <= inputs


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"POS": "CIRCLE 1 2"}, ["is no shape", "POLYGON"]),
        ({"POS": "BOX 1 2 3 4"}, ["is no shape"]),
        ({"POS": "CIRCLE 361 2 1"}, ["longitude 361 is outside 0 to 360"]),
        ({"POS": "CIRCLE 1 -91 1"}, ["latitude -91 is outside -90 to 90"]),
        ({"POS": "CIRCLE 1 2 -1"}, ["radius -1"]),
        ({"POS": "RANGE 1 2 4 3"}, ["lower latitude first"]),
        ({"POS": "POLYGON 1 1 2 2"}, ["is no shape"]),
        ({"POS": "POLYGON 0 0 180 0 90 10"}, ["POLYGON"]),
        ({"POS": "CIRCLE 12:30 1 1"}, ["is not a number"]),
        ({"BAND": "1 2 3"}, ["has 3 numbers"]),
        ({"BAND": "2 1"}, ["ends before it begins"]),
        ({"TIME": "2020-01-01"}, ["is not a number"]),
        ({"TIME": "NaN"}, ["is not a number"]),
        ({"TIME": "+Inf"}, ["holds no number"]),
        ({"POL": "Z"}, ["POL='Z'", "POLI"]),
        ({"CALIB": "five"}, ["CALIB='five'", "0, 1, 2"]),
        ({"MAXREC": "-1"}, ["MAXREC"]),
        ({"MAXREC": ["1", "2"]}, ["MAXREC is given 2 times"]),
        ({"RESPONSEFORMAT": "pdf"}, ["RESPONSEFORMAT"]),
        ({"UPLOAD": "t,param:t"}, ["takes no UPLOAD"]),
    ],
)
def test_errors_are_votables_that_name_the_fault(
    archive: httpx.Client, parameters: dict[str, Any], words: list[str]
) -> None:
    for response in (
        archive.get("/sia/query", params=parameters),
        archive.post("/sia/query", data=parameters),
    ):
        assert response.status_code == 400
        root = valid(response.content, "VOTable.xsd")
        (info,) = (i for i in root.iter(f"{_VOTABLE}INFO") if i.get("name") == "QUERY_STATUS")
        assert info.get("value") == "ERROR"
        message = str(info.text)
        assert message.startswith("UsageFault: ")
        assert all(word in message for word in words), message


def test_capabilities_lead_pyvo_to_the_query(archive: httpx.Client, service: Service) -> None:
    root = valid(archive.get("/sia/capabilities").content, "capabilities.xsd")
    (query,) = (c for c in root if c.get("standardID") == "ivo://ivoa.net/std/SIA#query-2.0")
    url = query.findtext("interface/accessURL")
    assert url == f"{service.url}/sia/query"
    tested = httpx.get(f"{url}?{query.findtext('interface/testQuery')}")
    assert len(list(etree.fromstring(tested.content).iter(f"{_VOTABLE}FIELD"))) > 40
    assert {p.findtext("name") for p in query.iterfind("interface/param")} >= {
        each.name for each in PARAMETERS
    }
    valid(archive.get("/sia/availability").content, "VOSIAvailability.xsd")
    found = pyvo.dal.SIA2Service(f"{service.url}/sia").search(pos=(10.0, 20.0, 90.0), maxrec=10_000)
    assert len(found) == len(_found(archive, POS="CIRCLE 10 20 90"))
    assert found[0].obs_publisher_did.startswith("ivo://")
    wrong = pyvo.dal.sia2.SIA2Query(url)
    wrong["POS"] = "BOX 1 2 3 4"
    with pytest.raises(pyvo.dal.DALQueryError, match="UsageFault: POS"):
        wrong.execute()


@pytest.mark.usefixtures("real_images")
def test_real_images_are_found_by_each_of_their_corners(archive: httpx.Client) -> None:
    images = [row for row in _found(archive, COLLECTION="REAL") if row["s_region"]]
    assert len(images) >= 10
    for row in images:
        words = row["s_region"].split()
        numbers = [float(word) for word in words if word[-1].isdigit()]
        ra, dec = float(row["s_ra"]), float(row["s_dec"])
        for lon, lat in [(ra, dec), *zip(numbers[::2], numbers[1::2], strict=False)][:5]:
            found = _found(archive, COLLECTION="REAL", POS=f"CIRCLE {lon % 360} {lat} 1e-6")
            assert row["obs_publisher_did"] in {each["obs_publisher_did"] for each in found}


_TEXT = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["'; DROP TABLE x; --", "1 2", "-Inf +Inf", "NaN", "1e999", "\x00", "٣", " "]),
    st.lists(st.floats().map(str), max_size=8).map(
        lambda values: " ".join(["POLYGON" if len(values) > 4 else "CIRCLE", *values])
    ),
)


@settings(max_examples=40)
@given(
    values=st.lists(
        st.tuples(st.sampled_from([each.name for each in PARAMETERS]), _TEXT), max_size=4
    )
)
@example(values=[("POS", "POLYGON 0 0 0 0 0 0")])
@example(values=[("POS", "RANGE 0 0 90 90")])
@example(values=[("ID", "\x00"), ("TARGET", "\\")])
def test_any_values_give_a_result_or_the_error_of_the_protocol(
    archive: httpx.Client, values: list[tuple[str, str]]
) -> None:
    try:
        response = archive.post("/sia/query", data={"MAXREC": "1"} | _grouped(values))
    except UnicodeEncodeError:
        return  # no form can hold half of a character
    assert response.status_code in (200, 400), response.text
    if response.status_code == 400:
        root = etree.fromstring(response.content)
        assert "UsageFault: " in "".join(root.itertext())


def _grouped(values: list[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in values:
        found.setdefault(name, []).append(value)
    return found
