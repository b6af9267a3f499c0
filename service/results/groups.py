"""What a table says beside its columns: constants, and which columns belong together (VOTable 1.4
§4.7, §4.9)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lxml import etree

from service.results.elements import element


@dataclass(frozen=True, slots=True)
class Param:
    """A constant, or an input of a service: `options` are the values it may have."""

    name: str
    value: str
    utype: str | None = None
    datatype: str = "char"
    unit: str | None = None
    ucd: str | None = None
    description: str | None = None
    options: Sequence[str] = ()
    arraysize: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Columns that are one component of a data model: their XML IDs by number, and constants."""

    name: str
    utype: str
    columns: Mapping[int, str] = field(default_factory=dict)
    params: Sequence[Param] = ()


def column_ids(groups: Sequence[Group]) -> dict[int, str]:
    """The XML IDs of all columns of the groups, by number."""
    return {number: name for group in groups for number, name in group.columns.items()}


def group_element(group: Group) -> etree._Element:
    """The GROUP; its columns are referred to by their XML IDs."""
    made = element("GROUP", {"name": group.name, "utype": group.utype})
    for identity in group.columns.values():
        etree.SubElement(made, "FIELDref", ref=identity)
    made.extend(map(param_element, group.params))
    return made


def param_element(param: Param) -> etree._Element:
    """The PARAM."""
    attributes = {
        "name": param.name,
        "datatype": param.datatype,
        "arraysize": param.arraysize or ("*" if param.datatype == "char" else None),
        "unit": param.unit,
        "ucd": param.ucd,
        "utype": param.utype,
        "value": param.value,
    }
    made = element("PARAM", attributes, param.description)
    if param.options:
        values = etree.SubElement(made, "VALUES")
        values.extend(element("OPTION", {"value": option}) for option in param.options)
    return made
