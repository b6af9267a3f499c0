"""Resources as VOResource describes them: elements ri:Resource (VOResource 1.1, VODataService 1.2).

Written with lxml: what services and tables say of themselves elsewhere is XML already, and is
taken over as it is.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass

from lxml import etree

from service.registry.coverage import Coverage
from service.registry.facts import Publisher
from service.results.elements import xml_text

RI = "http://www.ivoa.net/xml/RegistryInterface/v1.0"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_TYPE = f"{{{_XSI}}}type"
# Every prefix that a type of a capability, a table's column or a resource has here.
_NAMESPACES = {
    "ri": RI,
    "xsi": _XSI,
    "vr": "http://www.ivoa.net/xml/VOResource/v1.0",
    "vg": "http://www.ivoa.net/xml/VORegistry/v1.0",
    "vs": "http://www.ivoa.net/xml/VODataService/v1.1",
    "tr": "http://www.ivoa.net/xml/TAPRegExt/v1.0",
    "cs": "http://www.ivoa.net/xml/ConeSearch/v1.0",
    "ssap": "http://www.ivoa.net/xml/SSA/v1.1",
}
_VERSION = "1.1"
_SHORTEST = 16  # characters that a short name may have


@dataclass(frozen=True, slots=True)
class About:
    """What a resource is. `kind` is its type ("vs:CatalogService"); `served_by` and `part_of` are
    identifiers and titles of others."""

    identifier: str
    kind: str
    title: str
    description: str
    content_type: str
    served_by: Sequence[tuple[str, str]] = ()
    part_of: Sequence[tuple[str, str]] = ()


def resource(about: About, facts: Publisher, base_url: str, organisation: str) -> etree._Element:
    """The parts that every resource has (VOResource 1.1 §3.1), without dates."""
    root = etree.Element(f"{{{RI}}}Resource", nsmap=_NAMESPACES)
    root.set(_TYPE, about.kind)
    root.set("status", "active")
    root.set("version", _VERSION)
    short = facts.short_name if about.title == facts.title else about.title
    text(root, "title", about.title)
    text(root, "shortName", short[:_SHORTEST])
    text(root, "identifier", about.identifier)
    _curation(etree.SubElement(root, "curation"), facts, organisation)
    content = etree.SubElement(root, "content")
    for subject in facts.subjects:
        text(content, "subject", subject)
    text(content, "description", about.description)
    if facts.source is not None:
        text(content, "source", facts.source).set("format", "bibcode")
    text(content, "referenceURL", facts.reference_url or base_url)
    text(content, "type", about.content_type)
    text(content, "contentLevel", "Research")
    for kind, related in (("IsServedBy", about.served_by), ("IsPartOf", about.part_of)):
        for identifier, title in related:
            relationship = etree.SubElement(content, "relationship")
            text(relationship, "relationshipType", kind)
            text(relationship, "relatedResource", title).set("ivo-id", identifier)
    return root


def text(parent: etree._Element, tag: str, value: str) -> etree._Element:
    """A child element with text."""
    element = etree.SubElement(parent, tag)
    element.text = xml_text(value)
    return element


def _curation(curation: etree._Element, facts: Publisher, organisation: str) -> None:
    text(curation, "publisher", facts.publisher).set("ivo-id", organisation)
    for creator in facts.creators:
        text(etree.SubElement(curation, "creator"), "name", creator)
    contact = etree.SubElement(curation, "contact")
    told = facts.contact
    for tag, value in (
        ("name", told.name),
        ("address", told.address),
        ("email", told.email),
        ("telephone", told.telephone),
    ):
        if value is not None:
            text(contact, tag, value)


def add_rights(root: etree._Element, facts: Publisher) -> None:
    """Who may use it (VOResource 1.1 §3.3): first of what a service adds."""
    if facts.licence is not None or facts.licence_url is not None:
        rights = text(root, "rights", facts.licence or str(facts.licence_url))
        if facts.licence_url is not None:
            rights.set("rightsURI", facts.licence_url)


def add_capabilities(root: etree._Element, document: bytes) -> None:
    """The capabilities of a VOSI document, as they are."""
    for capability in etree.fromstring(document):
        root.append(deepcopy(capability))


def add_auxiliary(root: etree._Element, standard: str, url: str) -> None:
    """That the data can be reached by a service which has a record of its own (DDC 1.1 §3.1)."""
    capability = etree.SubElement(root, "capability", standardID=standard)
    interface = etree.SubElement(capability, "interface", role="std")
    interface.set(_TYPE, "vs:ParamHTTP")
    text(interface, "accessURL", url).set("use", "base")


def add_instruments(root: etree._Element, facts: Publisher) -> None:
    """Where the data come from (VODataService 1.2 §3.1.1)."""
    for tag, values in (("facility", facts.facilities), ("instrument", facts.instruments)):
        for value in values:
            text(root, tag, value)


def add_coverage(root: etree._Element, known: Coverage, facts: Publisher) -> None:
    """What is covered of sky, time, spectrum (VODataService 1.2 §3.2); nothing if nothing is."""
    found = {
        "spatial": known.moc,
        "temporal": known.days and " ".join(map(repr, known.days)),
        "spectral": known.joules and " ".join(map(repr, known.joules)),
    }
    if not any(found.values()) and not facts.waveband:
        return
    coverage = etree.SubElement(root, "coverage")
    for tag, value in found.items():
        if value:
            text(coverage, tag, value)
    for waveband in facts.waveband:
        text(coverage, "waveband", waveband)


def add_tables(root: etree._Element, tableset: etree._Element, names: Sequence[str] | None) -> None:
    """The tables of those names, all where `names` is None, with their schemas."""
    element = etree.SubElement(root, "tableset")
    for schema in tableset:
        kept = deepcopy(schema)
        for table in kept.findall("table"):
            if names is not None and table.findtext("name") not in names:
                kept.remove(table)
        if kept.find("table") is not None:
            element.append(kept)
