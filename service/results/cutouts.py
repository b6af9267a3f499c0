"""The cutout service (SODA 1.0) as documents describe it: for any dataset, or for one with the
ranges in which it holds something."""

from collections.abc import Sequence
from dataclasses import dataclass

from service.config import Settings
from service.results.descriptors import UWS_MEDIA_TYPE, Domain, Input, Service

PATH = "/soda"
SYNC, ASYNC = f"{PATH}/sync", f"{PATH}/async"
SYNC_STANDARD = "ivo://ivoa.net/std/SODA#sync-1.0"
ASYNC_STANDARD = "ivo://ivoa.net/std/SODA#async-1.0"
# In which form a spectrum may be had (RESPONSEFORMAT).
SPECTRUM_FORMS = ("native", "votable", "fits")

_PLACE_UCD = "pos.outline;obs"


def _numbers(
    name: str,
    description: str,
    ucd: str,
    unit: str,
    arraysize: str,
    xtype: str | None = None,
    datatype: str = "double",
) -> Input:
    return Input(
        name,
        description,
        ucd=ucd,
        unit=unit,
        datatype=datatype,
        arraysize=arraysize,
        xtype=xtype,
    )


# Name, UCD and unit are SODA's own (SODA 1.0 §3.5); CENTER, PIXELS, RESPONSEFORMAT are ours.
ID = Input("ID", "obs_publisher_did of the dataset", ucd="meta.ref.url;meta.curation")
POS = Input(
    "POS",
    "CIRCLE lon lat radius, RANGE lon1 lon2 lat1 lat2, or POLYGON lon1 lat1 ...; ICRS degrees",
    ucd=_PLACE_UCD,
)
CIRCLE = _numbers(
    "CIRCLE",
    "A circle that the cutout covers: lon lat radius, ICRS",
    *(_PLACE_UCD, "deg", "3", "circle"),
)
POLYGON = _numbers(
    "POLYGON",
    "A polygon that the cutout covers: lon1 lat1 lon2 lat2 lon3 lat3 ..., ICRS",
    *(_PLACE_UCD, "deg", "*", "polygon"),
)
CENTER = _numbers(
    "CENTER",
    "The position whose pixel is the middle of PIXELS: lon lat, ICRS",
    *("pos.eq", "deg", "2", "point"),
)
PIXELS = _numbers(
    "PIXELS",
    "So many pixels around CENTER: width height",
    *("phys.size;instr.pixel", "pixel", "2"),
    datatype="int",
)
BAND = _numbers(
    "BAND",
    "Wavelengths in vacuum: low high, -Inf and +Inf for open ends",
    *("em.wl;stat.interval", "m", "2", "interval"),
)
TIME = _numbers(
    "TIME",
    "MJD (UTC): begin end, -Inf and +Inf for open ends",
    *("time.interval;obs.exposure", "d", "2", "interval"),
)
POL = Input(
    "POL", "State of polarization; may be repeated for several", ucd="meta.code;phys.polarization"
)
RESPONSEFORMAT = Input(
    "RESPONSEFORMAT",
    "Of a spectrum: native, the layout of its file; votable or fits, the archive's one layout",
    ucd="meta.code.mime",
    domain=Domain(options=SPECTRUM_FORMS),
)
INPUTS = (ID, POS, CIRCLE, POLYGON, CENTER, PIXELS, BAND, TIME, POL, RESPONSEFORMAT)


@dataclass(frozen=True, slots=True)
class Described:
    """A kind of request as a descriptor tells it: `mark` is what its XML ID begins with.

    pyvo takes the services of a dataset in the order of these IDs.
    """

    mark: str
    name: str
    description: str
    path: str
    standard_id: str
    content_type: str


_KINDS = (
    Described(
        "cutout",
        "Cutout",
        "A part of the dataset by place, wavelength, time or polarization, sent at once (SODA)",
        SYNC,
        SYNC_STANDARD,
        "application/fits",
    ),
    Described(
        "cutouts",
        "Cutouts",
        "Parts of datasets as a UWS job: every parameter may be repeated, and each combination of "
        "values is one result (SODA)",
        ASYNC,
        ASYNC_STANDARD,
        UWS_MEDIA_TYPE,
    ),
)


def cutout_services(
    settings: Settings, column: int, inputs: Sequence[Input] = INPUTS[1:], suffix: str = ""
) -> tuple[Service, ...]:
    """Both kinds of request for the datasets that a column names, synchronous first.

    `inputs` are those beside ID; `suffix` tells descriptors of several datasets apart.
    """
    identifier = Input(ID.name, ID.description, column, ucd=ID.ucd)
    return tuple(
        Service(
            name=kind.name,
            description=kind.description,
            access_url=f"{settings.base_url}{kind.path}",
            content_type=kind.content_type,
            inputs=(identifier, *inputs),
            standard_id=kind.standard_id,
            id=kind.mark + suffix,
        )
        for kind in _KINDS
    )
