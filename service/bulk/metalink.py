"""Metalink 4 (RFC 5854): the parts with their sizes, and their hashes once they are known."""

from collections.abc import AsyncIterator, Sequence

from lxml import etree

from service.bulk.part_file import PartFile

METALINK = "application/metalink4+xml"
_BEGIN = """\
<?xml version="1.0" encoding="UTF-8"?>
<metalink xmlns="urn:ietf:params:xml:ns:metalink">
<generator>Starhaul</generator>
"""
_END = "</metalink>\n"
_HASH = "sha-256"


async def metalink(name: str, parts: AsyncIterator[Sequence[PartFile]]) -> AsyncIterator[bytes]:
    """The document: `file` elements in the order of the parts (RFC 5854 §4.1).

    The hashes of the pieces of many parts are hundreds of megabytes: some parts at a time.
    """
    yield _BEGIN.encode()
    async for some in parts:
        yield b"".join(_file(name, part) for part in some)
    yield _END.encode()


def _file(name: str, part: PartFile) -> bytes:
    file = etree.Element("file", name=part.name)
    _add(file, "identity", name)
    _add(file, "size", str(part.size))
    if part.sha256 is not None:
        _add(file, "hash", part.sha256.hex(), type=_HASH)
    if part.pieces:
        pieces = _add(file, "pieces", None, length=str(part.piece_bytes), type=_HASH)
        for piece in part.pieces:
            _add(pieces, "hash", piece.hex())
    _add(file, "url", part.url)
    return etree.tostring(file, encoding="UTF-8", xml_declaration=False, pretty_print=True)


def _add(parent: etree._Element, tag: str, text: str | None, **attributes: str) -> etree._Element:
    element = etree.SubElement(parent, tag, attributes)
    element.text = text
    return element
