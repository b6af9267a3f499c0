"""What each SSAP service says of itself: capabilities (SimpleDALRegExt 1.2 §3.3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from lxml import etree
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine
from vo_models.voresource.models import Capability

from adql.functions.frames import FRAMES
from schema.tables.archive import collection, dataset
from service.config import Settings
from service.ssap.errors import MEDIA_TYPE
from service.ssap.inputs import INPUTS
from service.ssap.places import REGISTERED_NAMES
from service.ssap.request import VERSION
from service.vosi.capabilities import capabilities_document, http_interface, vosi_capabilities
from service.vosi.interfaces import InputParameter, describe_interface, typed

STANDARD = "ivo://ivoa.net/std/SSA"
_NAMESPACE = "http://www.ivoa.net/xml/SSA/v1.1"
_DATATYPES = {"char": "string", "double": "real", "int": "integer"}
_TEST_SIZE = 0.1
# What stands for a collection that does not say where its data come from (SSAP 1.1 §4.2.5.5).
_DEFAULT_SOURCE = "survey"
_FOR_EVERYBODY = (
    dataset.c.dataproduct_type == "spectrum",
    dataset.c.present,
    dataset.c.readable_by.is_(None),
)


@dataclass(frozen=True, slots=True)
class Searched:
    """What a service searches: where its data come from (§2.5.1), and the place in degrees of a
    spectrum that everybody may read, None where there is none."""

    sources: Sequence[str]
    place: tuple[float, float] | None


class CollectionOfSpectra(NamedTuple):
    """A collection that has spectra for everybody, in its publisher's words."""

    name: str
    title: str | None
    description: str | None


async def collections_of_spectra(engine: AsyncEngine) -> list[CollectionOfSpectra]:
    """Each of them, by name: each has a service of its own."""
    of_collection = dataset.c.collection_id == collection.c.id
    chosen = (
        select(collection.c.name, collection.c.title, collection.c.description)
        .where(select(1).where(of_collection, *_FOR_EVERYBODY).exists())
        .order_by(collection.c.name)
    )
    async with engine.connect() as connection:
        return [CollectionOfSpectra(*row) for row in await connection.execute(chosen)]


async def searched(engine: AsyncEngine, name: str | None) -> Searched:
    """The same for a collection, or for all where `name` is None."""
    of_collection = [] if name is None else [collection.c.name == name]
    source = func.coalesce(collection.c.config[("toml", "data_source")].astext, _DEFAULT_SOURCE)
    somewhere = (
        select(dataset.c.s_ra, dataset.c.s_dec)
        .join(collection, collection.c.id == dataset.c.collection_id)
        .where(*_FOR_EVERYBODY, dataset.c.hpx.is_not(None), *of_collection)
        .order_by(dataset.c.hpx)  # the same one each time, found by the index
        .limit(1)
    )
    async with engine.connect() as connection:
        sources = (await connection.scalars(select(source).where(*of_collection).distinct())).all()
        place = (await connection.execute(somewhere)).first()
    return Searched(
        sorted(sources) or [_DEFAULT_SOURCE], None if place is None else (place[0], place[1])
    )


def ssap_capabilities(settings: Settings, path: str, known: Searched) -> bytes:
    """The service at that path below PUBLIC_URL, and its VOSI resources."""
    url = f"{settings.base_url}{path}"
    ssap = Capability.model_validate(
        # "Mandatory question mark" (SSAP 1.1 §8.3.3).
        {"standard_id": STANDARD, "interface": [http_interface(f"{url}?", version=VERSION)]}
    )
    document = capabilities_document([ssap, *vosi_capabilities(url, tables=False)])
    root = etree.fromstring(document)
    capability = typed(root[0], "ssap", _NAMESPACE, "SimpleSpectralAccess")
    interface = capability.find("interface")
    assert interface is not None
    test_query = _test_query(known)
    parameters = [
        InputParameter(
            each.name, each.description, _DATATYPES[each.datatype], each.unit, each.ucd,
            each.required,
        )
        for each in INPUTS
    ]  # fmt: skip
    describe_interface(
        interface, parameters, result_type=MEDIA_TYPE, test_query=f"REQUEST=queryData&{test_query}"
    )
    etree.SubElement(capability, "complianceLevel").text = "full"
    for source in known.sources:
        etree.SubElement(capability, "dataSource").text = source
    etree.SubElement(capability, "creationType").text = "archival"
    for frame in FRAMES:
        etree.SubElement(capability, "supportedFrame").text = REGISTERED_NAMES.get(frame, frame)
    if settings.default_maxrec:
        etree.SubElement(capability, "defaultMaxRecords").text = str(settings.default_maxrec)
    query = etree.SubElement(capability, "testQuery")
    etree.SubElement(query, "queryDataCmd").text = test_query
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _test_query(known: Searched) -> str:
    """A query that finds something, without its REQUEST."""
    if known.place is None:
        return "TOP=1"
    ra, dec = known.place
    return f"POS={ra!r},{dec!r}&SIZE={_TEST_SIZE!r}"
