"""/tap/examples: XHTML with RDFa, for people and programs (DALI 1.1 §2.3, TAP 1.1 §2.3)."""

from collections.abc import Sequence

from starlette.responses import Response
from vo_models.voresource.models import AccessURL, Capability, WebBrowser

from service.config import Settings
from service.examples import TableExample
from service.html.rendering import html
from service.results.elements import xml_text

_MEDIA_TYPE = "application/xhtml+xml"
_STANDARD = "ivo://ivoa.net/std/DALI#examples"


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


def examples_capability(service_url: str) -> Capability:
    """What says that a service has examples, and where (TAP 1.1 §2.4)."""
    url = AccessURL.model_validate({"use": "full", "value": f"{service_url}/examples"})
    browser = WebBrowser.model_validate({"access_url": [url]})
    return Capability.model_validate({"standard_id": _STANDARD, "interface": [browser]})
