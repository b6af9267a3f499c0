"""What /soda says of itself: both kinds of request with their parameters (SODA 1.0 §2.5)."""

from lxml import etree
from vo_models.voresource.models import Capability

from service.config import Settings
from service.results.cutouts import (
    ASYNC,
    ASYNC_STANDARD,
    INPUTS,
    PATH,
    SYNC,
    SYNC_STANDARD,
)
from service.results.descriptors import UWS_MEDIA_TYPE, Input
from service.vosi.capabilities import (
    capabilities_document,
    examples_capability,
    http_interface,
    vosi_capabilities,
)
from service.vosi.interfaces import InputParameter, describe_interface

_DATATYPES = {"double": "real", "int": "integer", "char": "string"}
_OWN = ("CENTER", "PIXELS", "RESPONSEFORMAT")
_RESULTS = {SYNC_STANDARD: "application/fits", ASYNC_STANDARD: UWS_MEDIA_TYPE}


def _parameter(said: Input) -> InputParameter:
    return InputParameter(
        said.name,
        said.description,
        _DATATYPES[said.datatype],
        said.unit,
        said.ucd,
        required=said.name == "ID",
        std=said.name not in _OWN,
    )


PARAMETERS = tuple(map(_parameter, INPUTS))


def soda_capabilities(settings: Settings) -> bytes:
    """Cutouts at once and as jobs, examples of them, and the VOSI resources."""
    offered = [
        Capability.model_validate(
            {
                "standard_id": standard,
                "interface": [
                    http_interface(settings.base_url + path, version="1.0", secured=secured)
                    for secured in (False, True)
                ],
            }
        )
        for path, standard in ((SYNC, SYNC_STANDARD), (ASYNC, ASYNC_STANDARD))
    ]
    examples = examples_capability(settings.base_url + PATH)
    resources = vosi_capabilities(settings.base_url + PATH, tables=False)
    root = etree.fromstring(capabilities_document([*offered, examples, *resources]))
    for capability in root[:2]:
        for interface in capability.iterfind("interface"):
            describe_interface(
                interface, PARAMETERS, result_type=_RESULTS[str(capability.get("standardID"))]
            )
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)
