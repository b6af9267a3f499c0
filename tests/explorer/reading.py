"""Pages as trees."""

import httpx
from lxml import etree

X = "{http://www.w3.org/1999/xhtml}"


def page(client: httpx.Client, path: str, status: int = 200) -> etree._Element:
    """A page, which is well-formed XML too."""
    response = client.get(path)
    assert response.status_code == status, path
    assert response.headers["content-type"].startswith("text/html")
    return etree.fromstring(response.content)


def text(element: etree._Element) -> str:
    """All text of an element, blanks as a reader sees them."""
    return " ".join("".join(element.itertext()).split())
