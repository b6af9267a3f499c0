"""A list of links as tests read it."""

from lxml import etree

VOTABLE = "{http://www.ivoa.net/xml/VOTable/v1.3}"


def rows(document: bytes) -> list[dict[str, str]]:
    """The rows by the names of their columns, '' for what is missing."""
    root = etree.fromstring(document)
    names = [str(field.get("name")) for field in root.iter(f"{VOTABLE}FIELD")]
    found = [[td.text or "" for td in tr] for tr in root.iter(f"{VOTABLE}TR")]
    return [dict(zip(names, row, strict=True)) for row in found]


def infos(document: bytes) -> list[tuple[str, str]]:
    """Name and value of the INFOs, in order."""
    root = etree.fromstring(document)
    return [(str(i.get("name")), str(i.get("value"))) for i in root.iter(f"{VOTABLE}INFO")]
