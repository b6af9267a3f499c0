"""Metalink 4 (RFC 5854): the parts with their sizes, and their hashes once they are known."""

from collections.abc import Sequence

from lxml import etree

from service.bulk.part_file import PartFile

METALINK = "application/metalink4+xml"
_NAMESPACE = "urn:ietf:params:xml:ns:metalink"
_HASH = "sha-256"


def metalink(name: str, parts: Sequence[PartFile]) -> bytes:
    """The document: `file` elements in the order of the parts (RFC 5854 §4.1)."""
    root = etree.Element(f"{{{_NAMESPACE}}}metalink", nsmap={None: _NAMESPACE})
    _add(root, "generator", "Starhaul")
    for part in parts:
        file = _add(root, "file", None, name=part.name)
        _add(file, "identity", name)
        _add(file, "size", str(part.size))
        if part.sha256 is not None:
            _add(file, "hash", part.sha256.hex(), type=_HASH)
        if part.pieces:
            pieces = _add(file, "pieces", None, length=str(part.piece_bytes), type=_HASH)
            for piece in part.pieces:
                _add(pieces, "hash", piece.hex())
        _add(file, "url", part.url)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _add(parent: etree._Element, tag: str, text: str | None, **attributes: str) -> etree._Element:
    element = etree.SubElement(parent, f"{{{_NAMESPACE}}}{tag}", attributes)
    element.text = text
    return element
