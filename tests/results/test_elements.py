"""What describes a result is XML whatever its publisher wrote."""

import pytest
from lxml import etree

from service.results.descriptors import Domain, Input, Service, descriptor
from service.results.groups import Group, Param, group_element

_BELL = "a\x07b\ud800c"  # no XML holds these
_SHOWN = "a\ufffdb\ufffdc"


def _texts(element: etree._Element) -> list[str]:
    """All attributes and texts, as a reader of the document finds them."""
    read = etree.fromstring(etree.tostring(element, encoding="utf-8"))
    nodes = read.iter()
    return [text for node in nodes for text in (*node.attrib.values(), node.text) if text]


def test_groups_and_constants_hold_no_control_characters() -> None:
    param = Param(_BELL, _BELL, utype=_BELL, unit=_BELL, description=_BELL, options=(_BELL,))
    texts = _texts(group_element(Group(_BELL, _BELL, {0: "column"}, [param])))
    assert texts.count(_SHOWN) == 8


def test_descriptors_hold_no_control_characters() -> None:
    domain = Domain(_BELL, _BELL, (_BELL,))
    asked = Input("ID", description=_BELL, value=_BELL, unit=_BELL, domain=domain)
    service = Service(_BELL, _BELL, _BELL, _BELL, (asked,))
    texts = _texts(descriptor(service, {}))
    assert texts.count(_SHOWN) == 10


@pytest.mark.parametrize("description", [None, ""])
def test_an_absent_description_is_no_element(description: str | None) -> None:
    (param,) = group_element(Group("g", "u", {}, [Param("p", "1", description=description)]))
    assert len(param) == 0
