"""Capabilities documents (VOSI 1.1 §3, DALI 1.1 §2.3), for every service of the archive."""

from collections.abc import Sequence

from vo_models.voresource.models import (
    AccessURL,
    Capability,
    Interface,
    SecurityMethod,
    WebBrowser,
)
from vo_models.vosi.capabilities.models import VOSICapabilities

_VOSI = "ivo://ivoa.net/std/VOSI"
_EXAMPLES = "ivo://ivoa.net/std/DALI#examples"


# The security method of Basic (SSO 2.0 §3.1); Bearer has no name of its own.
_BASIC = "ivo://ivoa.net/sso#BasicAA"


def http_interface(
    url: str, *, version: str | None = None, use: str = "base", secured: bool = False
) -> Interface:
    """The standard HTTP interface of a capability; `use` is base, full or dir.

    The same URL serves those who log in, by an interface of its own, `secured`: one without a
    security method is for everybody, and one with role std is what clients want (VOResource 1.1
    §2.2.2). TAP 1.1 §2.4 has both methods in one interface, which VOResource's schema refuses.
    """
    methods = [SecurityMethod.model_validate({"standard_id": _BASIC})] if secured else []
    return Interface.model_validate(
        {
            "type": "vs:ParamHTTP",
            "role": None if secured else "std",
            "version": version,
            "access_url": [AccessURL.model_validate({"use": use, "value": url})],
            "security_method": methods,
        }
    )


def vosi_capabilities(service_url: str, *, tables: bool) -> list[Capability]:
    """The VOSI resources that lie below a service's URL."""
    resources = ["capabilities", "availability", *(["tables"] if tables else [])]
    found = []
    for resource in resources:
        standard = f"{_VOSI}#{resource}" + ("-1.1" if resource == "tables" else "")
        interface = http_interface(
            f"{service_url}/{resource}",
            version="1.1" if resource == "tables" else None,
            use="full",
        )
        found.append(Capability.model_validate({"standard_id": standard, "interface": [interface]}))
    return found


def examples_capability(service_url: str) -> Capability:
    """What says that a service has examples, and where (DALI 1.1 §2.3)."""
    url = AccessURL.model_validate({"use": "full", "value": f"{service_url}/examples"})
    browser = WebBrowser.model_validate({"access_url": [url]})
    return Capability.model_validate({"standard_id": _EXAMPLES, "interface": [browser]})


def capabilities_document(capabilities: Sequence[Capability]) -> bytes:
    """The capabilities as VOSI's XML."""
    document = VOSICapabilities(capability=list(capabilities)).to_xml(
        skip_empty=True, xml_declaration=True, encoding="UTF-8"
    )
    return document if isinstance(document, bytes) else document.encode()
