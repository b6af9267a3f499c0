"""What /datalink says of itself: capabilities and availability (DataLink 1.1 §2.2, §2.3)."""

from fastapi import APIRouter
from lxml import etree
from starlette.requests import Request
from starlette.responses import Response
from vo_models.voresource.models import Capability

from schema.obscore import LINKS_MEDIA_TYPE
from service.archive import archive_of
from service.results.descriptors import LINKS_STANDARD
from service.vosi import MEDIA_TYPE
from service.vosi.availability import availability_document
from service.vosi.capabilities import capabilities_document, http_interface, vosi_capabilities

_READ = ["GET", "HEAD"]
_PARAMETERS = (
    ("ID", "required", "obs_publisher_did of a dataset; may be repeated", "meta.id;meta.main"),
    ("RESPONSEFORMAT", "optional", "Format of the answer; VOTable when absent", None),
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
    # vo-models has no capability whose interface tells its parameters.
    root = etree.fromstring(document)
    interface = root[0].find("interface")
    assert interface is not None
    for method in ("GET", "POST"):
        etree.SubElement(interface, "queryType").text = method
    etree.SubElement(interface, "resultType").text = LINKS_MEDIA_TYPE
    for name, use, description, ucd in _PARAMETERS:
        param = etree.SubElement(interface, "param", use=use, std="true")
        said = {"name": name, "description": description, "ucd": ucd, "dataType": "string"}
        for tag, value in said.items():
            if value is not None:
                etree.SubElement(param, tag).text = value
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
