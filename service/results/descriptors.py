"""Service descriptors: what else can be asked with the values of a result (DataLink 1.1 §4).

A descriptor is a RESOURCE beside the rows. An input whose value comes from a column names that
column's FIELD by its XML ID.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from lxml import etree

from adql.columns import ColumnMeta
from service.results.elements import element

UWS_MEDIA_TYPE = "text/xml"
_NOT_IN_ID = re.compile(r"[^A-Za-z0-9_.-]")


@dataclass(frozen=True, slots=True)
class Domain:
    """Which values of an input find something: VALUES of its PARAM (SODA 1.0 §4.3)."""

    minimum: str | None = None
    maximum: str | None = None
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Input:
    """An input parameter of a service: from the column of that number, fixed, or (with neither)
    for the user to give. Its datatype is one of VOTable's."""

    name: str
    description: str
    column: int | None = None
    value: str = ""
    ucd: str | None = None
    unit: str | None = None
    datatype: str = "char"
    arraysize: str = "*"
    xtype: str | None = None
    domain: Domain | None = None


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


def descriptor(service: Service, ids: Mapping[int, str]) -> etree._Element:
    """The RESOURCE that describes a service; `ids` are those of `field_ids`."""
    refs = tuple(None if each.column is None else ids[each.column] for each in service.inputs)
    return etree.fromstring(_written(service, refs))


@lru_cache(maxsize=256)
def _written(service: Service, refs: tuple[str | None, ...]) -> bytes:
    """The same as XML: most results are described alike, and reading it is the quicker way."""
    kind = "adhoc:this" if service.this else "adhoc:service"
    attributes = {"type": "meta", "utype": kind, "name": service.name, "ID": service.id}
    resource = element("RESOURCE", attributes, service.description)
    said = {
        "standardID": service.standard_id,
        "accessURL": service.access_url,
        "contentType": service.content_type,
    }
    for name, value in said.items():
        if value is not None:
            text = {"name": name, "datatype": "char", "arraysize": "*", "value": value}
            resource.append(element("PARAM", text))
    inputs = etree.SubElement(resource, "GROUP", name="inputParams")
    inputs.extend(map(_input, service.inputs, refs))
    return etree.tostring(resource)


def _input(said: Input, ref: str | None) -> etree._Element:
    """The PARAM of an input; its children in the order of VOTable's schema."""
    attributes = {
        "name": said.name,
        "datatype": said.datatype,
        "arraysize": said.arraysize,
        "value": said.value,
        "ref": ref,
        "ucd": said.ucd,
        "unit": said.unit,
        "xtype": said.xtype,
    }
    param = element("PARAM", attributes, said.description)
    if said.domain is not None:
        values = etree.SubElement(param, "VALUES")
        for tag, value in (("MIN", said.domain.minimum), ("MAX", said.domain.maximum)):
            if value is not None:
                values.append(element(tag, {"value": value}))
        values.extend(element("OPTION", {"value": option}) for option in said.domain.options)
    return param
