"""/tap/examples: XHTML with RDFa, for people and programs (DALI 1.1 §2.3, TAP 1.1 §2.3)."""

from collections.abc import Sequence

from starlette.responses import Response

from service.config import Settings
from service.examples import TableExample
from service.html.rendering import html
from service.results.elements import xml_text

_MEDIA_TYPE = "application/xhtml+xml"


def examples_page(examples: Sequence[TableExample], settings: Settings) -> Response:
    """The examples as one well-formed document."""
    page = html(
        "service.tap",
        "examples.html",
        media_type=_MEDIA_TYPE,
        title=settings.title,
        base_url=settings.base_url,
        examples=examples,
    )
    page.body = xml_text(bytes(page.body).decode()).encode()
    page.headers["content-length"] = str(len(page.body))
    return page
