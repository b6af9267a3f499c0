"""Service descriptors: what else can be asked with the values of a result (DataLink 1.1 §4).

A descriptor is a RESOURCE beside the rows. An input whose value comes from a column names that
column's FIELD by its XML ID.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from lxml import etree

from adql.columns import ColumnMeta
from schema import semantics
from schema.obscore import LINKS_MEDIA_TYPE
from service.config import Settings

LINKS_STANDARD = "ivo://ivoa.net/std/DataLink#links-1.1"
UWS_MEDIA_TYPE = "text/xml"
# Columns that hold an obs_publisher_did: by ObsCore's utype, SSAP's, or the name with its UCD.
_DID_UTYPE = "curation.publisherdid"
_DID_NAME, _DID_UCD = "obs_publisher_did", "meta.ref.ivoid"
_NOT_IN_ID = re.compile(r"[^A-Za-z0-9_.-]")


@dataclass(frozen=True, slots=True)
class Input:
    """An input parameter of a service: from the column of that number, fixed, or (with neither)
    for the user to give."""

    name: str
    description: str
    column: int | None = None
    value: str = ""
    ucd: str | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """A service as its descriptor says it. `id` is the XML ID, None where nothing refers to it;
    `this` marks the service that made the document (DataLink 1.1 §4.4)."""

    name: str
    description: str
    access_url: str
    content_type: str
    inputs: tuple[Input, ...]
    standard_id: str | None = None
    id: str | None = None
    this: bool = False


def links_service(settings: Settings, column: int | None) -> Service:
    """The list of links of the datasets that a column names; of itself where there is none."""
    itself = column is None
    return Service(
        name="Links",
        description="The files that belong to a dataset, its previews, and services on it",
        access_url=f"{settings.base_url}/datalink/links",
        content_type=LINKS_MEDIA_TYPE,
        inputs=(
            Input("ID", "obs_publisher_did, once or more", column, ucd="meta.id;meta.main"),
            *((Input("RESPONSEFORMAT", "Media type of the answer"),) if itself else ()),
        ),
        standard_id=LINKS_STANDARD,
        id=None if itself else "datalink",
        this=itself,
    )


def bulk_service(settings: Settings, column: int) -> Service:
    """The download of all datasets that a column names, as one job."""
    return Service(
        name="Download these",
        description=(
            "All files of the datasets as one package that resumes and verifies. POST every ID "
            "in one request; the answer is a UWS 1.1 job, which PHASE=RUN starts at once"
        ),
        access_url=f"{settings.base_url}/bulk",
        content_type=UWS_MEDIA_TYPE,
        inputs=(
            Input("ID", "obs_publisher_did, once or more", column, ucd="meta.id;meta.main"),
            Input("PHASE", "Start the job at once", value="RUN"),
        ),
        standard_id=f"{settings.authority}#bulk-1.0",
        id="bulk",
    )


def package_service(settings: Settings, column: int) -> Service:
    """The download of everything that is part of a dataset: what a #package row refers to."""
    parts = " ".join(term.removeprefix("#") for term in semantics.PARTS)
    bulk = bulk_service(settings, column)
    return replace(
        bulk,
        id="package",
        name="Package",
        description=f"{bulk.description}. Previews and auxiliary files are in it",
        inputs=(*bulk.inputs, Input("SEMANTICS", "Which files of a dataset", value=parts)),
    )


def dataset_services(columns: Sequence[ColumnMeta], settings: Settings) -> tuple[Service, ...]:
    """What can be done with the datasets of a result; nothing where no column names datasets.

    The column is known by its metadata, so an alias does not hide it.
    """
    for number, column in enumerate(columns):
        utype = (column.utype or "").rpartition(":")[2].lower()
        named = column.name.lower() == _DID_NAME and column.ucd == _DID_UCD
        if utype == _DID_UTYPE or named:
            return links_service(settings, number), bulk_service(settings, number)
    return ()


def field_ids(
    columns: Sequence[ColumnMeta],
    services: Sequence[Service],
    taken: set[str],
    given: Mapping[int, str] | None = None,
) -> dict[int, str]:
    """The XML IDs of the columns that services refer to, by number, and those `given`; none of
    `taken`.

    They are the columns' names as far as XML allows: astropy calls columns by their IDs.
    """
    found = dict(given or {})
    taken = taken | {service.id for service in services if service.id} | set(found.values())
    wanted = {i.column for service in services for i in service.inputs if i.column is not None}
    for number in sorted(wanted - set(found)):
        identity = _NOT_IN_ID.sub("_", columns[number].name)
        if not re.match("[A-Za-z_]", identity):
            identity = f"_{identity}"
        while identity in taken:
            identity += "_"
        taken.add(identity)
        found[number] = identity
    return found


def descriptor(service: Service, ids: dict[int, str]) -> etree._Element:
    """The RESOURCE that describes a service; `ids` are those of `field_ids`."""
    kind = "adhoc:this" if service.this else "adhoc:service"
    resource = etree.Element("RESOURCE", type="meta", utype=kind, name=service.name)
    if service.id is not None:
        resource.set("ID", service.id)
    etree.SubElement(resource, "DESCRIPTION").text = service.description
    said = {
        "standardID": service.standard_id,
        "accessURL": service.access_url,
        "contentType": service.content_type,
    }
    for name, value in said.items():
        if value is not None:
            _param(resource, name, value)
    inputs = etree.SubElement(resource, "GROUP", name="inputParams")
    for each in service.inputs:
        param = _param(inputs, each.name, each.value)
        if each.column is not None:
            param.set("ref", ids[each.column])
        if each.ucd is not None:
            param.set("ucd", each.ucd)
        etree.SubElement(param, "DESCRIPTION").text = each.description
    return resource


def _param(parent: etree._Element, name: str, value: str) -> etree._Element:
    return etree.SubElement(parent, "PARAM", name=name, datatype="char", arraysize="*", value=value)
