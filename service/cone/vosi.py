"""What each cone search says of itself: capabilities (SimpleDALRegExt 1.1 §3.1)."""

from lxml import etree
from vo_models.voresource.models import Capability

from service.cone.request import MAX_RADIUS, MEDIA_TYPE
from service.cone.tables import ConeTable
from service.config import Settings
from service.vosi.capabilities import capabilities_document, http_interface, vosi_capabilities
from service.vosi.interfaces import InputParameter, describe_interface, typed

STANDARD = "ivo://ivoa.net/std/ConeSearch"
_NAMESPACE = "http://www.ivoa.net/xml/ConeSearch/v1.0"
_PARAMETERS = (
    InputParameter(
        "RA", "Right ascension of the centre, ICRS", "real", "deg", "pos.eq.ra;meta.main", True
    ),
    InputParameter(
        "DEC", "Declination of the centre, ICRS", "real", "deg", "pos.eq.dec;meta.main", True
    ),
    InputParameter(
        "SR", "Radius of the circle; 0 for the columns alone", "real", "deg", "phys.angSize", True
    ),
    InputParameter("VERB", "How many columns: 1 the fewest, 2, 3 all", "integer"),
    InputParameter("MAXREC", "Rows at most", "integer"),
    InputParameter("RESPONSEFORMAT", "Format of the answer; VOTable when absent"),
)
_TEST_RADIUS = 0.1


def service_path(cone: ConeTable) -> str:
    """The path of a table's search below PUBLIC_URL."""
    return f"/cone/{cone.name}"


def cone_capabilities(settings: Settings, cone: ConeTable, somewhere: tuple[float, float]) -> bytes:
    """The search with its limits and a query that works, and the VOSI resources.

    `somewhere` is a position in degrees where the table has a row.
    """
    url = f"{settings.base_url}{service_path(cone)}"
    search = Capability.model_validate(
        # The base URL of a cone search ends in a question mark (SCS 1.03 §2.1).
        {"standard_id": STANDARD, "interface": [http_interface(f"{url}?", version="1.03")]}
    )
    document = capabilities_document([search, *vosi_capabilities(url, tables=False)])
    root = etree.fromstring(document)
    capability = typed(root[0], "cs", _NAMESPACE, "ConeSearch")
    interface = capability.find("interface")
    assert interface is not None
    ra, dec = somewhere
    test_query = f"RA={ra!r}&DEC={dec!r}&SR={_TEST_RADIUS!r}"
    describe_interface(interface, _PARAMETERS, result_type=MEDIA_TYPE, test_query=test_query)
    etree.SubElement(capability, "maxSR").text = f"{MAX_RADIUS:g}"
    if settings.default_maxrec:
        etree.SubElement(capability, "maxRecords").text = str(settings.default_maxrec)
    etree.SubElement(capability, "verbosity").text = "true"
    query = etree.SubElement(capability, "testQuery")
    for name, value in (("ra", ra), ("dec", dec), ("sr", _TEST_RADIUS)):
        etree.SubElement(query, name).text = repr(value)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)
