"""The records of the registry: of itself, the naming authority, the organisation, the archive, each
service and each table."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from lxml import etree

from service.config import Settings
from service.registry.coverage import Coverage
from service.registry.facts import Publisher
from service.registry.resources import (
    About,
    add_auxiliary,
    add_capabilities,
    add_coverage,
    add_instruments,
    add_rights,
    add_tables,
    resource,
    text,
)
from service.vosi.published import PublishedService

PATH = "/registry"
MOST_RECORDS = 100
"""Records of one answer."""

_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_NOT_IN_KEY = re.compile(r"[^A-Za-z0-9_.~/-]")
_TAP = "tap"
# What a collection of data can be reached by, and the services that give it (DDC 1.1 §3.1).
_AUXILIARY = {
    "tap": "ivo://ivoa.net/std/TAP#aux",
    "ssap": "ivo://ivoa.net/std/SSA#aux",
    "sia": "ivo://ivoa.net/std/SIA#query-aux-2.0",
}
_OBSCORE = "ivoa.obscore"


@dataclass(frozen=True, slots=True)
class PublishedTable:
    """A table as TAP_SCHEMA names it, with its words and what it covers."""

    name: str
    title: str
    description: str
    coverage: Coverage


@dataclass(frozen=True, slots=True)
class Told:
    """All that the records are made of; `collections` are those with a service of their own,
    `tableset` is VOSI's, with columns."""

    settings: Settings
    facts: Publisher
    services: Sequence[PublishedService]
    tables: Sequence[PublishedTable]
    collections: Mapping[str, Coverage]
    tableset: etree._Element

    def identifier(self, key: str) -> str:
        """ivo:// of a resource: the archive's authority, then its key, made of what is allowed."""
        plain = _NOT_IN_KEY.sub("_", key)
        if plain != key:
            plain += "-" + sha256(key.encode()).hexdigest()[:8]
        return f"{self.settings.authority}/{plain.lower()}"

    @property
    def authority(self) -> str:
        """The naming authority alone."""
        return self.settings.authority.removeprefix("ivo://").partition("/")[0]


def resources(told: Told) -> Iterator[etree._Element]:
    """Every resource, without dates."""
    yield _authority(told)
    yield registry(told)
    yield _organisation(told)
    yield _archive(told)
    for service in told.services:
        yield _service(told, service)
    for table in told.tables:
        yield _table(told, table)


def _begun(told: Told, about: About) -> etree._Element:
    organisation = told.identifier("organisation")
    return resource(about, told.facts, told.settings.base_url, organisation)


def _authority(told: Told) -> etree._Element:
    about = About(
        identifier=f"ivo://{told.authority}",
        kind="vg:Authority",
        title=f"Authority of {told.facts.publisher}",
        description=f"The authority by which {told.facts.publisher} names its resources.",
        content_type="Organisation",
    )
    root = _begun(told, about)
    managing = text(root, "managingOrg", told.facts.publisher)
    managing.set("ivo-id", told.identifier("organisation"))
    return root


def registry(told: Told) -> etree._Element:
    """The registry itself, which Identify tells of too (RegistryInterfaces 1.1 §2.4)."""
    about = About(
        identifier=told.identifier("registry"),
        kind="vg:Registry",
        title=f"Registry of {told.facts.title}",
        description=f"The publishing registry of {told.facts.title}, to be harvested by OAI-PMH.",
        content_type="Registry",
    )
    root = _begun(told, about)
    harvest = etree.SubElement(root, "capability", standardID="ivo://ivoa.net/std/Registry")
    harvest.set(_XSI_TYPE, "vg:Harvest")
    interface = etree.SubElement(harvest, "interface", role="std", version="1.0")
    interface.set(_XSI_TYPE, "vg:OAIHTTP")
    text(interface, "accessURL", f"{told.settings.base_url}{PATH}").set("use", "base")
    text(harvest, "maxRecords", str(MOST_RECORDS))
    text(root, "full", "false")
    text(root, "managedAuthority", told.authority)
    return root


def _organisation(told: Told) -> etree._Element:
    about = About(
        identifier=told.identifier("organisation"),
        kind="vr:Organisation",
        title=told.facts.publisher,
        description=f"{told.facts.publisher}, publisher of {told.facts.title}.",
        content_type="Organisation",
    )
    root = _begun(told, about)
    add_instruments(root, told.facts)
    return root


def _archive(told: Told) -> etree._Element:
    """The data as a whole, and the services that give all of it."""
    about = About(
        identifier=told.identifier("archive"),
        kind="vs:CatalogService",
        title=told.facts.title,
        description=told.facts.description,
        content_type="Archive",
        served_by=[(told.identifier(each.key), _title(told, each)) for each in told.services
                   if each.key in _AUXILIARY],
    )  # fmt: skip
    root = _begun(told, about)
    add_rights(root, told.facts)
    for key, standard in _AUXILIARY.items():
        add_auxiliary(root, standard, f"{told.settings.base_url}/{key}")
    add_instruments(root, told.facts)
    add_coverage(root, _coverages(told).get(_OBSCORE, Coverage()), told.facts)
    add_tables(root, told.tableset, None)
    return root


def _service(told: Told, service: PublishedService) -> etree._Element:
    about = About(
        identifier=told.identifier(service.key),
        kind="vs:CatalogService",
        title=_title(told, service),
        description=service.description,
        content_type="Catalog",
        part_of=[(told.identifier("archive"), told.facts.title)],
    )
    root = _begun(told, about)
    add_rights(root, told.facts)
    add_capabilities(root, service.capabilities)
    add_instruments(root, told.facts)
    add_coverage(root, _covered(told, service), told.facts)
    if service.tables != ():
        add_tables(root, told.tableset, service.tables)
    return root


def _table(told: Told, table: PublishedTable) -> etree._Element:
    tap = next(each for each in told.services if each.key == _TAP)
    about = About(
        identifier=told.identifier(f"tables/{table.name}"),
        kind="vs:CatalogResource",
        title=table.title,
        description=table.description,
        content_type="Catalog",
        served_by=[(told.identifier(tap.key), _title(told, tap))],
        part_of=[(told.identifier("archive"), told.facts.title)],
    )
    root = _begun(told, about)
    add_rights(root, told.facts)
    add_auxiliary(root, _AUXILIARY[_TAP], f"{told.settings.base_url}/{_TAP}")
    add_instruments(root, told.facts)
    add_coverage(root, table.coverage, told.facts)
    add_tables(root, told.tableset, [table.name])
    return root


def _title(told: Told, service: PublishedService) -> str:
    return f"{told.facts.title}: {service.title}"


def _covered(told: Told, service: PublishedService) -> Coverage:
    if service.collection is not None:
        return told.collections[service.collection]
    return _coverages(told).get(service.tables[0] if service.tables else _OBSCORE, Coverage())


def _coverages(told: Told) -> Mapping[str, Coverage]:
    return {table.name: table.coverage for table in told.tables}


@dataclass(frozen=True, slots=True)
class Record:
    """A record as harvesters get it; `resource` is None where it is gone."""

    identifier: str
    datestamp: datetime
    resource: etree._Element | None
