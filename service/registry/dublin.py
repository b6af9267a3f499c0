"""A resource in Dublin Core, which every OAI-PMH repository has (OAI-PMH 2.0 §3.4)."""

from lxml import etree

OAI_DC = "http://www.openarchives.org/OAI/2.0/oai_dc/"
_DC = "http://purl.org/dc/elements/1.1/"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_LOCATION = f"{OAI_DC} http://www.openarchives.org/OAI/2.0/oai_dc.xsd"

# Element of Dublin Core, where VOResource has it (VOResource 1.1 §3.1).
_FROM = (
    ("title", "title"),
    ("creator", "curation/creator/name"),
    ("subject", "content/subject"),
    ("description", "content/description"),
    ("publisher", "curation/publisher"),
    ("contributor", "curation/contributor"),
    ("type", "content/type"),
    ("identifier", "identifier"),
    ("identifier", "content/referenceURL"),
    ("rights", "rights"),
)


def dublin_core(resource: etree._Element) -> etree._Element:
    """oai_dc:dc of a ri:Resource."""
    root = etree.Element(f"{{{OAI_DC}}}dc", nsmap={"oai_dc": OAI_DC, "dc": _DC, "xsi": _XSI})
    root.set(f"{{{_XSI}}}schemaLocation", _LOCATION)
    for tag, path in _FROM:
        for element in resource.iterfind(path):
            etree.SubElement(root, f"{{{_DC}}}{tag}").text = element.text
    etree.SubElement(root, f"{{{_DC}}}date").text = (resource.get("updated") or "")[:10]
    return root
