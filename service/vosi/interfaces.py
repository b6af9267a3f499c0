"""What an interface of a capability says of its parameters (VODataService 1.2 §3.4).

vo-models has no capability whose interface tells its parameters, so they are added to its elements.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"


@dataclass(frozen=True, slots=True)
class InputParameter:
    """A parameter of a service, in VODataService's words; `datatype` is real, integer, string."""

    name: str
    description: str
    datatype: str = "string"
    unit: str | None = None
    ucd: str | None = None
    required: bool = False
    std: bool = True


def describe_interface(
    interface: etree._Element,
    parameters: Sequence[InputParameter],
    *,
    result_type: str,
    test_query: str | None = None,
) -> None:
    """Add methods, media type, parameters and a query that finds something to a vs:ParamHTTP."""
    for method in ("GET", "POST"):
        etree.SubElement(interface, "queryType").text = method
    etree.SubElement(interface, "resultType").text = result_type
    for parameter in parameters:
        use = "required" if parameter.required else "optional"
        std = "true" if parameter.std else "false"
        element = etree.SubElement(interface, "param", use=use, std=std)
        said = {
            "name": parameter.name,
            "description": parameter.description,
            "unit": parameter.unit,
            "ucd": parameter.ucd,
            "dataType": parameter.datatype,
        }
        for tag, value in said.items():
            if value is not None:
                etree.SubElement(element, tag).text = value
    if test_query is not None:
        etree.SubElement(interface, "testQuery").text = test_query


def typed(capability: etree._Element, prefix: str, namespace: str, name: str) -> etree._Element:
    """The capability as one of a type of its own, in its place: xsi:type="prefix:name"."""
    made = etree.Element("capability", nsmap={prefix: namespace})
    made.set(_XSI_TYPE, f"{prefix}:{name}")
    for attribute, value in capability.attrib.items():
        if attribute != _XSI_TYPE:
            made.set(attribute, value)
    parent = capability.getparent()
    if parent is not None:
        parent.replace(capability, made)
    made.extend(list(capability))
    return made
