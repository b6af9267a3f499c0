"""Results that name datasets say how to go on with them: their links, their download, their
cutouts."""

import httpx
import pytest
from lxml import etree

from tests.serving import Service
from tests.xsd import valid

VOTABLE = "{http://www.ivoa.net/xml/VOTable/v1.3}"
LINKS = "ivo://ivoa.net/std/DataLink#links-1.1"


def _descriptors(service: Service, query: str, form: str) -> dict[str, etree._Element]:
    params = {"LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": form}
    answer = httpx.get(f"{service.url}/tap/sync", params=params, timeout=30)
    assert answer.status_code == 200, answer.text
    root = valid(answer.content, "VOTable.xsd")
    assert root[0].get("type") == "results"
    found = root.iterfind(f"{VOTABLE}RESOURCE[@utype='adhoc:service']")
    return {str(resource.get("ID")): resource for resource in found}


def _said(resource: etree._Element) -> dict[str, str]:
    return {str(p.get("name")): str(p.get("value")) for p in resource.iterfind(f"{VOTABLE}PARAM")}


@pytest.mark.parametrize("form", ["votable", "votable/td"])
@pytest.mark.parametrize(
    ("columns", "identity"),
    [
        ("*", "obs_publisher_did"),
        ("s_ra, obs_publisher_did", "obs_publisher_did"),
        ("publisher_id, o.obs_publisher_did AS who", "who"),
        ('obs_publisher_did AS "1 é did", s_ra', "_1___did"),
        ("obs_publisher_did AS bulk, s_dec AS bulk_", "bulk_"),
        ("s_ra, s_dec, obs_publisher_did AS icrs", "icrs_"),
    ],
)
def test_a_column_of_identifiers_is_offered_to_services(
    service: Service, columns: str, identity: str, form: str
) -> None:
    found = _descriptors(service, f"SELECT {columns} FROM ivoa.obscore AS o", form)
    assert list(found) == ["datalink", "bulk", "cutout", "cutouts"]
    links, bulk = _said(found["datalink"]), _said(found["bulk"])
    assert (links["standardID"], links["accessURL"]) == (LINKS, f"{service.url}/datalink/links")
    assert links["contentType"] == "application/x-votable+xml;content=datalink"
    assert bulk["accessURL"] == f"{service.url}/bulk"
    for name, kind in (("cutout", "sync"), ("cutouts", "async")):
        cutouts = _said(found[name])
        assert cutouts["standardID"] == f"ivo://ivoa.net/std/SODA#{kind}-1.0"
        assert cutouts["accessURL"] == f"{service.url}/soda/{kind}"
    for resource in found.values():
        assert resource.get("name")
        assert resource.findtext(f"{VOTABLE}DESCRIPTION")
        (param,) = resource.iterfind(
            f"{VOTABLE}GROUP[@name='inputParams']/{VOTABLE}PARAM[@name='ID']"
        )
        assert (param.get("value"), param.get("ref")) == ("", identity)
        root = resource.getparent()
        assert root is not None
        (field,) = root.iterfind(f".//{VOTABLE}FIELD[@ID='{identity}']")
        assert field.get("utype") == "obscore:Curation.publisherDID"


@pytest.mark.parametrize(
    "query",
    [
        "SELECT publisher_id, access_url FROM ivoa.obscore",
        "SELECT COUNT(obs_publisher_did) AS n FROM ivoa.obscore",
        "SELECT id, ra, dec FROM demo.stars",
        "SELECT 'x' AS obs_publisher_did FROM ivoa.obscore",
    ],
)
def test_other_results_offer_nothing(service: Service, query: str) -> None:
    assert _descriptors(service, query, "votable") == {}
