"""/tap/examples: well-formed, as DALI has it, and every query of it works on the demo archive."""

import httpx
import pytest
import pyvo
from lxml import etree

import adql
from schema.examples import OBSCORE_EXAMPLES, TAP_SCHEMA_EXAMPLES, Example
from tests.conftest import Stack
from tests.serving import Service

_XHTML = "{http://www.w3.org/1999/xhtml}"


@pytest.mark.parametrize(
    "example", [*OBSCORE_EXAMPLES, *TAP_SCHEMA_EXAMPLES], ids=lambda example: example.name
)
def test_each_example_finds_something_in_the_demo_archive(example: Example, stack: Stack) -> None:
    adql.parse(example.query, "2.0")  # the clients' own parsers know no newer one
    found = pyvo.dal.TAPService(f"{stack.url}/tap").search(example.query)
    assert len(found) > 0


def test_clients_read_the_list(stack: Stack) -> None:
    queries = [query["QUERY"] for query in pyvo.dal.TAPService(f"{stack.url}/tap").examples]
    assert queries == [e.query for e in (*OBSCORE_EXAMPLES, *TAP_SCHEMA_EXAMPLES)]


def test_the_document_is_what_dali_asks_for(service: Service) -> None:
    response = httpx.get(f"{service.url}/tap/examples")
    assert response.headers["content-type"] == "application/xhtml+xml"
    root = etree.fromstring(response.content)
    assert root.tag == f"{_XHTML}html"
    (vocabulary,) = root.iterfind(".//*[@vocab]")
    assert vocabulary.get("vocab") == "http://www.ivoa.net/rdf/examples#"
    examples = vocabulary.findall(".//*[@typeof='example']")
    assert len(examples) == len(root.findall(".//*[@typeof]")) > 5
    for example in examples:
        assert example.get("resource") == f"#{example.get('id')}"
        for name in ("name", "query", "capability"):
            (found,) = example.iterfind(f".//*[@property='{name}']")
            assert found.text
            assert len(found) == 0
        assert example.find("*[@property='query']") is not None
        assert example.findall(".//*[@property='table']")
    assert len({example.get("id") for example in examples}) == len(examples)


def test_capabilities_declare_it(service: Service) -> None:
    root = etree.fromstring(httpx.get(f"{service.url}/tap/capabilities").content)
    (capability,) = root.iterfind("capability[@standardID='ivo://ivoa.net/std/DALI#examples']")
    assert capability.findtext("interface/accessURL") == f"{service.url}/tap/examples"
