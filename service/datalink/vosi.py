"""What /datalink says of itself: capabilities and availability (DataLink 1.1 §2.2, §2.3)."""

from fastapi import APIRouter
from lxml import etree
from starlette.requests import Request
from starlette.responses import Response
from vo_models.voresource.models import Capability

from schema.obscore import LINKS_MEDIA_TYPE
from service.archive import archive_of
from service.results.services import LINKS_STANDARD
from service.vosi import MEDIA_TYPE
from service.vosi.availability import availability_document
from service.vosi.capabilities import capabilities_document, http_interface, vosi_capabilities
from service.vosi.interfaces import InputParameter, describe_interface

_READ = ["GET", "HEAD"]
_PARAMETERS = (
    InputParameter(
        "ID",
        "obs_publisher_did of a dataset; may be repeated",
        ucd="meta.id;meta.main",
        required=True,
    ),
    InputParameter("RESPONSEFORMAT", "Format of the answer; VOTable when absent"),
)

vosi_routes = APIRouter(prefix="/datalink", tags=["DataLink"])


def links_capabilities(service_url: str) -> bytes:
    """The list of links with its parameters (DataLink 1.1 §2.2), and the VOSI resources."""
    links = Capability.model_validate(
        {
            "standard_id": LINKS_STANDARD,
            "interface": [http_interface(f"{service_url}/links", version="1.1")],
        }
    )
    document = capabilities_document([links, *vosi_capabilities(service_url, tables=False)])
    root = etree.fromstring(document)
    interface = root[0].find("interface")
    assert interface is not None
    describe_interface(interface, _PARAMETERS, result_type=LINKS_MEDIA_TYPE)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


@vosi_routes.api_route("/capabilities", methods=_READ, summary="What this service can do")
async def capabilities(request: Request) -> Response:
    """The list of links and the VOSI resources."""
    url = f"{archive_of(request).settings.base_url}/datalink"
    return Response(links_capabilities(url), media_type=MEDIA_TYPE)


@vosi_routes.api_route("/availability", methods=_READ, summary="Whether this service is up")
async def availability(request: Request) -> Response:
    """VOSI availability."""
    document = await availability_document(archive_of(request).database.owner_copy)
    return Response(document, media_type=MEDIA_TYPE, headers={"Cache-Control": "no-store"})
