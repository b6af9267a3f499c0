"""The VOTable document around the rows: VOTable 1.4, DALI 1.1 §4."""

from collections.abc import Sequence

from lxml import etree

from service.results.descriptors import descriptor, field_ids
from service.results.elements import element, xml_text
from service.results.format import Head, Outcome
from service.results.groups import column_ids, group_element, param_element
from service.results.systems import system_of
from service.results.wire import ELEMENT_NULL, WireColumn

NAMESPACE = "http://www.ivoa.net/xml/VOTable/v1.3"  # the namespace of 1.3 and 1.4 alike
_SCHEMA_LOCATION = f"{NAMESPACE} http://www.ivoa.net/xml/VOTable/votable-1.4.xsd"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_FLOATING = ("float", "double")


def status_info(value: str, text: str) -> bytes:
    """One INFO named QUERY_STATUS (DALI 1.1 §4.4)."""
    return etree.tostring(_info("QUERY_STATUS", value, text), encoding="utf-8")


def document(head: Head, serialization: str, wide_text: Sequence[bool]) -> tuple[bytes, bytes]:
    """What comes before the first row and after the last; `serialization` is the element that
    holds the rows, without its STREAM. `wide_text` tells which columns are unicodeChar."""
    root, table = _described(head, wide_text)
    data = etree.SubElement(etree.SubElement(table, "DATA"), serialization)
    data.append(etree.ProcessingInstruction("rows"))
    before, _, after = _bytes(root).partition(b"<?rows ?>")
    return before, after


def metadata_document(head: Head, wide_text: Sequence[bool]) -> bytes:
    """The document without its rows."""
    root, _ = _described(head, wide_text)
    return _bytes(root)


def end(after: bytes, outcome: Outcome) -> bytes:
    """The end of a document with the INFO that says why it ended early (DALI 1.1 §4.4.1)."""
    if outcome.error is not None:
        info = status_info("ERROR", outcome.error)
    elif outcome.overflow is not None:
        info = status_info(
            "OVERFLOW",
            f"the result was {outcome.overflow}; there are more: give a larger MAXREC, or ask in "
            "several requests",
        )
    else:
        return after
    return after.replace(b"</RESOURCE>", info + b"</RESOURCE>", 1)


def error_document(message: str, infos: Sequence[tuple[str, str, str]] = ()) -> bytes:
    """A VOTable that says why there is no result (DALI 1.1 §4.4)."""
    root, resource = _root()
    resource.append(_info("QUERY_STATUS", "ERROR", message))
    for name, value, text in infos:
        resource.append(_info(name, value, text))
    return _bytes(root)


def info_document(infos: Sequence[tuple[str, str, str]]) -> bytes:
    """A VOTable of INFO elements alone, children of its root, in the order given."""
    root, resource = _root()
    for name, value, text in infos:
        resource.addprevious(_info(name, value, text))
    return _bytes(root)


def _root() -> tuple[etree._Element, etree._Element]:
    root = etree.Element("VOTABLE", nsmap={None: NAMESPACE, "xsi": _XSI}, version="1.4")
    root.set(f"{{{_XSI}}}schemaLocation", _SCHEMA_LOCATION)
    return root, etree.SubElement(root, "RESOURCE", type="results")


def _described(head: Head, wide_text: Sequence[bool]) -> tuple[etree._Element, etree._Element]:
    """A document and its table, which has columns and no rows."""
    root, resource = _root()
    resource.append(_info("QUERY_STATUS", "OK", ""))
    for name, value, text in head.infos:
        resource.append(_info(name, value, text))
    if head.description is not None:
        root.insert(0, etree.Element("DESCRIPTION"))
        root[0].text = xml_text(head.description)
    systems = [system_of(column.meta) for column in head.columns]
    for used in dict.fromkeys(s for s in systems if s is not None):
        etree.SubElement(resource, used.element, dict(used.attributes), ID=used.name)
    resource.extend(map(param_element, head.params))
    table = etree.SubElement(resource, "TABLE")
    for column, wide, system in zip(head.columns, wide_text, systems, strict=True):
        field = _field(column, wide)
        if system is not None:
            field.set("ref", system.name)
        table.append(field)
    taken = {system.name for system in systems if system is not None}
    metas = [column.meta for column in head.columns]
    ids = field_ids(metas, head.services, taken, column_ids(head.groups))
    for number, identity in ids.items():
        table[number].set("ID", identity)
    table.extend(map(group_element, head.groups))
    root.extend(descriptor(service, ids) for service in head.services)
    return root, table


def _bytes(root: etree._Element) -> bytes:
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + etree.tostring(root, encoding="utf-8")


def _info(name: str, value: str, text: str) -> etree._Element:
    info = etree.Element("INFO", name=name, value=xml_text(value))
    info.text = xml_text(text) or None
    return info


def _field(column: WireColumn, wide: bool) -> etree._Element:
    meta = column.meta
    datatype = "unicodeChar" if wide else meta.datatype
    attributes = {
        "name": meta.name,
        "datatype": datatype,
        "arraysize": "*" if column.is_text else meta.arraysize,
        "xtype": meta.xtype,
        "unit": meta.unit,
        "ucd": meta.ucd,
        "utype": meta.utype,
    }
    field = element("FIELD", attributes, meta.description)
    if column.sql_type.endswith("[]") and meta.datatype not in (*_FLOATING, "boolean"):
        etree.SubElement(field, "VALUES", null=ELEMENT_NULL[meta.datatype])
    return field
