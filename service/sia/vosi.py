"""What /sia says of itself: capabilities, and a descriptor in its answers (SIA 2.0 §2.3, §3.1)."""

from lxml import etree
from vo_models.voresource.models import Capability

from service.config import Settings
from service.results.descriptors import Input, Service
from service.results.errors import MEDIA_TYPE
from service.vosi.capabilities import capabilities_document, http_interface, vosi_capabilities
from service.vosi.interfaces import InputParameter, describe_interface

STANDARD = "ivo://ivoa.net/std/SIA#query-2.0"
PATH = "/sia"

PARAMETERS = (
    InputParameter(
        "POS",
        "CIRCLE lon lat radius, RANGE lon1 lon2 lat1 lat2 or POLYGON lon1 lat1 ...; ICRS",
        unit="deg",
        ucd="pos",
    ),
    InputParameter("BAND", "Wavelength in vacuum, or an interval of it", unit="m", ucd="em.wl"),
    InputParameter("TIME", "MJD, or an interval of it", unit="d", ucd="time"),
    InputParameter("POL", "Polarization state", ucd="meta.code;phys.polarization"),
    InputParameter("FOV", "Size of the field, an interval", unit="deg", ucd="phys.angSize"),
    InputParameter("SPATRES", "Resolution, an interval", unit="arcsec", ucd="pos.angResolution"),
    InputParameter("SPECRP", "Resolving power, an interval", ucd="spect.resolution"),
    InputParameter("EXPTIME", "Exposure time, an interval", unit="s", ucd="time.duration"),
    InputParameter("TIMERES", "Resolution in time, an interval", unit="s", ucd="time.resolution"),
    InputParameter("ID", "obs_publisher_did of a dataset", ucd="meta.ref.ivoid"),
    InputParameter("COLLECTION", "Name of the data collection", ucd="meta.id"),
    InputParameter("FACILITY", "Name of the telescope", ucd="meta.id;instr.tel"),
    InputParameter("INSTRUMENT", "Name of the instrument", ucd="meta.id;instr"),
    InputParameter("DPTYPE", "image or cube", ucd="meta.code.class"),
    InputParameter("CALIB", "Calibration level, 0 to 4", "integer", ucd="meta.code;obs.calib"),
    InputParameter("TARGET", "Name of the object", ucd="meta.id;src"),
    InputParameter("FORMAT", "access_format of a dataset", ucd="meta.code.mime"),
    InputParameter("MAXREC", "Rows at most", "integer"),
    InputParameter("RESPONSEFORMAT", "Format of the answer; VOTable when absent"),
)
# Two images at most, of any archive that has some: quick, and a success where there are none.
_TEST_QUERY = "POS=RANGE+0+360+-90+90&MAXREC=2"


def query_url(settings: Settings) -> str:
    """The URL of the query resource."""
    return f"{settings.base_url}{PATH}/query"


def sia_capabilities(settings: Settings) -> bytes:
    """The query with its parameters, and the VOSI resources."""
    query = Capability.model_validate(
        {
            "standard_id": STANDARD,
            "interface": [
                http_interface(query_url(settings), version="2.0"),
                http_interface(query_url(settings), version="2.0", secured=True),
            ],
        }
    )
    resources = vosi_capabilities(f"{settings.base_url}{PATH}", tables=False)
    root = etree.fromstring(capabilities_document([query, *resources]))
    for interface in root[0].iterfind("interface"):
        describe_interface(interface, PARAMETERS, result_type=MEDIA_TYPE, test_query=_TEST_QUERY)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def this_service(settings: Settings) -> Service:
    """The search itself, as its answers describe it."""
    return Service(
        name="this",
        description="Images and cubes by place, wavelength, time and what is known of them",
        access_url=query_url(settings),
        content_type=MEDIA_TYPE,
        inputs=tuple(
            Input(
                each.name,
                f"{each.description}; {each.unit}" if each.unit else each.description,
                ucd=each.ucd,
            )
            for each in PARAMETERS
        ),
        standard_id=STANDARD,
        this=True,
    )
