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
    response = archive.get("/registry", params={k.rstrip("_"): v for k, v in arguments.items()})
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/xml")
    return valid(response.content, "harvest.xsd")


def _code(archive: httpx.Client, **arguments: Any) -> str | None:
    found = _ask(archive, **arguments).find(f"{_OAI}error")
    return None if found is None else found.get("code")


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
        "/cone/demo.stars": "vs:CatalogService",
        "/cone/ivoa.obscore": "vs:CatalogService",
        "/tables/demo.stars": "vs:CatalogResource",
        "/tables/ivoa.obscore": "vs:CatalogResource",
    }


def test_capabilities_are_those_that_the_services_tell(archive: httpx.Client) -> None:
    found = _resources(archive)
    for path in ("tap", "ssap", "sia", "datalink", "cone/demo.stars", "cone/ivoa.obscore"):
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
    latest = max(_stamps(archive))
    time.sleep(1.1)
    _execute(service, _SQL)
    time.sleep(_PAUSE_S)
    after = _harvested(archive)
    assert len(after) == len(before) + 150
    since = _ask(archive, verb="Identify").findtext(f"{_OAI}responseDate") or ""
    assert since > latest
    _execute(service, _UNDO)
    time.sleep(_PAUSE_S)
    gone = _harvested(archive, from_=since)
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
