"""Elements of a VOTable: text that XML can hold, attributes that may be absent, a description."""

import re
from collections.abc import Mapping

from lxml import etree

_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml_text(text: str) -> str:
    """The text with what XML 1.0 cannot hold replaced by U+FFFD."""
    return _ILLEGAL.sub("\ufffd", text)


def element(
    tag: str, attributes: Mapping[str, str | None], description: str | None = None
) -> etree._Element:
    """An element with the attributes that are not None, and its DESCRIPTION where it has one."""
    given = {name: xml_text(value) for name, value in attributes.items() if value is not None}
    made = etree.Element(tag, given)
    if description:
        etree.SubElement(made, "DESCRIPTION").text = xml_text(description)
    return made
