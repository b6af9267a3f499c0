"""The response as a document: utypes, groups, metadata, errors, capabilities."""

import io
import re
from xml.etree import ElementTree

import httpx
import pytest
from astropy.io.votable import parse, tree

from service.ssap.columns import COLUMNS
from tests.conftest import Stack
from tests.peers.conftest import Stilts, stilts
from tests.xsd import valid

__all__ = ["stilts"]

QUERY = {"REQUEST": "queryData"}
_BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def words(text: str) -> list[str]:
    """The words of a text."""
    return text.split()


# What SSAP 1.1 §4.2 has as mandatory, then as recommended.
MANDATORY = words("""
    Access.Reference Access.Format Dataset.DataModel Dataset.Length DataID.Title Curation.Publisher
""")
RECOMMENDED = words("""
    Query.Score Access.Size DataID.Creator DataID.Collection DataID.CreatorDID DataID.DataSource
    DataID.CreationType Curation.Reference Curation.PublisherDID CoordSys.SpaceFrame.Name
    Char.FluxAxis.Ucd Char.SpectralAxis.Ucd Char.SpatialAxis.Coverage.Location.Value
    Char.SpatialAxis.Coverage.Bounds.Extent Char.TimeAxis.Coverage.Location.Value
    Char.TimeAxis.Coverage.Bounds.Extent Char.SpectralAxis.Coverage.Location.Value
    Char.SpectralAxis.Coverage.Bounds.Extent Char.SpectralAxis.Coverage.Bounds.Start
    Char.SpectralAxis.Coverage.Bounds.Stop Char.FluxAxis.Calibration Char.SpectralAxis.Calibration
    Char.SpectralAxis.Resolution Char.SpatialAxis.Accuracy.StatError Char.SpatialAxis.Calibration
    Char.SpatialAxis.Resolution
""")
OPTIONAL = words("""
    Association.Type Association.ID Association.Key Dataset.Type Dataset.Deleted DataID.Date
    DataID.Instrument Curation.Date Curation.Rights Target.Name Target.Class Target.Redshift
    Target.Pos Derived.SNR CoordSys.SpaceFrame.Equinox CoordSys.TimeFrame.Name
    CoordSys.TimeFrame.Zero Char.SpatialAxis.Coverage.Support.Area
    Char.TimeAxis.Coverage.Bounds.Start Char.TimeAxis.Coverage.Bounds.Stop
    Char.TimeAxis.Coverage.Support.Extent Char.TimeAxis.Resolution
""")
INPUTS = words("""
    POS SIZE BAND TIME FORMAT REQUEST VERSION APERTURE SPECRP SPATRES TIMERES SNR REDSHIFT VARAMPL
    TARGETNAME TARGETCLASS FLUXCALIB WAVECALIB PUBDID CREATORDID COLLECTION TOP MAXREC MTIME
    COMPRESS RUNID
""")


@pytest.fixture(scope="module")
def client(stack: Stack) -> httpx.Client:
    return httpx.Client(base_url=stack.url, timeout=60)


def document(answer: httpx.Response) -> tree.VOTableFile:
    """The VOTable, which astropy finds nothing wrong with."""
    return parse(io.BytesIO(answer.content), verify="exception")


def status(answer: httpx.Response) -> tuple[str, str]:
    """The value and the text of the first QUERY_STATUS."""
    (resource,) = [r for r in document(answer).resources if r.type == "results"]
    info = next(info for info in resource.infos if info.name == "QUERY_STATUS")
    return info.value, info.content or ""


def test_every_utype_is_there(client: httpx.Client) -> None:
    found = document(client.get("/ssap", params=QUERY | {"TOP": "3"}))
    table = found.get_first_table()
    utypes = [field.utype.removeprefix("ssa:") for field in table.fields if field.utype]
    assert set(utypes) >= {*MANDATORY, *RECOMMENDED}
    assert len(utypes) == len(set(utypes))
    assert all(field.utype.startswith("ssa:") for field in table.fields if field.utype)
    constants = {
        param.utype.removeprefix("ssa:"): param.value
        for group in table.groups
        for param in group.entries
        if isinstance(param, tree.Param)
    }
    assert set(OPTIONAL) <= {*utypes, *constants}
    assert constants["Association.Key"] == "@Access.Format"
    assert "Access.Format" in {field.ID for field in table.fields}
    assert constants["CoordSys.TimeFrame.Zero"] == 0


def test_fields_of_a_component_stand_together_in_its_group(client: httpx.Client) -> None:
    table = document(client.get("/ssap", params=QUERY | {"TOP": "1"})).get_first_table()
    by_id = {field.ID: field for field in table.fields}
    order = [field.ID for field in table.fields]
    grouped: list[str] = []
    for group in table.groups:
        refs = [entry.ref for entry in group.entries if isinstance(entry, tree.FieldRef)]
        assert all(by_id[ref].utype.startswith(group.utype + ".") for ref in refs)
        grouped += refs
    assert grouped == order[: len(grouped)]
    assert [by_id[ref].utype for ref in order[len(grouped) :]] == [None] * (
        len(order) - len(grouped)
    )


def test_protocol_and_parameters_are_told(client: httpx.Client) -> None:
    answer = client.get("/ssap", params=QUERY | {"POS": "10,20", "RUNID": "it's", "VARAMPL": "1"})
    assert answer.headers["content-type"] == "text/xml;content=x-votable"
    (resource,) = [r for r in document(answer).resources if r.type == "results"]
    infos = {info.name: (info.value, info.content) for info in resource.infos}
    assert infos["QUERY_STATUS"] == ("OK", None)
    assert infos["SERVICE_PROTOCOL"] == ("1.1", "SSAP")
    assert (infos["POS"][0], infos["RUNID"][0]) == ("10,20", "it's")
    assert infos["warning"][0] == "not used: VARAMPL"


def test_services_for_the_datasets_are_described(client: httpx.Client) -> None:
    found = document(client.get("/ssap", params=QUERY | {"TOP": "1"}))
    described = [r for r in found.resources if r.utype == "adhoc:service"]
    expected = ["datalink", "bulk", "cutout", "cutouts"]
    assert [resource.ID for resource in described] == expected
    for resource in described:
        (inputs,) = resource.groups
        assert inputs.entries[0].ref == "obs_publisher_did"


def test_metadata(client: httpx.Client) -> None:
    """Inputs and outputs (§6.2); the table is there without rows."""
    answer = client.get("/ssap", params=QUERY | {"FORMAT": "METADATA", "POS": "wrong"})
    root = ElementTree.fromstring(answer.content)
    space = "{http://www.ivoa.net/xml/VOTable/v1.3}"
    params = root.findall(f"{space}RESOURCE[@type='results']/{space}PARAM")
    named = {param.attrib["name"]: param for param in params}
    inputs = [name.partition(":")[2] for name in named if name.startswith("INPUT:")]
    assert set(inputs) == set(INPUTS)
    assert all(param.find(f"{space}DESCRIPTION") is not None for param in params)
    outputs = {n.partition(":")[2]: p for n, p in named.items() if n.startswith("OUTPUT:")}
    assert list(outputs) == [column.meta.name for column in COLUMNS]
    assert {p.attrib.get("utype", "")[4:] for p in outputs.values()} >= {*MANDATORY, *RECOMMENDED}
    options = named["INPUT:FORMAT"].iter(f"{space}OPTION")
    assert {"all", "compliant", "native", "votable", "fits", "metadata"} <= {
        option.attrib["value"] for option in options
    }
    assert status(answer) == ("OK", "")
    assert root.findall(f".//{space}DATA") == []


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "REQUEST is missing; add REQUEST=queryData"),
        ("REQUEST=getData", "use queryData"),
        ("REQUEST=queryData&VERSION=3.0", "VERSION='3.0'"),
        ("REQUEST=queryData&POS=10,91", "latitude 91 is outside -90 to 90"),
        ("REQUEST=queryData&POS=1,1&POS=2,2", "POS is given 2 times"),
        ("REQUEST=queryData&TARGETNAME=%00&BAND=%00", "BAND"),
        ("REQUEST=queryData&MAXREC=-1", "MAXREC='-1'"),
    ],
)
@pytest.mark.parametrize("path", ["/ssap", "/ssap/sim-stars"])
def test_a_wrong_request_is_told_so(client: httpx.Client, path: str, query: str, said: str) -> None:
    answer = client.get(f"{path}?{query}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/xml;content=x-votable"
    value, text = status(answer)
    assert value == "ERROR"
    assert said in text
    assert b"<TABLE" not in answer.content


def test_errors_of_http_are_votables_too(client: httpx.Client) -> None:
    for answer, expected in (
        (client.get("/ssap/no-such", params=QUERY), 404),
        (client.get("/ssap/no-such/capabilities"), 404),
        (client.get("/ssap/sim-stars/nothing"), 404),
        (client.get("/ssap", params=QUERY, headers={"Authorization": "Bearer wrong"}), 401),
        (client.post("/ssap", content=b"x" * (17 << 20), headers={
            "Content-Type": "application/x-www-form-urlencoded"}), 413),
    ):  # fmt: skip
        assert answer.status_code == expected
        assert status(answer)[0] == "ERROR"


def test_people_are_led_to_the_guide(client: httpx.Client) -> None:
    for path in ("/ssap", "/ssap/sim-stars"):
        shown = client.get(path, headers=_BROWSER, follow_redirects=True)
        assert 'id="find-spectra-ssap"' in shown.text
        asked = client.get(path, params=QUERY | {"TOP": "1"}, headers=_BROWSER)
        assert status(asked) == ("OK", "")


def test_answers_are_compressed_where_asked(client: httpx.Client) -> None:
    answers = [
        client.get("/ssap", params=QUERY, headers={"Accept-Encoding": coding})
        for coding in ("gzip", "identity")
    ]
    assert [a.headers.get("content-encoding") for a in answers] == ["gzip", None]
    rows = [re.sub(b".*?<TABLE>", b"", a.content, count=1, flags=re.S) for a in answers]
    assert rows[0] == rows[1]


@pytest.mark.parametrize("path", ["/ssap", "/ssap/sim-quasars"])
def test_capabilities(client: httpx.Client, stack: Stack, path: str) -> None:
    root = valid(client.get(f"{path}/capabilities").content, "capabilities.xsd")
    (ssap,) = [c for c in root if c.get("standardID") == "ivo://ivoa.net/std/SSA"]
    kind = ssap.get("{http://www.w3.org/2001/XMLSchema-instance}type")
    assert kind.partition(":")[2] == "SimpleSpectralAccess"
    assert ssap.findtext("interface/accessURL") == f"{stack.url}{path}?"
    assert ssap.findtext("complianceLevel") == "full"
    assert [e.text for e in ssap.findall("dataSource")] == ["artificial"]
    assert ssap.findtext("creationType") == "archival"
    assert "ICRS" in [e.text for e in ssap.findall("supportedFrame")]
    assert {e.text for e in ssap.findall("interface/param/name")} == set(INPUTS)
    base = ssap.findtext("interface/accessURL")
    found = client.get(f"{base}REQUEST=queryData&{ssap.findtext('testQuery/queryDataCmd')}")
    assert len(document(found).get_first_table().array) > 0
    again = client.get(f"{base}{ssap.findtext('interface/testQuery')}")
    assert len(document(again).get_first_table().array) > 0
    valid(client.get(f"{path}/availability").content, "VOSIAvailability.xsd")


@pytest.mark.parametrize(
    "query",
    ["FORMAT=METADATA", "POS=92,24&SIZE=20", "BAND=wrong"],
)
def test_votlint_finds_nothing(stack: Stack, stilts: Stilts, query: str) -> None:
    linted = stilts("votlint", f"votable={stack.url}/ssap?REQUEST=queryData&{query}")
    assert (linted.returncode, linted.stdout) == (0, "")
