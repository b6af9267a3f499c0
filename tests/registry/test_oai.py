"""The registry as harvesters see it: every verb, every error, documents valid by their schemas."""

import base64
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.conftest import run
from tests.registry.conftest import FACTS
from tests.serving import Service
from tests.xsd import valid

_OAI = "{http://www.openarchives.org/OAI/2.0/}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_AUTHORITY = "ivo://x-unregistered/starhaul"
_PAUSE_S = 2.2  # longer than the archive keeps what it made


@pytest.fixture(scope="module")
def archive(service: Service) -> Iterator[httpx.Client]:
    """A client of the archive of demo.stars."""
    with httpx.Client(base_url=service.url, timeout=60) as client:
        yield client


def _ask(archive: httpx.Client, **arguments: Any) -> etree._Element:
    """The root of an answer, held against the schemas."""
    response = archive.get("/registry", params=arguments)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/xml")
    return valid(response.content, "harvest.xsd")


def _stamps(archive: httpx.Client) -> list[str]:
    root = _ask(archive, verb="ListIdentifiers", metadataPrefix="ivo_vor")
    return [each.text or "" for each in root.iter(f"{_OAI}datestamp")]


def _resources(archive: httpx.Client) -> dict[str, etree._Element]:
    root = _ask(archive, verb="ListRecords", metadataPrefix="ivo_vor")
    return {
        each.findtext("identifier") or "": each
        for each in root.iter("{http://www.ivoa.net/xml/RegistryInterface/v1.0}Resource")
    }


def test_the_archive_its_services_and_tables_are_recorded(archive: httpx.Client) -> None:
    found = _resources(archive)
    kinds = {name.removeprefix(_AUTHORITY): each.get(_TYPE) for name, each in found.items()}
    assert kinds == {
        "ivo://x-unregistered": "vg:Authority",
        "/registry": "vg:Registry",
        "/organisation": "vr:Organisation",
        "/archive": "vs:CatalogService",
        "/tap": "vs:CatalogService",
        "/ssap": "vs:CatalogService",
        "/sia": "vs:CatalogService",
        "/datalink": "vs:CatalogService",
        "/soda": "vs:CatalogService",
        "/bulk": "vs:CatalogService",
        "/cone/demo.stars": "vs:CatalogService",
        "/cone/ivoa.obscore": "vs:CatalogService",
        "/tables/demo.stars": "vs:CatalogResource",
        "/tables/ivoa.obscore": "vs:CatalogResource",
    }


def test_capabilities_are_those_that_the_services_tell(archive: httpx.Client) -> None:
    found = _resources(archive)
    services = ("tap", "ssap", "sia", "datalink", "soda", "bulk")
    for path in (*services, "cone/demo.stars", "cone/ivoa.obscore"):
        told = etree.fromstring(archive.get(f"/{path}/capabilities").content)
        recorded = found[f"{_AUTHORITY}/{path}"].findall("capability")
        assert [_plain(each) for each in recorded] == [_plain(each) for each in told], path


def _plain(element: etree._Element) -> Any:
    """An element without what depends on where it stands in a document."""
    words = " ".join((element.text or "").split())
    return element.tag, dict(element.attrib), words, [_plain(each) for each in element]


def test_the_publisher_is_told_everywhere(archive: httpx.Client) -> None:
    for resource in _resources(archive).values():
        assert resource.findtext("curation/publisher") == "Observatory of Tests"
        assert resource.findtext("curation/contact/email") == "team@example.org"
        assert [e.text for e in resource.iterfind("content/subject")] == ["surveys", "stars"]
    archive_record = _resources(archive)[f"{_AUTHORITY}/archive"]
    assert archive_record.findtext("title") == "Archive of ½ & <tests>"
    assert archive_record.findtext("rights") == "CC BY 4.0"
    assert [e.text for e in archive_record.iterfind("coverage/waveband")] == ["Optical", "X-ray"]


def test_a_table_is_told_with_its_columns(archive: httpx.Client) -> None:
    resource = _resources(archive)[f"{_AUTHORITY}/tables/demo.stars"]
    names = [each.text for each in resource.iterfind("tableset/schema/table/column/name")]
    assert names[:3] == ["id", "ra", "dec"]
    assert resource.findtext("tableset/schema/name") == "demo"
    capability = resource.find("capability")
    assert capability is not None
    assert capability.get("standardID") == "ivo://ivoa.net/std/TAP#aux"
    assert resource.findtext("content/relationship/relationshipType") == "IsServedBy"


def test_identify_tells_of_the_registry_itself(archive: httpx.Client, service: Service) -> None:
    identify = _ask(archive, verb="Identify").find(f"{_OAI}Identify")
    assert identify is not None
    told = {each.tag.removeprefix(_OAI): each.text for each in identify}
    assert told["baseURL"] == f"{service.url}/registry"
    assert told["deletedRecord"] == "persistent"
    assert told["granularity"] == "YYYY-MM-DDThh:mm:ssZ"
    assert told["adminEmail"] == "team@example.org"
    assert told["earliestDatestamp"] == min(_stamps(archive))
    assert identify.findtext(f"{_OAI}description//identifier") == f"{_AUTHORITY}/registry"


def test_both_formats_and_the_set_are_listed(archive: httpx.Client) -> None:
    for more in ({}, {"identifier": f"{_AUTHORITY}/tap"}):
        root = _ask(archive, verb="ListMetadataFormats", **more)
        prefixes = {each.text for each in root.iter(f"{_OAI}metadataPrefix")}
        assert prefixes == {"ivo_vor", "oai_dc"}
    sets = _ask(archive, verb="ListSets")
    assert [each.text for each in sets.iter(f"{_OAI}setSpec")] == ["ivo_managed"]
    asked = {"identifier": f"{_AUTHORITY}/ARCHIVE", "metadataPrefix": "oai_dc"}
    core = _ask(archive, verb="GetRecord", **asked)
    assert core.findtext(f".//{_DC}title") == "Archive of ½ & <tests>"
    assert [each.text for each in core.iter(f"{_DC}creator")] == ["First, A.", "Second, B."]
    managed = _ask(archive, verb="ListRecords", metadataPrefix="oai_dc", set="ivo_managed")
    assert len(list(managed.iter(f"{_DC}title"))) == len(_resources(archive))


def test_a_form_is_answered_as_a_url(archive: httpx.Client) -> None:
    form = {"verb": "GetRecord", "identifier": f"{_AUTHORITY}/tap", "metadataPrefix": "ivo_vor"}
    posted = valid(archive.post("/registry", data=form).content, "harvest.xsd")
    assert posted.findtext(f".//{_OAI}header/{_OAI}identifier") == f"{_AUTHORITY}/tap"


def test_people_are_told_what_the_address_is_for(archive: httpx.Client) -> None:
    """A browser without a verb; whoever gives one, or is no browser, gets the protocol."""
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    led = archive.get("/registry", headers=browser, follow_redirects=True)
    assert led.url.path == "/docs/publisher-guide"
    assert f'id="{led.url.fragment}"' in led.text
    asked = archive.get("/registry", params={"verb": "Identify"}, headers=browser)
    assert asked.headers["content-type"].startswith("text/xml")


_LIST = {"verb": "ListRecords", "metadataPrefix": "oai_dc"}
_FORGED = base64.urlsafe_b64encode(b'["a","b","c","d","e","f",-1]').decode()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({}, "badVerb"),
        ({"verb": "Nonsense"}, "badVerb"),
        ({"verb": ["Identify", "Identify"]}, "badVerb"),
        ({"verb": "Identify", "x": "1"}, "badArgument"),
        ({"verb": "ListRecords"}, "badArgument"),
        ({"verb": "GetRecord", "metadataPrefix": "oai_dc"}, "badArgument"),
        (_LIST | {"metadataPrefix": ["oai_dc", "oai_dc"]}, "badArgument"),
        (_LIST | {"from": "yesterday"}, "badArgument"),
        (_LIST | {"from": "2020-13-01"}, "badArgument"),
        (_LIST | {"from": "2020-01-01", "until": "2020-01-01T00:00:00Z"}, "badArgument"),
        (_LIST | {"from": "2021-01-01", "until": "2020-01-01"}, "badArgument"),
        (_LIST | {"resumptionToken": "x"}, "badArgument"),
        (_LIST | {"metadataPrefix": "marc"}, "cannotDisseminateFormat"),
        (
            {"verb": "GetRecord", "identifier": f"{_AUTHORITY}/tap", "metadataPrefix": "marc"},
            "cannotDisseminateFormat",
        ),
        (
            {"verb": "GetRecord", "identifier": "ivo://no where", "metadataPrefix": "ivo_vor"},
            "idDoesNotExist",
        ),
        ({"verb": "ListMetadataFormats", "identifier": "ivo://none"}, "idDoesNotExist"),
        (_LIST | {"until": "1999-01-01"}, "noRecordsMatch"),
        (_LIST | {"set": "other"}, "noRecordsMatch"),
        ({"verb": "ListRecords", "resumptionToken": "x"}, "badResumptionToken"),
        ({"verb": "ListRecords", "resumptionToken": _FORGED}, "badResumptionToken"),
        ({"verb": "ListSets", "resumptionToken": "x"}, "badResumptionToken"),
    ],
)
def test_errors_have_their_codes(
    archive: httpx.Client, arguments: dict[str, Any], code: str
) -> None:
    error = _ask(archive, **arguments).find(f"{_OAI}error")
    assert error is not None
    assert error.get("code") == code


_MANY = """
    INSERT INTO tap_schema.tables (schema_name, table_name, table_type, description)
    SELECT 'demo', 'demo.many_' || i, 'table', 'One of many' FROM generate_series(1, 150) AS i;
    INSERT INTO tap_schema.columns (table_name, column_name, datatype, indexed, principal, std)
    SELECT 'demo.many_' || i, 'x', 'double', 0, 0, 0 FROM generate_series(1, 150) AS i
"""
_FEWER = """
    DELETE FROM tap_schema.columns WHERE table_name LIKE 'demo.many_%';
    DELETE FROM tap_schema.tables WHERE table_name LIKE 'demo.many_%'
"""


def _execute(service: Service, sql: str) -> None:
    async def work() -> None:
        connection = await asyncpg.connect(service.database_url)
        await connection.execute(sql)
        await connection.close()

    run(work())


def _harvested(archive: httpx.Client, **arguments: str) -> dict[str, str | None]:
    """Identifier: status, of all pages."""
    found: dict[str, str | None] = {}
    asked = {"verb": "ListIdentifiers", "metadataPrefix": "ivo_vor", **arguments}
    while True:
        root = _ask(archive, **asked)
        token = root.find(f".//{_OAI}resumptionToken")
        assert token is None or int(token.get("cursor", "-1")) == len(found)
        for header in root.iter(f"{_OAI}header"):
            found[header.findtext(f"{_OAI}identifier") or ""] = header.get("status")
        if token is None or not token.text:
            return found
        asked = {"verb": "ListIdentifiers", "resumptionToken": token.text}


def test_what_comes_and_goes_is_told_with_its_time(archive: httpx.Client, service: Service) -> None:
    before, latest = _harvested(archive), max(_stamps(archive))
    time.sleep(1.1)
    _execute(service, _MANY)
    time.sleep(_PAUSE_S)
    after = _harvested(archive)
    assert len(after) == len(before) + 150
    since = _ask(archive, verb="Identify").findtext(f"{_OAI}responseDate") or ""
    assert since > latest
    _execute(service, _FEWER)
    time.sleep(_PAUSE_S)
    gone = _harvested(archive, **{"from": since})
    assert sum(status == "deleted" for status in gone.values()) == 150
    assert f"{_AUTHORITY}/organisation" not in gone
    one = next(name for name, status in gone.items() if status == "deleted")
    record = _ask(archive, verb="GetRecord", identifier=one, metadataPrefix="ivo_vor")
    assert record.find(f".//{_OAI}metadata") is None


_TEXT = st.one_of(st.text(max_size=10), st.sampled_from(["2020-01-01", "oai_dc", "\x00", "%zz"]))


@settings(max_examples=40)
@given(
    arguments=st.dictionaries(
        st.sampled_from(
            ["verb", "identifier", "metadataPrefix", "from", "until", "set", "resumptionToken", "x"]
        ),
        _TEXT,
    ),
    verb=st.sampled_from(["Identify", "ListRecords", "ListIdentifiers", "GetRecord", "ListSets"]),
)
def test_any_arguments_give_a_valid_document(
    archive: httpx.Client, arguments: dict[str, str], verb: str
) -> None:
    try:
        response = archive.get("/registry", params={"verb": verb} | arguments)
    except UnicodeEncodeError:
        return  # no URL can hold half of a character
    assert response.status_code == 200, response.text
    valid(response.content, "harvest.xsd")


def test_facts_that_cannot_be_read_are_told_to_the_operator_alone(
    archive: httpx.Client, publisher_file: Path
) -> None:
    publisher_file.write_text("title = 1", encoding="utf-8")
    try:
        time.sleep(_PAUSE_S)
        answer = archive.get("/registry", params={"verb": "Identify"})
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        assert str(publisher_file) not in answer.text
    finally:
        publisher_file.write_text(FACTS, encoding="utf-8")
