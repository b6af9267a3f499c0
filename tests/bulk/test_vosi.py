"""What /bulk says of itself is valid by the IVOA's schemas and leads to what it names."""

import httpx

from tests.conftest import Stack
from tests.xsd import valid


def test_capabilities_name_what_answers(stack: Stack) -> None:
    root = valid(httpx.get(f"{stack.url}/bulk/capabilities").content, "capabilities.xsd")
    found = {
        c.get("standardID"): c.findtext("interface/accessURL") for c in root.iter("capability")
    }
    assert found["ivo://x-unregistered/starhaul#bulk-1.0"] == f"{stack.url}/bulk"
    for standard, url in found.items():
        assert httpx.get(str(url)).status_code == 200, standard


def test_availability(stack: Stack) -> None:
    root = valid(httpx.get(f"{stack.url}/bulk/availability").content, "VOSIAvailability.xsd")
    assert root.findtext("{*}available") == "true"
